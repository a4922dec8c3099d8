"""Search in one's own messages, the MCP servers with their tools, whether all is well, and what goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ..guard import SignedOut
from ..language import catalogue
from ..naming import readable
from ..rooms import rooms
from ..service import NoSuchChat
from ..shown import language_of, page
from .people import signed_in

LONGEST_QUERY = 200


async def search(request: Request) -> Response:
    """Messages that hold all words that were asked for."""
    user = await signed_in(request)
    room, query = rooms(request), readable(request.query_params.get("q", "")).strip()[:LONGEST_QUERY]
    found = await room.chat.search_messages(user.id, query, 30) if query else []
    chats = await room.chat.get_user_sessions(user.id)
    return page(request, "search.html", user=user, chats=chats, current=None, query=query, found=found)


async def tools(request: Request) -> Response:
    """The MCP servers, whether they answer, and what they can do."""
    user = await signed_in(request)
    room = rooms(request)
    await room.toolbox.connect()
    chats = await room.chat.get_user_sessions(user.id)
    return page(
        request,
        "tools.html",
        user=user,
        chats=chats,
        current=None,
        servers=room.toolbox.servers,
        model=room.model.name,
    )


async def health(request: Request) -> Response:
    """Whether the database answers; what it says is for the log, not for everybody."""
    told = await rooms(request).db.health()
    return JSONResponse({"ok": told.is_up}, 200 if told.is_up else 503)


async def signed_out(request: Request, _error: Exception) -> Response:
    """To the door, and back here afterwards."""
    request.session.pop("user", None)
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"detail": catalogue(language_of(request)).gettext("Sign in first.")}, 401)
    here = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={here}", 303)


async def missing(request: Request, _error: Exception) -> Response:
    """Not there, or not yours."""
    return wrong(request, 404)


async def refused(request: Request, error: Exception) -> Response:
    """A status with a sentence."""
    return wrong(request, error.status_code if isinstance(error, HTTPException) else 500)


async def failed(request: Request, _error: Exception) -> Response:
    """Something broke; the log tells what, the page does not."""
    return wrong(request, 500)


def wrong(request: Request, status: int) -> Response:
    """The page of an error."""
    texts = catalogue(language_of(request))
    told = {
        403: texts.gettext("This form is too old, or not from here. Go back, load the page anew and try again."),
        404: texts.gettext("There is nothing here, or it is not yours."),
        405: texts.gettext("That cannot be done here."),
        413: texts.gettext("That is too long."),
        500: texts.gettext("Something went wrong here. What you wrote before is kept; try again."),
    }
    detail = told.get(status, told[405] if status < 500 else told[500])
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"detail": detail}, status)
    return page(request, "wrong.html", status=status, code=status, detail=detail)


Handler = Callable[[Request, Exception], Awaitable[Response]]

HANDLERS: Mapping[int | type[Exception], Handler] = {
    SignedOut: signed_out,
    NoSuchChat: missing,
    HTTPException: refused,
    500: failed,
}

ROUTES = [Route("/search", search), Route("/tools", tools), Route("/health", health)]
