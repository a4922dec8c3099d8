"""Puts the chat together: its database, its model, its MCP servers and its pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from hermetic.integrations.starlette import attach

from .answers import Answers
from .database import connect
from .guard import SafeHeaders
from .identity import Identity
from .model.planner import Planner
from .model.said import Model
from .pages import chats, people, rest
from .rooms import Rooms
from .service import ChatService
from .settings import Settings
from .tools.toolbox import Toolbox

COOKIE = "hermetic_chat"
SIGNED_IN_FOR_S = 14 * 24 * 3600


def model_of(settings: Settings) -> Model:
    """The model that the settings name, else the planner."""
    if settings.model_name:
        from .model.endpoint import EndpointModel  # a second of imports that the planner does without

        return EndpointModel(settings.model_name, settings.model_url, settings.model_key)
    return Planner()


def make_app(settings: Settings, *, model: Model | None = None) -> Starlette:
    """The application; its database has been prepared."""
    db = connect(settings.url, pool_size=settings.pool_size)
    model = model or model_of(settings)
    toolbox = Toolbox(
        settings.servers, call_timeout_s=settings.call_timeout_s, start_timeout_s=settings.start_timeout_s
    )
    chat = ChatService(db)
    answers = Answers(chat, model, toolbox, Identity(settings.secret))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        connecting = asyncio.create_task(toolbox.connect())
        try:
            yield
        finally:
            connecting.cancel()
            await asyncio.wait([connecting])
            await answers.close()
            await toolbox.close()
            await model.close()

    app = Starlette(
        routes=[
            *people.ROUTES,
            *chats.ROUTES,
            *rest.ROUTES,
            Mount("/static", StaticFiles(directory=Path(__file__).with_name("static")), name="static"),
        ],
        exception_handlers={**rest.HANDLERS},
        middleware=_middleware(settings),
        lifespan=lifespan,
    )
    app.state.rooms = Rooms(db, attach(app, db), chat, answers, toolbox, model)
    return app


def _middleware(settings: Settings) -> list[Middleware]:
    """From the outside in."""
    return [
        Middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False),
        Middleware(SafeHeaders),
        Middleware(
            SessionMiddleware,
            secret_key=settings.secret,
            session_cookie=COOKIE,
            max_age=SIGNED_IN_FOR_S,
            same_site="lax",
            https_only=settings.secure_cookie,
        ),
    ]
