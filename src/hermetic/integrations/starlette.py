"""The scope of a request in Starlette: committed before the response starts, and a failed commit is the app's to answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

from starlette.applications import Starlette
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import HTTPConnection

from . import asgi
from ._requests import Carrier, Lender, S, Work, called_from, is_success


class Host(Generic[S]):
    """A Database in an app: what endpoints ask for sessions."""

    def __init__(self, host: asgi.Host[S]) -> None:
        self._host = host

    async def begin(self, connection: HTTPConnection) -> S:
        """The session of the request's unit of work, the same one however often it is asked for.

        It takes a connection when it is used first. It commits before the response starts, and rolls back when an
        exception leaves the endpoint or the status is one of an error. In a websocket it ends before the next message.
        """
        return await self._host.begin(connection.scope)

    async def read(self, connection: HTTPConnection) -> S:
        """The session of a read scope of the request, or of its unit of work when that was asked for before."""
        return await self._host.read(connection.scope)

    def background(self, connection: HTTPConnection, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept.

        Any: the arguments are the work's.
        """
        self._host.background(connection.scope, work, *args, **kwargs)


class Gate(asgi.Gate):
    """The gate of an app of Starlette: its own handlers of exceptions answer a failed commit."""

    async def fail(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send, failure: Exception) -> None:
        """Give the error to the handler that the app has for it, else to the one for everything."""

        async def failed(*_asgi: object) -> None:
            raise failure

        handlers = {
            kind: handler
            for kind, handler in scope["app"].exception_handlers.items()
            if kind not in (500, Exception)  # these are asked further outside
        }
        await ExceptionMiddleware(failed, handlers)(scope, receive, send)


def attach(
    app: Starlette, db: Lender[S], *, keep_when: Callable[[int], bool] = is_success, carry_in: Carrier = "cookie"
) -> Host[S]:
    """Let the requests of an app have sessions of a database.

    `keep_when` tells from the status of a response whether its work is committed, `carry_in` in what a client carries
    what the replicas are to have when it reads again. Middleware that is added before it is
    inside of the scope, what is added later around it.
    """
    host = asgi.Host(db, called_from(), keep_when, carry_in)
    app.add_middleware(Gate, host)
    return Host(host)
