"""The application: the endpoints, the database they work on, and how errors are answered."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from hermetic.integrations.fastapi import attach

from . import authors, pages, posts, tasks
from .database import SECRET_VARIABLE, open_database
from .documented import described, told
from .problems import BROKEN, BUSY, Refusal, answer_problems
from .sessions import Db, Scopes

STATIC = Path(__file__).parent / "static"
DESCRIPTION = """Tasks, the authors who own them, and the posts that authors write.

## What holds everywhere

- What answers with success is committed. What answers with an error has changed nothing.
- A change needs `If-Match` with the `ETag` that was read (428 without it): it is refused (412) when somebody else was
  faster, so no change is lost.
- Errors are problem details (RFC 9457, `application/problem+json`).
"""

service = APIRouter(tags=["service"])


class Health(BaseModel):
    """That the service works."""

    status: Literal["up"] = "up"


@service.get("/health", responses=told(BUSY, BROKEN))
def health(db: Scopes) -> Health:
    """Whether the database answers."""
    if not db.health().is_up:
        raise Refusal(BUSY)
    return Health()


def make_app(db: Db, secret: str) -> FastAPI:
    """An app on a database; cursors are signed with the secret, which all its processes share."""
    app = FastAPI(
        title="Hermetic tasks",
        version=version("hermetic-tasks"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    app.state.db, app.state.secret, app.state.host = db, secret, attach(app, db)
    answer_problems(app)
    for part in (tasks, authors, posts):
        app.include_router(part.router)
    app.include_router(service)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.openapi = described(app)  # type: ignore[method-assign]  # FastAPI's own way to change what it tells
    return app


def from_environment() -> FastAPI:
    """The app as servers start it, once in each of their processes."""
    return make_app(open_database(), os.environ[SECRET_VARIABLE])
