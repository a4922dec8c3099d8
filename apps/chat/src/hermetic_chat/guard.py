"""What stands between the pages and the world: who is signed in, tokens of forms, headers, addresses to go back to."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .naming import tidy

TOKEN, WHO = "csrf", "user"
LARGEST_FORM_BYTES = 256 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Accept-Language, Cookie",
}


class SignedOut(Exception):
    """The page is for those who have signed in."""


class SafeHeaders:
    """Puts the headers on every answer; pages that are somebody's are kept by no cache."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


def token_of(request: Request) -> str:
    """The token that every form of this browser session carries."""
    return str(request.session.setdefault(TOKEN, secrets.token_urlsafe(24)))


async def checked_form(request: Request) -> FormData:
    """The form of a request, if it was sent from a page of ours. Raises HTTPException 403 where it was not."""
    try:
        size = int(request.headers.get("content-length", ""))
    except ValueError:
        raise HTTPException(411) from None
    if size > LARGEST_FORM_BYTES:
        raise HTTPException(413)
    form = await request.form()
    given = str(form.get(TOKEN) or request.headers.get("x-csrf-token") or "")
    if not secrets.compare_digest(given.encode(), str(request.session.get(TOKEN, "")).encode()) or not given:
        raise HTTPException(403)
    return form


def text_of(form: FormData, name: str, *, longest: int) -> str:
    """A field of a form as one tidy line, cut where it is too long."""
    return tidy(str(form.get(name) or ""))[:longest]


def sign_in(request: Request, user_id: int) -> None:
    """Remember who it is; nothing of the session before is kept but the language."""
    language = request.session.get("language")
    request.session.clear()
    request.session[WHO] = user_id
    if language:
        request.session["language"] = language


def local(address: str) -> str:
    """An address to go back to, if it is one of ours; else the first page."""
    parts = urlsplit(address)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith("/") and not parts.path.startswith("//")
    return address if ours and "\\" not in address and address.isprintable() else "/"
