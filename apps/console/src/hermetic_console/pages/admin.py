"""The admin page, and the audit log."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from hermetic.errors import BadCursor

from .. import audit, users
from ..console import Reader, This
from ..visitor import Administrating
from .shown import is_partial, show

router = APIRouter(prefix="/admin")


@router.get("")
async def admin(request: Request, visitor: Administrating, session: Reader) -> Response:
    """Who may do what, and what was done last, by whom."""
    counts = await users.counts(session)
    entries = await audit.latest(session, 10)
    return show(request, "admin.html", visitor, counts=counts, entries=entries)


@router.get("/audit")
async def audit_log(
    request: Request, console: This, visitor: Administrating, session: Reader, cursor: str | None = None
) -> Response:
    """A page of the audit log, as the filters have it."""
    filters = audit.filters_from(request.query_params)
    try:
        page = await audit.page(session, filters, cursor, console.settings.secret)
    except BadCursor:
        raise HTTPException(400, "This address leads to no page of the log.") from None
    template = "_audit.html" if is_partial(request) else "audit.html"
    names = await users.names(session)
    return show(request, template, visitor, page=page, filters=filters, actions=audit.ACTIONS, names=names)
