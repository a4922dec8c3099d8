"""The scope of a request in Flask: committed before the response leaves, and a failed commit is the app's to answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Generic, TypeVar

from flask import Flask, Response, has_request_context, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from .._scopes.replicas import Carried
from .._scopes.scope import Kind
from .._scopes.sync import Block, Database
from .._where import Site
from ..errors import HooksFailed, ScopeError
from ._requests import TOKEN, Carrier, NotKept, Work, called_from, header_for, is_success, tell_of

S = TypeVar("S", bound=Session)


class Visit(Generic[S]):
    """One request: the scope that was opened in it, if any, and what is to be done after it."""

    __slots__ = ("_block", "_kind", "_opened", "_room", "_session", "after", "db", "error")

    def __init__(self, db: Database[S], opened: Site) -> None:
        self.db = db
        self._room = db.room()
        self.after: list[Callable[[], object]] = []
        self.error: BaseException | None = None
        self._opened = opened
        self._block: Block[S] | None = None
        self._kind: Kind = "begin"

    def session(self, kind: Kind) -> S:
        """The session of the scope that is open; a read scope that was used ends before a unit of work begins."""
        if self._block is not None and self._kind == "read" and kind == "begin":
            if self._block.is_idle:
                self._block.widen()
                self._kind = kind
            else:
                self.end(None)
        if self._block is None:
            self._block = self.db.lend(kind, self._opened, self._room)
            self._kind = kind
            self._session = self._block.enter()
        return self._session

    def end(self, error: BaseException | None) -> None:
        """End the scope that is open: its work is kept when there is no error."""
        block, self._block = self._block, None
        if error is not None:
            self.after.clear()
        if block is not None:
            block.__exit__(None if error is None else type(error), error, None)


class Host(Generic[S]):
    """A Database in an app: what views ask for sessions."""

    def __init__(
        self, app: Flask, db: Database[S], attached: Site, keep_when: Callable[[int], bool], carry_in: Carrier
    ) -> None:
        self._app = app
        self._db = db
        self._attached = attached
        self._keep_when = keep_when
        self._carry_in = carry_in
        self._key = f"hermetic.{id(self)}"

    def begin(self) -> S:
        """The session of the request's unit of work, the same one however often it is asked for.

        It takes a connection when it is used first. It commits when the view has answered and before the answer leaves,
        and rolls back when an exception left the view or the status is one of an error.
        """
        return self._visit().session("begin")

    def read(self) -> S:
        """The session of a read scope of the request, or of its unit of work when that was asked for before."""
        return self._visit().session("read")

    def background(self, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the response, if the request's work is kept.

        Any: the arguments are the work's.
        """
        self._visit().after.append(partial(self._db.run, work, *args, **kwargs))

    def _visit(self) -> Visit[S]:
        """What belongs to this request. Raises ScopeError outside of one."""
        if not has_request_context():
            raise ScopeError(
                "The session of a request was asked for outside of one.\n"
                "  In a command, a thread or a shell open a scope: with db.begin() as session:"
            )
        visit: Visit[S] | None = request.environ.get(self._key)
        if visit is None:
            view = self._app.view_functions.get(request.endpoint or "")
            code = getattr(view, "__code__", None)
            visit = Visit(self._db, self._attached if code is None else (code, 0))
            request.environ[self._key] = visit
        return visit

    def arrive(self) -> None:
        """Begin a request with what its client carries."""
        token = request.headers.get(TOKEN) or request.cookies.get(TOKEN, "")
        request.environ[f"{self._key}.carried"] = self._db.carry(token)

    def give(self, response: Response) -> Response:
        """Let the client carry away what its next request has to see."""
        carried: Carried | None = request.environ.get(f"{self._key}.carried")
        header = header_for(carried, self._carry_in, is_secure=request.is_secure) if carried is not None else None
        if header is not None:
            response.headers.add(*header)
        return response

    def respond(self, response: Response) -> Response:
        """End the request's scope as the response says; one that cannot be kept is answered by the app's handlers."""
        visit: Visit[S] | None = request.environ.get(self._key)
        if visit is None:
            return response
        try:
            visit.end(visit.error or (None if self._keep_when(response.status_code) else NotKept()))
        except HooksFailed as failed:
            tell_of(failed)
        except Exception as failure:
            visit.after.clear()
            return self._app.make_response(self._app.handle_user_exception(failure))
        for work in visit.after:
            response.call_on_close(work)
        return response

    def note(self, error: Exception) -> None:
        """Remember that an exception left the view, whatever is answered to it."""
        self._visit().error = error

    def leave(self, error: BaseException | None) -> None:
        """Roll back what no response has ended."""
        visit: Visit[S] | None = request.environ.get(self._key)
        if visit is not None:
            visit.end(error or NotKept())


def attach(
    app: Flask, db: Database[S], *, keep_when: Callable[[int], bool] = is_success, carry_in: Carrier = "cookie"
) -> Host[S]:
    """Let the requests of an app have sessions of a database.

    `keep_when` tells from the status of a response whether its work is committed, `carry_in` in what a client carries
    what the replicas are to have when it reads again. `after_request` functions that are
    registered later are inside of the scope.
    """
    host = Host(app, db, called_from(), keep_when, carry_in)
    if db.carries:
        app.before_request(host.arrive)
        app.after_request(host.give)  # the last that is registered is called first
    app.after_request(host.respond)
    app.teardown_request(host.leave)
    _tell_of_errors(app, host)
    return host


def _tell_of_errors(app: Flask, host: Host[Any]) -> None:  # Any: of whichever session class
    """Let a host know of an exception that a handler of the app answers: Flask has no signal for those."""
    answer = app.handle_user_exception

    @wraps(answer)
    def noted(error: Exception) -> ResponseReturnValue:
        host.note(error)
        return answer(error)

    app.handle_user_exception = noted  # type: ignore[method-assign,assignment]  # the one place where all of them pass
