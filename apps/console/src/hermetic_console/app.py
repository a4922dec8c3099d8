"""The application: pages, middleware and what lives as long as the server does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
from fastapi import Depends, FastAPI
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from hermetic import AsyncDatabase
from hermetic.integrations.fastapi import attach

from .checks import Checker, interrupt_unfinished
from .console import Console
from .csrf import refuse_foreign_forms
from .headers import SecureHeaders
from .log_in import Limits
from .pages import admin, log_in, overview, profile, servers, users
from .pages.errors import answer_errors
from .passwords import Passwords
from .probe import probe
from .settings import Settings
from .visitor import LASTS

LONGEST_FORM_BYTES = 64 * 1024
STATIC = Path(__file__).resolve().parent / "static"


def create_app(settings: Settings) -> FastAPI:
    """The console as an ASGI application, for a database that `prepare` has made ready."""
    db = AsyncDatabase(settings.database_url, application_name="hermetic-console")
    passwords, limits = Passwords(settings.hash_memory_kib), Limits()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            await db.run(interrupt_unfinished)
            checker = Checker(db, partial(probe, networks=settings.probe_networks), tasks)
            app.state.console = Console(db, host, settings, passwords, limits, checker)
            yield
            tasks.cancel_scope.cancel()

    app = FastAPI(
        title="Console",
        lifespan=lifespan,
        dependencies=[Depends(refuse_foreign_forms)],
        max_body_size=LONGEST_FORM_BYTES,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    host = attach(app, db)
    for part in (overview, log_in, servers, admin, users, profile):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    answer_errors(app)
    add_middleware(app, settings)
    return app


def add_middleware(app: FastAPI, settings: Settings) -> None:
    """What stands around the pages; what is added last is outermost."""
    lasts_s = int(LASTS.total_seconds())
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings.secret,
        session_cookie="console",
        max_age=lasts_s,
        same_site="lax",
        https_only=settings.is_https,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts))
    app.add_middleware(SecureHeaders, is_https=settings.is_https)
