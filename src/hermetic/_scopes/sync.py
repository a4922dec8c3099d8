"""Database: scopes for programs without asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from threading import get_ident
from types import TracebackType
from typing import Any, Generic, TypeVar, Unpack, cast, overload

from sqlalchemy import URL, Engine, Table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, SessionTransaction

from .._where import Site
from ..errors import BlockingScope, HooksFailed
from .blocks import Outermost, Reading, Served
from .ending import abandon, commit, wait_until_left
from .engines import How, Refusable, Settings, sync_engine
from .home import Attempts, Health, Home, Room, Schemas, options_of
from .once import LEDGER, check_key, claim, done, record
from .replicas import Replicas
from .scope import Kind, Scope, caller, here
from .sessions import ScopeSession, sync_class
from .tables import make_table
from .turns import turns_of

S = TypeVar("S", bound=Session)
T = TypeVar("T")


class Database(Served[S]):
    """One engine, and scopes in which what is done with a session cannot leak from it.

    ```python
    db = Database("sqlite:///shop.db")

    with db.begin() as session:
        session.add(Order(customer_id=5))
    ```

    Takes a URL or an Engine. `session_class` is the class of sessions that scopes give, SQLModel's or your own;
    `session_options` is what it is made with, such as `binds`. Times are in seconds. With `pooler="transaction"` it
    works behind pgbouncer and its like. On the thread of a running event loop scopes are refused, since each statement
    would stop the loop; `on_event_loop="allow"` is for notebooks. Raises BadDatabase for what cannot work safely.
    """

    @overload
    def __init__(
        self: Database[ScopeSession], source: str | URL | Engine, *, on_event_loop: Refusable = ..., **how: Unpack[How]
    ) -> None: ...
    @overload
    def __init__(
        self, source: str | URL | Engine, *, session_class: type[S], on_event_loop: Refusable = ..., **how: Unpack[How]
    ) -> None: ...
    def __init__(
        self,
        source: str | URL | Engine,
        *,
        session_class: type[Session] = ScopeSession,
        on_event_loop: Refusable = "refuse",
        **how: Unpack[How],
    ) -> None:
        settings = Settings(**how)
        self.engine = sync_engine(source, settings)
        self.home: Home[Engine, S] = Home(self.engine, settings)
        self.home.turns = None if isinstance(source, Engine) else turns_of(self.engine, settings)
        made = sync_class(session_class, settings.lazy_loads == "allow")  # type: ignore[arg-type]  # a class can be hashed
        self._session_class: Callable[..., S] = cast("type[S]", made)  # the overloads say which
        self._may_block = on_event_loop == "allow"
        self._made = set[str]()
        self._copies = [sync_engine(each, settings) for each in settings.replicas]
        if self._copies:
            self.home.replicas = Replicas(self.engine, self._copies, settings.replica_lag_s, settings.secret)

    def begin(
        self, *, isolation_level: str | None = None, schema_translate_map: Schemas | None = None
    ) -> AbstractContextManager[S]:
        """A unit of work: committed at the end of the block, rolled back when an exception leaves it.

        Inside of another one it is a savepoint of that. Objects stay readable after it, and refuse to be changed.
        Raises OutcomeUnknown when the connection broke during the commit, PoisonedUnit when an error of the database
        was swallowed inside, HooksFailed when the work is committed and what was to follow it failed.
        """
        options = options_of(isolation_level, schema_translate_map)
        around = self.home.around(get_ident())
        if around is not None:
            around[0].check_begin_inside(options)
            return Savepoint(*around)
        return Block(self, "begin", caller(), options)

    def read(self, *, schema_translate_map: Schemas | None = None) -> AbstractContextManager[S]:
        """A block that reads, and in which every write is refused: by the session, and by the database where it can.

        Inside of another scope it reads with the session of that.
        """
        around = self.home.around(get_ident())
        if around is not None:
            around[0].check_read_inside(options_of(None, schema_translate_map))
            return Reading(*around)
        return Block(self, "read", caller(), options_of(None, schema_translate_map, self.home.read_options))

    def run(
        self,
        work: Callable[..., T],
        /,
        *args: Any,
        once: str | None = None,
        tries: int = 5,
        first_delay_s: float = 0.05,
        isolation_level: str | None = None,
        schema_translate_map: Schemas | None = None,
        **kwargs: Any,
    ) -> T:
        """What `work(session, *args, **kwargs)` gives, in a unit of work that is tried again where that is safe.

        Each try has a fresh session; another follows a serialization failure, a deadlock, a lock that was not had in
        time, and a connection that broke before the commit. With `once`, a key that names the work, it is done exactly
        once whatever breaks: the key is written in the same transaction, and who asks again with it is given what the
        work gave then, so that must be what JSON can hold. Any: the arguments are the work's. Raises the last error when
        no try is left, ScopeNested inside of another scope, OutcomeUnknown when the connection broke during the commit
        and there is no key to look up.
        """
        self.home.refuse_inside(get_ident(), "run()")
        if once is not None:
            check_key(once)
        opened, options = caller(), options_of(isolation_level, schema_translate_map)
        with Attempts(tries, first_delay_s, is_once=once is not None) as attempts:
            while True:
                try:
                    if once is not None:
                        self.make_table(LEDGER, opened)
                    return self._tried(Block(self, "begin", opened, options), once, attempts, work, args, kwargs)
                except Exception as error:
                    delay_s = attempts.delay_after(error)
                time.sleep(delay_s)

    def _tried(
        self, block: Block[S], key: str | None, attempts: Attempts, work: Callable[..., T], args: Any, kwargs: Any
    ) -> T:
        """One try of run(). Any: the work's own arguments."""
        with block as session:
            return _worked(session, key, attempts, work, args, kwargs)

    def health(self) -> Health:
        """Whether the database answers now; never raises."""
        started = time.perf_counter()
        told = None
        try:
            with self.engine.connect().execution_options(**self.home.read_options or {}) as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            told = str(getattr(error, "orig", None) or error).splitlines()[0]
        return Health(told is None, time.perf_counter() - started, len(self.home.open_scopes), told)

    def dispose(self) -> None:
        """Close the connections that no scope holds; the others close when they are given back."""
        self.home.is_disposed = True
        for engine in (self.engine, *self._copies):
            engine.dispose()

    def __enter__(self) -> Database[S]:
        return self

    def __exit__(self, *_error: object) -> None:
        self.dispose()

    def room(self, owner: object = None) -> Room:
        """A room for the scope of a request, in this context from now on; the owner counts with asyncio only."""
        return self.home.make_room(None)

    def lend(self, kind: Kind, opened: Site, room: Room) -> Block[S]:
        """A block for a host, which enters and leaves it; it belongs to whoever runs in the context of the room.

        On an event loop it is entered without waiting, and what would wait there is refused when it is asked for.
        """
        return Block(self, kind, opened, None if kind == "begin" else self.home.read_options, room)

    def session_on(self, scope: Scope) -> S:
        """A session for a scope."""
        self._check_thread(scope)
        bind, options = self.home.binding(scope)
        session = self._session_class(bind, **options)
        session.scope = scope  # type: ignore[attr-defined]  # sync_class gives it to the user's class
        return session

    def _check_thread(self, scope: Scope) -> None:
        """Raise BlockingScope on the thread of a running event loop; a scope that is lent is barred from it instead."""
        if self._may_block:
            return
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return
        if scope.owner is None:
            scope.barred = get_ident()
            return
        raise BlockingScope(
            f"{here()}: a scope of a Database on the thread of a running event loop, which stands still for every "
            f"statement.\n  Use AsyncDatabase, or run the work with asyncio.to_thread(); in a notebook make the "
            f'Database with on_event_loop="allow".'
        )

    def make_table(self, table: Table, opened: Site | None = None) -> None:
        """Make one of the tables that scopes keep their notes in, where it is missing."""
        if table.name not in self._made:
            with Block(self, "begin", opened or caller(), self.home.table_options) as session:
                make_table(session, table)
            self._made.add(table.name)


class Block(Outermost[S]):
    """The context manager of an outermost scope."""

    __slots__ = ()

    def __enter__(self) -> S:
        return self.enter()

    def enter(self) -> S:
        """Enter it; a connection is taken when the first statement is sent."""
        return self._open(get_ident() if self._room is None else None)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        scope, session = self._scope, self._session
        if self.is_idle:
            self._leave_idle(error)
            return
        wait_until_left(scope, get_ident())
        scope.ending = True
        try:
            if error is None:
                commit(scope, session)
            else:
                abandon(scope, session)
        finally:
            scope.ending = False
            scope.give_turn_back()
            self._leave()
        if error is None:
            run_hooks(scope)


def run_hooks(scope: Scope) -> None:
    """Call what was to follow the commit, all of it. Raises HooksFailed at the end for what failed."""
    failures = []
    for hook, args, kwargs in scope.hooks:
        try:
            hook(*args, **kwargs)
        except Exception as error:
            failures.append(error)
    if failures:
        raise HooksFailed(scope.told_failures(failures), tuple(failures)) from failures[0]


class Savepoint(Generic[S]):
    """The context manager of a unit of work inside of another: a savepoint."""

    __slots__ = ("_hooks", "_scope", "_session", "_transaction")

    def __init__(self, scope: Scope, session: S) -> None:
        self._scope = scope
        self._session = session

    def __enter__(self) -> S:
        self._hooks = len(self._scope.hooks)
        self._transaction: SessionTransaction = self._session.begin_nested()
        return self._session

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if error is None:
                self._scope.check_sound(self._session)
                self._transaction.commit()
        except BaseException:
            self._undo()
            raise
        if error is not None:
            self._undo()

    def _undo(self) -> None:
        """Back to the savepoint; a connection that is gone took it along."""
        del self._scope.hooks[self._hooks :]
        with suppress(SQLAlchemyError):
            self._transaction.rollback()


def _worked(
    session: Any,
    key: str | None,
    attempts: Attempts,
    work: Callable[..., T],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> T:
    """What the work gives, or gave when it was done under that key. Any: the session's own class, the work's arguments."""
    if key is None:
        return work(session, *args, **kwargs)
    found = done(session, key)
    if found is None:
        claim(session, key)
        attempts.settled()
        found = (record(session, key, work(session, *args, **kwargs)),)
    return found[0]  # type: ignore[no-any-return]  # what comes back out of JSON
