"""The scope of a request, for any ASGI framework: it ends before the client is told anything."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Generic

from anyio import CapacityLimiter, to_thread

from .._scopes.aio import AsyncBlock, AsyncDatabase
from .._scopes.scope import Kind
from .._scopes.shield import to_the_end
from .._scopes.sync import Block
from .._where import Site
from ..errors import ScopeError
from ._requests import Lender, Lent, NotKept, S, Work, called_from, is_success

Scope = MutableMapping[str, Any]  # Any: what the servers and frameworks put there
Message = MutableMapping[str, Any]  # Any: as in a Scope
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class CommitFailed(Exception):
    """Leaves the app through `send`, past its handlers: they are asked afterwards, about the error that is the cause."""


class Host(Generic[S]):
    """A Database in an ASGI app; the settings and the verbs that all requests have in common.

    `keep_when` tells from the status of a response whether the work is committed.
    """

    def __init__(self, db: Lender[S], attached: Site, keep_when: Callable[[int], bool] = is_success) -> None:
        self.db = db
        self.attached = attached
        self.keep_when = keep_when
        self.key = f"hermetic.{id(self)}"

    async def begin(self, scope: Scope) -> S:
        """The session of the request's unit of work, the same one however often it is asked for.

        It takes a connection when it is used first. It commits before the response starts, and rolls back when an
        exception leaves the app or the status is one of an error. In a websocket it ends before the next message.
        """
        return await self.visit(scope).begin()

    async def read(self, scope: Scope) -> S:
        """The session of a read scope of the request, or of its unit of work when that was asked for before."""
        return self.visit(scope).read()

    def background(self, scope: Scope, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept.

        Any: the arguments are the work's.
        """
        self.visit(scope).background(work, *args, **kwargs)

    def visit(self, scope: Scope) -> Visit[S]:
        """What belongs to one request or connection. Raises ScopeError where the host is not attached."""
        visit: Visit[S] | None = scope.get(self.key)
        if visit is None:
            raise ScopeError(
                f"{told(scope)}: this app was asked for a session, and its requests do not pass by the host.\n"
                f"  Call attach(app, db) with the app that serves the request."
            )
        return visit

    async def run(self, work: Work, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Do work in a unit of its own, on the event loop or beside it. Any: the arguments are the work's."""
        if isinstance(self.db, AsyncDatabase):
            await self.db.run(work, *args, **kwargs)
        else:
            await aside(self.db.run, work, *args, **kwargs)

    async def dispose(self) -> None:
        """Close the connections: the app has ended."""
        if isinstance(self.db, AsyncDatabase):
            await self.db.dispose()
        else:
            await aside(self.db.dispose)


class Visit(Generic[S]):
    """One request or connection: the scope that was opened in it, if any, and what is to be done after it."""

    __slots__ = ("_before", "_block", "_kind", "_receive", "_scope", "_send", "_session", "after", "failure", "host")

    def __init__(self, host: Host[S], scope: Scope, receive: Receive, send: Send) -> None:
        self.host = host
        self.after: list[tuple[Work, tuple[Any, ...], dict[str, Any]]] = []
        self.failure: Exception | None = None
        self._scope = scope
        self._receive = receive
        self._send = send
        self._before = sys.exc_info()[1]
        self._block: Lent[S] | None = None

    async def begin(self) -> S:
        """The session of the unit of work; the same one however often it is asked for. A read scope ends before it."""
        if self._block is not None and self._kind == "read":
            await self.end(None)
        return self._session if self._block is not None else self._open("begin")

    def read(self) -> S:
        """The session of a read scope; that of the unit of work, if there is one."""
        return self._session if self._block is not None else self._open("read")

    def _open(self, kind: Kind) -> S:
        block = self._block = self.host.db.lend(kind, site_of(self._scope, self.host.attached))
        self._kind = kind
        self._session = block.enter()
        return self._session

    def background(self, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept."""
        self.after.append((work, args, kwargs))

    async def end(self, error: BaseException | None) -> None:
        """End the scope that is open: its work is kept when there is no error."""
        block, self._block = self._block, None
        if block is None:
            return
        kind = None if error is None else type(error)
        if isinstance(block, AsyncBlock):
            await block.__aexit__(kind, error, None)
        elif isinstance(block, Block) and block.is_idle:
            block.__exit__(kind, error, None)
        elif isinstance(block, Block):
            await to_the_end(aside(block.__exit__, kind, error, None))

    async def respond(self, message: Message) -> None:
        """Send a message of HTTP; the scope ends before the first. Raises CommitFailed when that could not be kept."""
        if self.failure is not None:
            raise CommitFailed from self.failure
        if message["type"] == "http.response.start":
            error = self._refusal(message["status"])
            if error is not None:
                self.after.clear()
            try:
                await self.end(error)
            except Exception as failure:
                self.failure = failure
                self.after.clear()
                raise CommitFailed from failure
        await self._send(message)

    def _refusal(self, status: int) -> BaseException | None:
        """Why the work is not kept: an exception left the endpoint and is being handled, or the status says so."""
        error = sys.exc_info()[1]
        if error is not None and error is not self._before:
            return error
        return None if self.host.keep_when(status) else NotKept()

    async def tell(self, message: Message) -> None:
        """Send a message of a websocket; the scope ends before it."""
        if self._block is not None:
            await self.end(None)
        await self._send(message)

    async def listen(self) -> Message:
        """Wait for the client of a websocket, with nothing held meanwhile."""
        if self._block is not None:
            await self.end(None)
        return await self._receive()


class Gate:
    """The middleware that gives each request its visit, and lets no response pass before the commit."""

    def __init__(self, app: App, host: Host[Any]) -> None:  # Any: of whichever session class
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, send)
            await self.host.dispose()
            return
        visit = scope[self.host.key] = Visit(self.host, scope, receive, send)
        try:
            if kind == "http":
                await self.app(scope, receive, visit.respond)
                await visit.end(NotKept())
            else:
                await self.app(scope, visit.listen, visit.tell)
                await visit.end(None)
        except BaseException as error:
            await visit.end(error)
            if visit.failure is None:
                raise
        if visit.failure is not None:
            await self.fail(scope, receive, send, visit.failure)
        for work, args, kwargs in visit.after:
            await self.host.run(work, args, kwargs)

    async def fail(self, scope: Scope, receive: Receive, send: Send, failure: Exception) -> None:
        """Answer a request whose work could not be kept: the error is the server's to tell."""
        raise failure


def attach(app: App, db: Lender[S], *, keep_when: Callable[[int], bool] = is_success) -> tuple[Gate, Host[S]]:
    """The app with its gate, to be served instead of it, and the host, which gives sessions for the scope of a request."""
    host = Host(db, called_from(), keep_when)
    return Gate(app, host), host


def site_of(scope: Scope, attached: Site) -> Site:
    """Where a request is answered: at the endpoint, which Starlette names, or where the host was attached."""
    endpoint = scope.get("endpoint")
    code = getattr(endpoint, "__code__", None)
    return attached if code is None else (code, 0)


def told(scope: Scope) -> str:
    """A request as a message names it."""
    return f"{scope.get('method', 'WEBSOCKET')} {scope.get('path', '')}"


async def aside(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the work gives, in a thread that nobody else waits for. Any: its arguments and its result.

    The threads of endpoints may all be waiting for the connection that this work gives back, so it is not one of them.
    """
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=CapacityLimiter(1))
