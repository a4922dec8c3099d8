"""The pages for people: what this is with a list that lives, and the reference of the API. Nothing comes from elsewhere."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

PAGES = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def landing() -> FileResponse:
    """What this is, and the tasks as they are now."""
    return FileResponse(PAGES / "landing.html", headers=HEADERS)


@router.get("/docs")
async def reference() -> FileResponse:
    """The reference of the API, by Swagger UI."""
    return FileResponse(PAGES / "docs.html", headers=HEADERS)
