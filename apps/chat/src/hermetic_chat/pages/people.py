"""Signing in by a name, signing out, one's own profile, and the language."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..guard import WHO, SignedOut, checked_form, local, sign_in, text_of
from ..language import LANGUAGES, catalogue
from ..naming import LONGEST_NAME
from ..records import UserChange, UserRead
from ..rooms import rooms
from ..shown import language_of, page

LONGEST_EMAIL = 254


async def signed_in(request: Request) -> UserRead:
    """Who is asking. Raises SignedOut."""
    user_id = request.session.get(WHO)
    user = await rooms(request).chat.get_user(user_id) if isinstance(user_id, int) else None
    if user is None:
        raise SignedOut
    return user


async def login(request: Request) -> Response:
    """The form that asks for a name."""
    if WHO in request.session:
        return RedirectResponse("/", 303)
    return page(request, "login.html", next=local(request.query_params.get("next", "/")), name="", problem="")


async def logging_in(request: Request) -> Response:
    """Sign in under a name; the first time makes the user."""
    form = await checked_form(request)
    name, after = str(form.get("name") or ""), local(str(form.get("next") or "/"))
    try:
        user = await rooms(request).chat.get_or_create_user(name)
    except ValueError:
        problem = catalogue(language_of(request)).gettext("A name has 1 to %(most)s characters.")
        return page(
            request,
            "login.html",
            status=422,
            next=after,
            name=name[:LONGEST_NAME],
            problem=problem % {"most": LONGEST_NAME},
        )
    sign_in(request, user.id)
    return RedirectResponse(after, 303)


async def logging_out(request: Request) -> Response:
    """Forget who it was."""
    await checked_form(request)
    request.session.clear()
    return RedirectResponse("/login", 303)


async def profile(request: Request) -> Response:
    """The form of one's own name and address."""
    user = await signed_in(request)
    chats = await rooms(request).chat.get_user_sessions(user.id)
    return page(request, "profile.html", user=user, chats=chats, current=None, problem="")


async def changing_profile(request: Request) -> Response:
    """Change what the form names."""
    user = await signed_in(request)
    form = await checked_form(request)
    change = UserChange()
    if "display_name" in form:
        change.display_name = text_of(form, "display_name", longest=80)
    if "email" in form:
        change.email = text_of(form, "email", longest=LONGEST_EMAIL) or None
    await rooms(request).chat.update_user(user.id, change)
    request.session["notice"] = catalogue(language_of(request)).gettext("Saved.")
    return RedirectResponse("/profile", 303)


async def choosing_language(request: Request) -> Response:
    """Remember a language."""
    form = await checked_form(request)
    if form.get("language") in LANGUAGES:
        request.session["language"] = str(form["language"])
    return RedirectResponse(local(str(form.get("next") or "/")), 303)


ROUTES = [
    Route("/login", login),
    Route("/login", logging_in, methods=["POST"]),
    Route("/logout", logging_out, methods=["POST"]),
    Route("/profile", profile),
    Route("/profile", changing_profile, methods=["POST"]),
    Route("/language", choosing_language, methods=["POST"]),
]
