"""Servers: list, add, edit, remove, check."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from hermetic.scopes import AsyncScopeSession

from .. import servers
from ..console import Reader, This, Unit
from ..fields import Filled, filled
from ..models import Server
from ..servers import Choice, ServerForm
from ..visitor import Asking, Operating, Visitor
from .forms import Typed, check_version
from .log_in import address_of
from .shown import go, is_partial, show

router = APIRouter(prefix="/servers")

TAKEN = "There is a server with this name."


async def chosen(q: str = "", status: str = "") -> Choice:
    """What the list is narrowed to."""
    return Choice(status, q.strip()[:100])


Chosen = Annotated[Choice, Depends(chosen)]


async def one(session: AsyncScopeSession, server_id: int) -> Server:
    """A server to be changed. Raises HTTPException when it is gone."""
    server = (await session.scalars(select(Server).where(Server.id == server_id))).one_or_none()
    if server is None:
        raise HTTPException(404, "This server is not there any more.")
    return server


@router.get("")
async def listed(request: Request, visitor: Asking, session: Reader, choice: Chosen) -> Response:
    """The servers, or a part of them."""
    rows = await servers.listed(session, choice)
    counts = await servers.counts(session)
    template = "_servers.html" if is_partial(request) else "servers.html"
    return show(request, template, visitor, rows=rows, choice=choice, counts=counts, run=None)


@router.get("/new")
async def ask_to_add(request: Request, visitor: Operating) -> Response:
    """The form of a new server."""
    return form_page(request, visitor, None, Filled({"kind": "http", "path": "/"}))


@router.post("/new")
async def add(request: Request, console: This, visitor: Operating, session: Unit, typed: Typed) -> Response:
    """Add a server."""
    answer = filled(ServerForm, typed)
    if answer.form is not None:
        try:
            async with console.db.begin():
                await servers.add(session, answer.form, visitor, address_of(request))
        except IntegrityError:
            answer.errors["name"] = TAKEN
        else:
            return go(request, "/servers", f"{answer.form.name} is added.")
    return form_page(request, visitor, None, answer)


@router.get("/{server_id}/edit")
async def ask_to_edit(request: Request, visitor: Operating, session: Reader, server_id: int) -> Response:
    """The form of a server, filled in."""
    server = await servers.by_id(session, server_id)
    if server is None:
        raise HTTPException(404, "This server is not there any more.")
    names = [*ServerForm.model_fields, "version"]
    return form_page(request, visitor, server_id, Filled({name: str(getattr(server, name)) for name in names}))


@router.post("/{server_id}/edit")
async def edit(
    request: Request, console: This, visitor: Operating, session: Unit, server_id: int, typed: Typed
) -> Response:
    """Change a server, unless somebody else has changed it since the form was opened."""
    server = await one(session, server_id)
    answer = check_version(filled(ServerForm, typed), server.version)
    if answer.form is not None:
        try:
            async with console.db.begin():
                await servers.change(session, server, answer.form, visitor, address_of(request))
        except IntegrityError:
            answer.errors["name"] = TAKEN
        else:
            return go(request, "/servers", f"{answer.form.name} is saved.")
    return form_page(request, visitor, server_id, answer)


@router.get("/{server_id}/remove")
async def ask_to_remove(request: Request, visitor: Operating, session: Reader, server_id: int) -> Response:
    """The question whether a server is to be removed."""
    server = await servers.by_id(session, server_id)
    if server is None:
        raise HTTPException(404, "This server is not there any more.")
    return show(request, "server_remove.html", visitor, server=server)


@router.post("/{server_id}/remove")
async def remove(request: Request, visitor: Operating, session: Unit, server_id: int) -> Response:
    """Remove a server."""
    server = await one(session, server_id)
    await servers.remove(session, server, visitor, address_of(request))
    return go(request, "/servers", f"{server.name} is removed.")


@router.post("/check")
async def check_all(request: Request, console: This, visitor: Operating, session: Unit) -> Response:
    """Check every server in the background."""
    ids = list(await session.scalars(select(Server.id).order_by(Server.id)))
    return await begun(request, console, visitor, session, ids)


@router.post("/{server_id}/check")
async def check_one(request: Request, console: This, visitor: Operating, session: Unit, server_id: int) -> Response:
    """Check one server in the background."""
    await one(session, server_id)
    return await begun(request, console, visitor, session, [server_id])


async def begun(
    request: Request, console: This, visitor: Visitor, session: AsyncScopeSession, server_ids: list[int]
) -> Response:
    """Start a check when its row is committed, and lead to its progress."""
    run = await servers.begin_check(session, server_ids, visitor, address_of(request))
    session.after_commit(console.checker.start, run.id, server_ids)
    return RedirectResponse(f"/servers/checks/{run.id}", 303)


@router.get("/checks/{run_id}")
async def progress(request: Request, visitor: Asking, session: Reader, run_id: int, choice: Chosen) -> Response:
    """How far a check is, with the servers as they are now; it asks for itself again until the check is over."""
    run = await servers.progress(session, run_id)
    if run is None:
        raise HTTPException(404, "There was no such check.")
    rows = await servers.listed(session, choice)
    counts = await servers.counts(session)
    template = "_servers.html" if is_partial(request) else "servers.html"
    return show(request, template, visitor, rows=rows, choice=choice, counts=counts, run=run)


def form_page(request: Request, visitor: Visitor, server_id: int | None, answer: Filled[ServerForm]) -> Response:
    """The form of a server, with what was typed and what is wrong with it."""
    status = 422 if answer.errors else 200
    return show(request, "server_form.html", visitor, status=status, server_id=server_id, answer=answer)
