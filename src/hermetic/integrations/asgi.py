"""The scope of a request, for any ASGI framework: it ends before the client is told anything."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from typing import Any, Generic

from .._where import Site
from ..errors import ScopeError
from ._loops import Visit, dispose
from ._requests import TOKEN, Carrier, Lender, NotKept, S, Work, called_from, header_for, is_success

Scope = MutableMapping[str, Any]  # Any: what the servers and frameworks put there
Message = MutableMapping[str, Any]  # Any: as in a Scope
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class CommitFailed(Exception):
    """Leaves the app through `send`, past its handlers: they are asked afterwards, about the error that is the cause."""


class Host(Generic[S]):
    """A Database in an ASGI app; the settings and the verbs that all requests have in common.

    `keep_when` tells from the status of a response whether the work is committed, `carry_in` in what a client carries
    what the replicas are to have when it reads again.
    """

    def __init__(
        self,
        db: Lender[S],
        attached: Site,
        keep_when: Callable[[int], bool] = is_success,
        carry_in: Carrier = "cookie",
    ) -> None:
        self.db = db
        self.attached = attached
        self.keep_when = keep_when
        self.carry_in = carry_in
        self.carries = db.carries
        self.key = f"hermetic.{id(self)}"

    async def begin(self, scope: Scope) -> S:
        """The session of the request's unit of work, the same one however often it is asked for.

        It takes a connection when it is used first. It commits before the response starts, and rolls back when an
        exception leaves the app or the status is one of an error. In a websocket it ends before the next message.
        """
        return await self.visit(scope).begin(site_of(scope, self.attached))

    async def read(self, scope: Scope) -> S:
        """The session of a read scope of the request, or of its unit of work when that was asked for before."""
        return await self.visit(scope).read(site_of(scope, self.attached))

    def background(self, scope: Scope, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept.

        Any: the arguments are the work's.
        """
        self.visit(scope).background(work, *args, **kwargs)

    def visit(self, scope: Scope) -> Request[S]:
        """What belongs to one request or connection. Raises ScopeError where the host is not attached."""
        visit: Request[S] | None = scope.get(self.key)
        if visit is None:
            raise ScopeError(
                f"{told(scope)}: this app was asked for a session, and its requests do not pass by the host.\n"
                f"  Call attach(app, db) with the app that serves the request."
            )
        return visit


class Request(Visit[S]):
    """One request or connection: what its server is told waits for the end of its scope.

    It stands in the scope of the request, and keeps neither that nor what the server gave: each of them would keep all.
    """

    __slots__ = ("_before", "_carried", "_host", "_is_secure", "failure")

    def __init__(self, host: Host[S], owner: object, scope: Scope) -> None:
        super().__init__(host.db, owner)
        self.failure: Exception | None = None
        self._host = host
        self._carried = host.db.carry(brought(scope["headers"])) if host.carries else None
        self._is_secure = scope.get("scheme") in ("https", "wss")
        self._before = sys.exc_info()[1]

    async def respond(self, send: Send, message: Message) -> None:
        """Send a message of HTTP; the scope ends before the first. Raises CommitFailed when that could not be kept."""
        if self.failure is not None:
            raise CommitFailed from self.failure
        if message["type"] == "http.response.start":
            error = self._refusal(message["status"])
            self.is_over = True
            try:
                await self.end(error)
            except Exception as failure:
                self.failure = failure
                raise CommitFailed from failure
            self._give(message)
        await send(message)

    def _give(self, message: Message) -> None:
        """Let the client carry away what its next request has to see."""
        header = (
            header_for(self._carried, self._host.carry_in, is_secure=self._is_secure)
            if self._carried is not None
            else None
        )
        if header is not None:
            name, value = header
            message["headers"] = [*message.get("headers", ()), (name.encode(), value.encode())]

    def _refusal(self, status: int) -> BaseException | None:
        """Why the work is not kept: an exception left the endpoint and is being handled, or the status says so."""
        error = sys.exc_info()[1]
        if error is not None and error is not self._before:
            return error
        return None if self._host.keep_when(status) else NotKept()

    async def tell(self, send: Send, message: Message) -> None:
        """Send a message of a websocket; the scope ends before it."""
        if self._block is not None:
            await self.end(None)
        await send(message)

    async def listen(self, receive: Receive) -> Message:
        """Wait for the client of a websocket, with nothing held meanwhile."""
        if self._block is not None:
            await self.end(None)
        return await receive()


class Gate:
    """The middleware that gives each request its visit, and lets no response pass before the commit."""

    def __init__(self, app: App, host: Host[Any]) -> None:  # Any: of whichever session class
        self.app = app
        self.host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind not in ("http", "websocket"):
            await self.app(scope, receive, partial(self._tell_of_life, send))
            return
        visit = scope[self.host.key] = Request(self.host, self.owner(), scope)
        try:
            if kind == "http":
                await self.app(scope, receive, partial(visit.respond, send))
                if not visit.is_over:
                    await visit.end(NotKept())
            else:
                await self.app(scope, partial(visit.listen, receive), partial(visit.tell, send))
                await visit.end(None)
        except BaseException as error:
            await visit.end(error)
            if visit.failure is None:
                raise
        if visit.failure is not None:
            await self.fail(scope, receive, send, visit.failure)
        await visit.follow()

    async def _tell_of_life(self, send: Send, message: Message) -> None:
        """Send a message of the app's lifespan; at its end the connections are closed first, since servers cancel what follows."""
        if message["type"] in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            await dispose(self.host.db)
        await send(message)

    def owner(self) -> object:
        """The task that a request belongs to; None for the one that asks for its session."""
        return None

    async def fail(self, scope: Scope, receive: Receive, send: Send, failure: Exception) -> None:
        """Answer a request whose work could not be kept: the error is the server's to tell."""
        raise failure


def attach(
    app: App, db: Lender[S], *, keep_when: Callable[[int], bool] = is_success, carry_in: Carrier = "cookie"
) -> tuple[Gate, Host[S]]:
    """The app with its gate, to be served instead of it, and the host, which gives sessions for the scope of a request."""
    host = Host(db, called_from(), keep_when, carry_in)
    return Gate(app, host), host


def brought(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token that a client carries, or "".

    Cookies are split as browsers join them: http.cookies gives all of them up for one that it does not like.
    """
    for name, value in headers:
        if name == TOKEN.encode():
            return value.decode("latin-1")
        if name == b"cookie":
            cookies = (each.strip().partition("=") for each in value.decode("latin-1").split(";"))
            found = next((each for key, _, each in cookies if key == TOKEN), None)
            if found is not None:
                return found
    return ""


def site_of(scope: Scope, attached: Site) -> Site:
    """Where a request is answered: at the endpoint, which Starlette names, or where the host was attached."""
    endpoint = scope.get("endpoint")
    code = getattr(endpoint, "__code__", None)
    return attached if code is None else (code, 0)


def told(scope: Scope) -> str:
    """A request as a message names it."""
    return f"{scope.get('method', 'WEBSOCKET')} {scope.get('path', '')}"
