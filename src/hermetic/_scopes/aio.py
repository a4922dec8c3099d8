"""AsyncDatabase: scopes for programs with asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from types import TracebackType
from typing import Any, Generic, TypeVar, Unpack, cast, overload

from sqlalchemy import URL, Table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, AsyncSessionTransaction
from sqlalchemy.orm import Session

from .._where import Site
from ..errors import BadDatabase, HooksFailed
from .blocks import Outermost, Reading, Served
from .ending import LEAVE_S, LOOK_S, abandon, commit
from .engines import How, Settings, async_engine
from .home import Attempts, Health, Home, Room, Schemas, options_of
from .once import LEDGER, check_key, claim, done, record
from .replicas import Replicas
from .scope import Kind, Scope, caller, here
from .sessions import AsyncScopeSession, async_class, plain_of
from .shield import CancelledOnce, to_the_end, while_patient
from .tables import make_table

S = TypeVar("S", bound=AsyncSession)
T = TypeVar("T")


class AsyncDatabase(Served[S]):
    """One engine for asyncio, and scopes in which what is done with a session cannot leak from it.

    ```python
    db = AsyncDatabase("sqlite+aiosqlite:///shop.db")

    async with db.begin() as session:
        session.add(Order(customer_id=5))
    ```

    Everything is as with Database, and awaited. It belongs to the event loop that uses it first; when that loop has been
    closed, the next one may have it, with connections of its own. Raises BadDatabase for what cannot work safely.
    """

    @overload
    def __init__(
        self: AsyncDatabase[AsyncScopeSession], source: str | URL | AsyncEngine, **how: Unpack[How]
    ) -> None: ...
    @overload
    def __init__(self, source: str | URL | AsyncEngine, *, session_class: type[S], **how: Unpack[How]) -> None: ...
    def __init__(
        self,
        source: str | URL | AsyncEngine,
        *,
        session_class: type[AsyncSession] = AsyncScopeSession,
        **how: Unpack[How],
    ) -> None:
        settings = Settings(**how)
        self.engine = async_engine(source, settings)
        self.home: Home[AsyncEngine, S] = Home(self.engine, settings)
        made = async_class(session_class)  # type: ignore[arg-type]  # a class can be hashed
        self._session_class: Callable[..., S] = cast("type[S]", made)  # the overloads say which
        self._loop: asyncio.AbstractEventLoop | None = None
        self._made = set[str]()
        self._copies = [async_engine(each, settings) for each in settings.replicas]
        if self._copies:
            copies = [each.sync_engine for each in self._copies]
            self.home.replicas = Replicas(self.engine.sync_engine, copies, settings.replica_lag_s, settings.secret)

    def begin(
        self, *, isolation_level: str | None = None, schema_translate_map: Schemas | None = None
    ) -> AbstractAsyncContextManager[S]:
        """A unit of work: committed at the end of the block, rolled back when an exception or a cancellation leaves it.

        Inside of another one of the same task it is a savepoint of that. Objects stay readable after it, and refuse to be
        changed. The commit is brought to its end even when the task is cancelled during it; a note of the CancelledError
        tells what became of it. Raises as Database.begin does.
        """
        options = options_of(isolation_level, schema_translate_map)
        around = self.home.around(asyncio.current_task())
        if around is not None:
            around[0].check_begin_inside(options)
            return AsyncSavepoint(*around)
        return AsyncBlock(self, "begin", caller(), options)

    def read(self, *, schema_translate_map: Schemas | None = None) -> AbstractAsyncContextManager[S]:
        """A block that reads, and in which every write is refused: by the session, and by the database where it can.

        Inside of another scope it reads with the session of that.
        """
        around = self.home.around(asyncio.current_task())
        if around is not None:
            around[0].check_read_inside(options_of(None, schema_translate_map))
            return Reading(*around)
        return AsyncBlock(self, "read", caller(), options_of(None, schema_translate_map, self.home.read_options))

    async def run(
        self,
        work: Callable[..., Awaitable[T]],
        /,
        *args: Any,
        once: str | None = None,
        tries: int = 5,
        first_delay_s: float = 0.05,
        isolation_level: str | None = None,
        schema_translate_map: Schemas | None = None,
        **kwargs: Any,
    ) -> T:
        """What `await work(session, *args, **kwargs)` gives, in a unit of work that is tried again where that is safe.

        When that is, what `once` does, and what it raises: as Database.run. Any: the arguments are the work's.
        """
        self.home.refuse_inside(asyncio.current_task(), "run()")
        if once is not None:
            check_key(once)
        opened, options = caller(), options_of(isolation_level, schema_translate_map)
        with Attempts(tries, first_delay_s, is_once=once is not None) as attempts:
            while True:
                try:
                    if once is not None:
                        await self.make_table(LEDGER, opened)
                    block = AsyncBlock(self, "begin", opened, options)
                    return await self._tried(block, once, attempts, work, args, kwargs)
                except Exception as error:
                    delay_s = attempts.delay_after(error)
                await asyncio.sleep(delay_s)

    async def _tried(
        self,
        block: AsyncBlock[S],
        key: str | None,
        attempts: Attempts,
        work: Callable[..., Awaitable[T]],
        args: Any,
        kwargs: Any,
    ) -> T:
        """One try of run(). Any: the work's own arguments."""
        async with block as session:
            return await _worked(session, key, attempts, work, args, kwargs)

    async def health(self) -> Health:
        """Whether the database answers now; never raises."""
        started = time.perf_counter()
        told = None
        try:
            async with self.engine.connect() as connection:
                await connection.execution_options(**self.home.read_options or {})
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError) as error:
            told = str(getattr(error, "orig", None) or error).splitlines()[0]
        return Health(told is None, time.perf_counter() - started, len(self.home.open_scopes), told)

    async def dispose(self) -> None:
        """Close the connections that no scope holds; the others close when they are given back."""
        self.home.is_disposed = True
        for engine in (self.engine, *self._copies):
            await engine.dispose()

    async def __aenter__(self) -> AsyncDatabase[S]:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await to_the_end(self.dispose())

    def room(self, owner: object = None) -> Room:
        """A room for the scope of a request, in this context from now on; without an owner that is who opens the scope."""
        return self.home.make_room(owner)

    def lend(self, kind: Kind, opened: Site, room: Room) -> AsyncBlock[S]:
        """A block for a host, which enters and leaves it; it belongs to the task of the room, or the one that enters it."""
        return AsyncBlock(self, kind, opened, None if kind == "begin" else self.home.read_options, room)

    def session_on(self, scope: Scope) -> S:
        """A session for a scope."""
        self._check_loop()
        bind, options = self.home.binding(scope)
        session = self._session_class(bind, **options)
        session.scope = scope  # type: ignore[attr-defined]  # async_class gives it to the user's class
        plain = plain_of(session)
        if plain is not None:
            plain.scope = scope  # type: ignore[attr-defined]  # and to the plain session inside
        return session

    def _check_loop(self) -> None:
        """Raise BadDatabase on another event loop than the one that the connections belong to."""
        loop = asyncio.get_running_loop()
        if loop is self._loop:
            return
        if self._loop is not None and not self._loop.is_closed():
            raise BadDatabase(
                f"{here()}: this AsyncDatabase belongs to another event loop that is running still, and so do its "
                f"connections.\n  Make one for each loop."
            )
        if self._loop is not None:
            for engine in (self.engine, *self._copies):
                engine.sync_engine.dispose(close=False)
        self._loop = loop

    async def make_table(self, table: Table, opened: Site | None = None) -> None:
        """Make one of the tables that scopes keep their notes in, where it is missing."""
        if table.name not in self._made:
            async with AsyncBlock(self, "begin", opened or caller(), self.home.table_options) as session:
                await session.run_sync(make_table, table)
            self._made.add(table.name)


class AsyncBlock(Outermost[S]):
    """The context manager of an outermost scope."""

    __slots__ = ()

    async def __aenter__(self) -> S:
        return self.enter()

    def enter(self) -> S:
        """Enter it, which awaits nothing: a connection is taken when the first statement is sent."""
        owner = self._room.owner if self._room is not None else None
        return self._open(asyncio.current_task() if owner is None else owner)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        scope = self._scope
        if self.is_idle:
            self._leave_idle(error)
            return
        scope.ending = True
        cancelled: asyncio.CancelledError | None = None
        try:
            await to_the_end(self._end(error))
        except asyncio.CancelledError as told:
            cancelled = told
        finally:
            scope.ending = False
            self._leave()
        if cancelled is not None:
            raise await _told(cancelled, scope)
        if error is None:
            await run_hooks(scope)

    async def _end(self, error: BaseException | None) -> None:
        """End the transaction, when no other task is inside of the session any more."""
        scope = self._scope
        deadline = time.monotonic() + LEAVE_S
        while scope.task is not None and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_S)
        scope.task = None
        ended = self._session.run_sync(_ended, error)
        await (ended if error is None else while_patient(ended))


def _ended(session: Session, error: BaseException | None) -> None:
    """End the transaction of a scope, as `Block.__exit__` does; in the greenlet of the AsyncSession."""
    scope: Scope = session.scope  # type: ignore[attr-defined]  # async_class gives it to the user's class
    if error is None:
        commit(scope, session)
    else:
        abandon(scope, session)


async def _told(cancelled: asyncio.CancelledError, scope: Scope) -> asyncio.CancelledError:
    """The cancellation with what became of the work; what was to follow a commit follows it all the same."""
    cancelled.add_note(scope.told_cancelled())
    if scope.outcome == "committed":
        try:
            await to_the_end(run_hooks(scope))
        except (HooksFailed, asyncio.CancelledError) as failed:
            cancelled.add_note(str(failed.__cause__ or failed))
    return cancelled


async def run_hooks(scope: Scope) -> None:
    """Call what was to follow the commit, all of it, and await what is async. Raises HooksFailed for what failed."""
    failures = []
    for hook, args, kwargs in scope.hooks:
        try:
            result = hook(*args, **kwargs)
            if isinstance(result, Awaitable):
                await result
        except Exception as error:
            failures.append(error)
    if failures:
        raise HooksFailed(scope.told_failures(failures), tuple(failures)) from failures[0]


class AsyncSavepoint(Generic[S]):
    """The context manager of a unit of work inside of another: a savepoint."""

    __slots__ = ("_hooks", "_scope", "_session", "_transaction")

    def __init__(self, scope: Scope, session: S) -> None:
        self._scope = scope
        self._session = session

    async def __aenter__(self) -> S:
        self._hooks = len(self._scope.hooks)
        self._transaction: AsyncSessionTransaction = await CancelledOnce(self._session.begin_nested().start())
        return self._session

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._scope.check_sound(self._session.sync_session)
                await to_the_end(self._transaction.commit())
        except BaseException:
            await self._undo()
            raise
        if error is not None:
            await self._undo()

    async def _undo(self) -> None:
        """Back to the savepoint; a connection that is gone took it along."""
        del self._scope.hooks[self._hooks :]
        with suppress(SQLAlchemyError):
            await to_the_end(while_patient(self._transaction.rollback()))


async def _worked(
    session: AsyncSession,
    key: str | None,
    attempts: Attempts,
    work: Callable[..., Awaitable[T]],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> T:
    """What the work gives, or gave when it was done under that key. Any: the work's own arguments."""
    if key is None:
        return await work(session, *args, **kwargs)
    found = await session.run_sync(done, key)
    if found is None:
        await session.run_sync(claim, key)
        attempts.settled()
        found = (await session.run_sync(record, key, await work(session, *args, **kwargs)),)
    return found[0]  # type: ignore[no-any-return]  # what comes back out of JSON
