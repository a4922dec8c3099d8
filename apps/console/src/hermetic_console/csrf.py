"""Forms of other sites are refused: what changes something carries a token that only our own pages know."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

SAFE = ("GET", "HEAD", "OPTIONS")


def csrf_token(request: Request) -> str:
    """The token of a browser's session, made up when it is asked for first."""
    token = request.session.get("csrf")
    if not isinstance(token, str):
        token = request.session["csrf"] = secrets.token_urlsafe(32)
    return token


async def refuse_foreign_forms(request: Request) -> None:
    """A dependency of every route. Raises HTTPException for a form that is not ours."""
    if request.method in SAFE:
        return
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "This form came from another site.")
    sent, kept = (await request.form()).get("csrf_token"), request.session.get("csrf")
    if (
        not isinstance(sent, str)
        or not isinstance(kept, str)
        or not secrets.compare_digest(sent.encode(), kept.encode())
    ):
        raise HTTPException(403, "This form has expired. Go back, reload the page and send it again.")


def local_path(told: str | None, otherwise: str = "/") -> str:
    """An address to go on to, if it is a path of this console; anything else could lead to another site."""
    if not told or not told.startswith("/") or told.startswith(("//", "/\\")) or not told.isprintable():
        return otherwise
    parts = urlsplit(told)
    return otherwise if parts.scheme or parts.netloc or "\\" in told else told
