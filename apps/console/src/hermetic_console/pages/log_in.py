"""Log-in and log-out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy import delete

from ..audit import record
from ..console import This, Unit
from ..csrf import csrf_token, local_path
from ..log_in import LogInRefused, log_in
from ..models import SignIn
from ..visitor import MaybeAsking, hash_of
from .shown import go, show

router = APIRouter()


@router.get("/login")
async def ask(request: Request, visitor: MaybeAsking, next: str = "/") -> Response:
    """The log-in page; whoever is logged in already goes on."""
    if visitor is not None:
        return go(request, local_path(next))
    return show(request, "log_in.html", next=local_path(next), name="", error="")


@router.post("/login")
async def enter(
    request: Request,
    console: This,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Log in. The browser's session starts anew, so nobody can have prepared it."""
    address = address_of(request)
    try:
        await console.limits.check(address)
        token = await log_in(console.db, console.passwords, name, password, address)
    except LogInRefused as refused:
        onward, told = local_path(next), str(refused)
        return show(request, "log_in.html", status=refused.status, next=onward, name=name, error=told)
    request.session.clear()
    request.session["token"] = token
    csrf_token(request)
    return go(request, local_path(next))


@router.post("/logout")
async def leave(request: Request, visitor: MaybeAsking, session: Unit) -> Response:
    """Log out: the cookie is worth nothing afterwards, whoever has a copy of it."""
    if visitor is not None:
        await session.execute(delete(SignIn).where(SignIn.token_hash == hash_of(request.session["token"])))
        record(session, "log-out", visitor.name, user_id=visitor.id, address=address_of(request))
    request.session.clear()
    return go(request, "/login", "You are logged out.")


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""
