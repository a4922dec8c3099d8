"""The first page: how the servers are, and what happened last."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy import select

from .. import audit, servers
from ..console import Reader
from ..models import Status
from ..visitor import Asking
from .shown import show

router = APIRouter()


@router.get("/")
async def overview(request: Request, visitor: Asking, session: Reader) -> Response:
    """How many servers are in which status, the ones that need a look, and the newest entries of the log for admins."""
    counts = await servers.counts(session)
    down = await servers.listed(session, servers.Choice(status=Status.DOWN))
    entries = await audit.latest(session, 8) if visitor.is_admin else []
    return show(request, "overview.html", visitor, counts=counts, down=down, entries=entries)


@router.get("/health")
async def health(session: Reader) -> dict[str, str]:
    """Whether the console and its database answer; for load balancers, and open to everybody."""
    await session.execute(select(1))
    return {"status": "ok"}
