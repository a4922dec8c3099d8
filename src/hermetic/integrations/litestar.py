"""The scope of a request as a dependency of Litestar: committed before the response starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, Protocol, runtime_checkable

from litestar import Request, Response
from litestar.config.app import AppConfig
from litestar.exceptions.responses import create_debug_response, create_exception_response
from litestar.middleware import DefineMiddleware
from litestar.plugins import InitPlugin
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import Scope

from . import asgi
from ._loops import dispose
from ._requests import Carrier, Lender, S, Work, called_from, is_success

_logger = logging.getLogger(__name__)

__all__ = ["Background", "Host", "attach"]


@runtime_checkable
class Background(Protocol):
    """What a dependency on `host.background` is given."""

    def __call__(self, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept.

        Any: the arguments are the work's.
        """


class Gate(asgi.Gate):
    """The gate of an app of Litestar: its own handlers of exceptions answer a failed commit."""

    def owner(self) -> object:
        """The task of the request: dependencies that do not need each other are resolved in tasks of their own."""
        return asyncio.current_task()

    async def fail(self, scope: Any, receive: Any, send: Any, failure: Exception) -> None:
        """Answer as the handlers of the route do; Litestar itself takes the response for started already.

        Any: the messages of ASGI are TypedDicts to Litestar, and dictionaries to others.
        """
        app, route_handler = scope["litestar_app"], scope["route_handler"]
        for hook in app.after_exception:
            await hook(failure, scope)
        request: Request[Any, Any, Any] = app.request_class(scope, receive, send)
        answer = self._answer(route_handler.resolve_exception_handlers(), failure, request, app.debug)
        response = answer.to_asgi_response(
            app=None, request=request, type_encoders=route_handler.resolve_type_encoders()
        )
        await response(scope, receive, send)

    def _answer(
        self, handlers: dict[Any, Any], failure: Exception, request: Request[Any, Any, Any], is_debug: bool
    ) -> Response[Any]:
        """What the handler for an error answers, else the one for every error, else Litestar. Any: as in Litestar."""
        for kind in (*type(failure).__mro__, HTTP_500_INTERNAL_SERVER_ERROR):
            if kind in handlers:
                response: Response[Any] = handlers[kind](request, failure)
                return response
        _logger.error("The work of %s %s could not be kept", request.method, request.url.path, exc_info=failure)
        return (create_debug_response if is_debug else create_exception_response)(request, failure)


class Host(InitPlugin, Generic[S]):
    """A Database as a plugin of an app; its verbs are for `Provide`."""

    def __init__(self, host: asgi.Host[S]) -> None:
        self._host = host

    def on_app_init(self, app_config: AppConfig) -> AppConfig:
        """Put the gate around the app's handlers, inside of what answers their errors."""
        gate: Any = Gate  # Any: the messages of ASGI are TypedDicts to Litestar
        app_config.middleware.insert(0, DefineMiddleware(gate, host=self._host))
        app_config.on_shutdown.append(partial(dispose, self._host.db))
        return app_config

    async def begin(self, scope: Scope) -> Any:  # Any: Litestar compares it with the handler's annotation
        """`Provide(host.begin)`: the session of the request's unit of work, one for all dependencies and the handler.

        It takes a connection when it is used first. It commits before the response starts, and rolls back when an
        exception leaves the handler or the status is one of an error. In a websocket it ends before the next message.
        """
        return await self._host.begin(scope)  # type: ignore[arg-type]  # a TypedDict, in which we keep a key of our own

    async def read(self, scope: Scope) -> Any:  # Any: Litestar compares it with the handler's annotation
        """`Provide(host.read)`: the session of a read scope, or of the unit of work when that was asked for before."""
        return await self._host.read(scope)  # type: ignore[arg-type]  # a TypedDict, in which we keep a key of our own

    async def background(self, scope: Scope) -> Any:  # Any: Litestar compares it with the handler's annotation
        """`Provide(host.background)`: a function that does work after the response, in a unit of its own."""
        return self._host.visit(scope).background  # type: ignore[arg-type]  # a TypedDict, in which we keep a key of our own


def attach(db: Lender[S], *, keep_when: Callable[[int], bool] = is_success, carry_in: Carrier = "cookie") -> Host[S]:
    """A plugin that lets the requests of an app have sessions of a database: `Litestar(…, plugins=[attach(db)])`.

    `keep_when` tells from the status of a response whether its work is committed, `carry_in` in what a client carries
    what the replicas are to have when it reads again.
    """
    return Host(asgi.Host(db, called_from(), keep_when, carry_in))
