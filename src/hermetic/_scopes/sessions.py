"""The session of a scope: the user's own class, which refuses what would take the work out of its scope's hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache, wraps
from threading import get_ident
from time import monotonic
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.util.concurrency import in_greenlet

from .errors import PoolTimeout
from .policy import from_driver
from .scope import Scope
from .seal import learn_classes, refuse_hidden_io, refuse_lazy_loads, refuse_when_closed
from .shield import CancelledOnce

S = TypeVar("S", bound=Session)
A = TypeVar("A", bound=AsyncSession)

ASKING = ("execute", "connection", "scalar", "scalars", "get", "get_one", "refresh", "flush")
WRITING = ("add", "add_all", "delete", "delete_all", "merge", "merge_all")
AWAITED = (*ASKING, "exec", "stream", "stream_scalars", "run_sync", "delete", "delete_all", "merge", "merge_all")
ENDING = ("commit", "rollback", "close", "reset", "invalidate", "prepare")

Method = Callable[..., Any]  # Any: the arguments and the result are those of the session's method


class Hooked:
    """What may be asked of the session of a scope, whichever kind it is."""

    scope: Scope

    def after_commit(self, hook: Callable[..., object], *args: object, **kwargs: object) -> None:
        """Call a function once the work is committed, and never when it is not; in the order of asking.

        With asyncio one that is async is awaited. What is asked for in a begin() that fails inside of another is
        forgotten with it.
        """
        self.scope.check_open("after_commit()")
        self.scope.hooks.append((hook, args, kwargs))


class ScopeSession(Hooked, Session):
    """The session of a scope, where the user has named no class of their own."""

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:  # Any: those of Session.get_bind
        """The engine of a statement; a read scope keeps to the replica, or the primary, that it began with."""
        scope = self.scope
        if scope.replicas is None or scope.kind != "read" or kwargs.get("bind") is not None:
            return super().get_bind(*args, **kwargs)
        if scope.bind is None:
            scope.bind = scope.replicas.engine()
        return scope.bind

    @contextmanager
    def released(self) -> Iterator[None]:
        """Hand the connection back for the length of the block, to wait for something else without holding it.

        What was read before is read again after it. Raises UnsavedChanges when the transaction has work in it.
        """
        scope = self.scope
        scope.check_open("released()")
        scope.check_unchanged(self)
        _end_transaction(self)
        scope.is_released = True
        try:
            yield
        finally:
            scope.is_released = False
            self.expire_all()


class AsyncScopeSession(Hooked, AsyncSession):
    """The session of a scope of an AsyncDatabase, where the user has named no class of their own."""

    @asynccontextmanager
    async def released(self) -> AsyncIterator[None]:
        """Hand the connection back for the length of the block, to await something else without holding it.

        What was read before is to be refreshed after it. Raises UnsavedChanges when the transaction has work in it.
        """
        scope = self.scope
        scope.check_open("released()")
        scope.check_unchanged(self.sync_session)
        await self.run_sync(_end_transaction)
        scope.is_released = True
        try:
            yield
        finally:
            scope.is_released = False
            self.expire_all()


def _begin(session: Session, scope: Scope) -> None:
    """Begin a transaction with the options of its scope; where a replica does not answer, somewhere else."""
    scope.begins = False
    while True:
        try:
            connection = Session.connection(session, execution_options=scope.options)
            if scope.box is not None:
                scope.box.guard(connection, scope.kind == "read")
            return
        except Exception:
            if scope.replicas is None or scope.bind is None or not scope.replicas.failed(scope.bind):
                raise
            scope.bind = None


def _end_transaction(session: Session) -> None:
    """End the transaction, keep what was loaded."""
    scope: Scope = session.scope  # type: ignore[attr-defined]  # a session of a scope
    scope.ending = True
    try:
        session.commit()
    finally:
        scope.ending = False
        scope.give_turn_back()
        scope.left_s = 0.0
        scope.begins = scope.options is not None


@cache
def sync_class(base: type[S], may_load_lazily: bool = True) -> type[S]:
    """A class of sessions for scopes, made of the user's: everything it could, except to leave its scope."""
    kind = _plain_class(base, get_ident, lambda: True)
    if not may_load_lazily:
        event.listen(kind, "do_orm_execute", refuse_lazy_loads)
    return kind


@cache
def async_class(base: type[A]) -> type[A]:
    """A class of asyncio's sessions for scopes, made of the user's."""
    members: dict[str, object] = {name: _awaited(name, method) for name, method in _methods(base, AWAITED)}
    members["sync_session_class"] = _plain_class(base.sync_session_class, _nobody, in_greenlet)
    if base.__init__ in _PLAIN_STARTS and not hasattr(base, "__getattr__"):
        members |= {"__init__": _start_later, "__getattr__": _started}
    return cast("type[A]", type(f"Scope{base.__name__}", _bases(base, AsyncScopeSession), members))  # not inferred


_PLAIN_STARTS = (AsyncSession.__init__, AsyncScopeSession.__init__)
"""Of a class with a start of its own nobody knows what its attributes are before it."""


def _start_later(self: AsyncScopeSession, *args: Any, **options: Any) -> None:  # Any: those of AsyncSession
    """Remember what an AsyncSession is made with; to make it costs most of a request that never asks it for anything."""
    vars(self)["start"] = args, options


def _started(self: AsyncScopeSession, name: str) -> Any:  # Any: whatever the attribute is
    """An attribute that is not there: make the session, if nothing was asked of it before, and look again."""
    start = vars(self).pop("start", None)
    if start is None:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
    args, options = start
    AsyncSession.__init__(self, *args, **options)
    self.sync_session.scope = self.scope  # type: ignore[attr-defined]  # async_class gives it to both
    return getattr(self, name)


def plain_of(session: Session | AsyncSession) -> Session | None:
    """The plain session that one of a scope is, or has inside; None as long as nothing was asked of it."""
    return session if isinstance(session, Session) else vars(session).get("sync_session")


def _plain_class(base: type[S], who: Callable[[], object], may_wait: Callable[[], bool]) -> type[S]:
    """A class with its methods guarded; `who` tells the one that asks, `may_wait` whether a lazy load could be waited for."""
    asking = {name: _guarded(name, method, who) for name, method in _methods(base, (*ASKING, "begin_nested"))}
    asking["execute"] = _execute(base.execute, asking["execute"], may_wait)
    writing = {name: _guarded(name, _writing(name, method), who) for name, method in _methods(base, WRITING)}
    ending = {name: _ending(name, method) for name, method in _methods(base, ENDING)}
    kind = type(f"Scope{base.__name__}", _bases(base, ScopeSession), {**asking, **writing, **ending})
    event.listen(kind, "before_flush", _before_flush)
    return cast("type[S]", kind)  # a type made of several cannot be inferred


def _nobody() -> None:
    """Inside of an AsyncSession it is the tasks that are told apart, not the threads."""


def _methods(base: type, names: tuple[str, ...]) -> Iterator[tuple[str, Method]]:
    """The methods of a class that are among those names."""
    return ((name, getattr(base, name)) for name in names if hasattr(base, name))


def _bases(base: type, ours: type) -> tuple[type, ...]:
    """What a class for scopes is made of: ours before the user's, unless the one is the other."""
    if issubclass(ours, base):
        return (ours,)
    return (base,) if issubclass(base, ours) else (ours, base)


def _guarded(name: str, method: Method, who: Callable[[], object]) -> Method:
    """A method that one task or thread is inside of at a time, and whose failures the scope remembers."""
    asks = name in ASKING

    @wraps(method)
    def call(self: ScopeSession, *args: Any, **kwargs: Any) -> Any:  # Any: those of the method
        scope, me = self.scope, who()
        if scope.holder is not None and scope.holder != me:
            scope.refuse_second()
        if scope.outcome != "open" or scope.is_released or scope.barred is not None or scope.left_s:
            scope.check_use(f"{name}()", me)
        if asks and args and not getattr(args[0], "is_select", True):
            _note_writing(scope, args[0])
        if scope.refuses_writes:
            learn_classes(args)
        before, scope.holder = scope.holder, me
        try:
            if asks and scope.box is not None and me is not None:
                scope.box.take(scope)
            if asks and not scope.has_turn:
                scope.take_turn()
            if asks and scope.begins:
                _begin(self, scope)
            return method(self, *args, **kwargs)
        except DBAPIError as error:
            scope.note_failure(error, self)
            raise
        except SQLAlchemyTimeoutError as error:
            raise PoolTimeout(scope.told_holders()) from error
        except Exception as error:
            told = from_driver(error)
            if told is None:
                raise
            scope.note_failure(told, self)
            raise told from error
        finally:
            scope.holder = before
            scope.left_s = monotonic()

    return call


def _note_writing(scope: Scope, statement: Any) -> None:
    """What is no SELECT may write; INSERT, UPDATE and DELETE do. Any: of whatever kind."""
    if getattr(statement, "is_dml", False):
        scope.check_writable("a statement that writes was sent")
    scope.wrote = True


def _execute(plain: Method, guarded: Method, may_wait: Callable[[], bool]) -> Method:
    """`execute`, through which lazy loads come as well: after the end, or where asyncio cannot wait, they are refused."""

    @wraps(plain)
    def execute(self: ScopeSession, statement: Any, *args: Any, **kwargs: Any) -> Any:  # Any: those of the method
        scope = self.scope
        if scope.outcome != "open" or scope.is_released:
            return _answered(self, refuse_when_closed, plain, statement, *args, **kwargs)
        if not may_wait():
            return _answered(self, refuse_hidden_io, plain, statement, *args, **kwargs)
        return guarded(self, statement, *args, **kwargs)

    return execute


def _answered(
    session: ScopeSession, answer: Callable[[ORMExecuteState], None], plain: Method, *args: Any, **kwargs: Any
) -> Any:
    """What comes of a statement when a listener is asked first. Any: those of `execute`."""
    event.listen(session, "do_orm_execute", answer)
    try:
        return plain(session, *args, **kwargs)
    finally:
        event.remove(session, "do_orm_execute", answer)


def _writing(name: str, method: Method) -> Method:
    """A method that a read scope refuses."""

    @wraps(method)
    def call(self: ScopeSession, *args: Any, **kwargs: Any) -> Any:  # Any: those of the method
        self.scope.check_writable(f"{name}()")
        return method(self, *args, **kwargs)

    return call


def _ending(name: str, method: Method) -> Method:
    """A method that the scope alone may call; when it has ended, to close what is closed does nothing.

    SQLAlchemy's close_all_sessions() does that to sessions that are kept for the sake of their objects.
    """

    @wraps(method)
    def call(self: ScopeSession, *args: Any, **kwargs: Any) -> Any:  # Any: those of the method
        if self.scope.is_closed and not self.scope.ending:
            if name not in ("close", "reset", "invalidate"):
                self.scope.check_open(f"{name}()")
            return None
        self.scope.check_ending(f"{name}()")
        return method(self, *args, **kwargs)

    return call


def _awaited(name: str, method: Method) -> Method:
    """A coroutine method that one task is inside of at a time."""

    @wraps(method)
    async def call(self: AsyncScopeSession, *args: Any, **kwargs: Any) -> Any:  # Any: those of the method
        scope, me = self.scope, asyncio.current_task()
        if scope.task is not None and scope.task is not me:
            scope.refuse_second()
        if scope.outcome != "open" or scope.is_released:
            scope.check_open(f"{name}()")
        before, scope.task = scope.task, me
        try:
            if scope.box is not None:
                await scope.box.take(scope)
            return await CancelledOnce(method(self, *args, **kwargs))
        finally:
            scope.task = before

    return call


def _before_flush(session: ScopeSession, _context: UOWTransaction, _instances: object) -> None:
    scope = session.scope
    if scope.kind == "read" and scope.is_changed(session):
        scope.check_writable("a flush was due")
    scope.wrote = True
