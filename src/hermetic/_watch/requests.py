"""Which request, if any, the running code works for, and where requests enter a program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from functools import wraps
from itertools import count
from time import perf_counter_ns, time
from types import ModuleType
from typing import Any

from .arriving import Arrivals
from .points import Points, Wrapped

_numbers = count(1)

# Any: what a server puts into a scope or message is its own affair.
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

ASGI = {"starlette.applications": "Starlette", "litestar.app": "Litestar", "quart.app": "Quart"}
WSGI = {"flask.app": "Flask"}


class Request:
    """One request: `name` is its method and path, `responded` when its response began to leave (`perf_counter_ns`)."""

    __slots__ = ("name", "number", "responded", "scope", "started")

    def __init__(self, name: str, scope: Scope | None = None) -> None:
        self.name = name
        self.number = next(_numbers)
        self.started = time()
        self.responded = 0
        self.scope = scope


REQUEST: ContextVar[Request | None] = ContextVar("hermetic_request", default=None)
"""The request that this thread or task works for; None at start-up, in a lifespan, a fixture, a script."""


class Entries:
    """The wrappers around the applications of web frameworks, which are wrapped when the program imports them."""

    def __init__(self, points: Points, arrivals: Arrivals) -> None:
        self.points = points
        self.arrivals = arrivals

    def install(self) -> None:
        """Wait for the frameworks."""
        for name in (*ASGI, *WSGI):
            self.arrivals.when(name, self.came)

    def came(self, module: ModuleType) -> None:
        """A framework was imported."""
        name = module.__name__
        if name in ASGI:
            self.points.wrap(getattr(module, ASGI[name]), "__call__", "self scope receive send", asgi)
        else:
            self.points.wrap(getattr(module, WSGI[name]), "wsgi_app", "self environ start_response", wsgi)


def asgi(original: Wrapped) -> Wrapped:
    """An ASGI application that tells which request it is at; a mounted one is part of the request around it."""

    @wraps(original)
    # Any: an application of any class.
    async def __call__(self: Any, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or REQUEST.get() is not None:
            await original(self, scope, receive, send)
            return
        request = Request(f"{scope.get('method', 'WS')} {scope.get('path', '')}", scope)
        token = REQUEST.set(request)
        try:
            await original(self, scope, receive, Sending(request, send))
        finally:
            request.scope = None
            REQUEST.reset(token)

    return __call__


class Sending:
    """A `send` that notes when the response begins to leave."""

    __slots__ = ("request", "send")

    def __init__(self, request: Request, send: Send) -> None:
        self.request = request
        self.send = send

    async def __call__(self, message: Message) -> None:
        await self.send(message)
        if not self.request.responded and message.get("type") == "http.response.start":
            self.request.responded = perf_counter_ns()


def wsgi(original: Wrapped) -> Wrapped:
    """A WSGI application that tells which request it is at; its response leaves when it is done."""

    @wraps(original)
    # Any: an application of any class, and the response that it iterates.
    def wsgi_app(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        if REQUEST.get() is not None:
            return original(self, environ, start_response)
        token = REQUEST.set(Request(f"{environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}"))
        try:
            return original(self, environ, start_response)
        finally:
            REQUEST.reset(token)

    return wsgi_app
