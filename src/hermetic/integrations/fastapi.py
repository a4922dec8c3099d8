"""The scope of a request as a dependency of FastAPI: `Depends(host.begin)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol

from fastapi import FastAPI
from starlette.requests import HTTPConnection

from . import asgi
from ._requests import Carrier, Lender, S, Work, called_from, is_success
from .starlette import Gate

__all__ = ["Background", "Host", "attach"]


class Background(Protocol):
    """What `Depends(host.background)` gives."""

    def __call__(self, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept.

        Any: the arguments are the work's.
        """


class Host(Generic[S]):
    """A Database in an app; its verbs are dependencies."""

    def __init__(self, host: asgi.Host[S]) -> None:
        self._host = host

    async def begin(self, connection: HTTPConnection) -> S:
        """`Depends(host.begin)`: the session of the request's unit of work, one for all dependencies and the endpoint.

        It takes a connection when it is used first. It commits before the response starts, and rolls back when an
        exception leaves the endpoint or the status is one of an error. In a websocket it ends before the next message.
        """
        return await self._host.begin(connection.scope)

    async def read(self, connection: HTTPConnection) -> S:
        """`Depends(host.read)`: the session of a read scope, or of the unit of work when that was asked for before."""
        return await self._host.read(connection.scope)

    async def background(self, connection: HTTPConnection) -> Background:
        """`Depends(host.background)`: a function that does work after the response, in a unit of its own."""
        return self._host.visit(connection.scope).background


def attach(
    app: FastAPI, db: Lender[S], *, keep_when: Callable[[int], bool] = is_success, carry_in: Carrier = "cookie"
) -> Host[S]:
    """Let the requests of an app have sessions of a database.

    `keep_when` tells from the status of a response whether its work is committed, `carry_in` in what a client carries
    what the replicas are to have when it reads again. Middleware that is added before it is
    inside of the scope, what is added later around it.
    """
    host = asgi.Host(db, called_from(), keep_when, carry_in)
    app.add_middleware(Gate, host)
    return Host(host)
