"""The scope of one visit on an event loop: opened when it is asked for, ended without making the loop wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic

from anyio import CapacityLimiter, WouldBlock, to_thread
from anyio.lowlevel import RunVar

from .._scopes.aio import AsyncBlock, AsyncDatabase
from .._scopes.scope import Kind, here
from .._scopes.shield import to_the_end
from .._scopes.sync import Block, Database
from .._where import Site
from ..errors import HooksFailed, ScopeClosed
from ._requests import Lender, Lent, S, Work, tell_of


class Visit(Generic[S]):
    """A request, a call or a job: the scope that was opened in it, if any, and what is to be done after it."""

    __slots__ = ("_after", "_block", "_db", "_kind", "_room", "_seats", "_session", "is_over")

    def __init__(self, db: Lender[S], owner: object = None) -> None:
        self._db = db
        self._room = None if owner is None else db.room(owner)
        self._after: list[tuple[Work, tuple[Any, ...], dict[str, Any]]] = []
        self._block: Lent[S] | None = None
        self._kind: Kind = "begin"
        self.is_over = False

    async def begin(self, opened: Site) -> S:
        """The session of the unit of work; the same one however often it is asked for. `opened` is where the visit is seen.

        A read scope becomes it when it has not been used yet, and else ends before it.
        """
        if self._block is not None and self._kind == "read":
            if self._block.is_idle:
                self._block.widen()
                self._kind = "begin"
            else:
                await self.end(None)
        return self._session if self._block is not None else await self._open("begin", opened)

    async def read(self, opened: Site) -> S:
        """The session of a read scope; that of the unit of work, if there is one."""
        return self._session if self._block is not None else await self._open("read", opened)

    async def _open(self, kind: Kind, opened: Site) -> S:
        if self.is_over:
            raise ScopeClosed(
                f"{here()}: a session of the request was asked for when its response had started.\n"
                f"  Open a scope of its own for this work: with db.{kind}() as session:"
            )
        if isinstance(self._db, Database):
            await self._take_seat()
        if self._room is None:
            self._room = self._db.room()
        block = self._block = self._db.lend(kind, opened, self._room)
        self._kind = kind
        self._session = block.enter()
        return self._session

    async def _take_seat(self) -> None:
        """Take a seat at once if there is one: to wait costs a turn of the event loop even where there is no need."""
        self._seats = seats()
        try:
            self._seats.acquire_on_behalf_of_nowait(self)
        except WouldBlock:
            await self._seats.acquire_on_behalf_of(self)

    def background(self, work: Work, *args: Any, **kwargs: Any) -> None:
        """Do `work(session, *args, **kwargs)` in a unit of its own, after the visit, if the work of this one is kept."""
        self._after.append((work, args, kwargs))

    async def end(self, error: BaseException | None) -> None:
        """End the scope that is open: its work is kept when there is no error."""
        block, self._block = self._block, None
        if error is not None:
            self._after.clear()
        if block is None:
            return
        del self._session  # frameworks keep what belongs to a request until garbage is collected
        kind = None if error is None else type(error)
        try:
            if isinstance(block, AsyncBlock):
                await block.__aexit__(kind, error, None)
            elif isinstance(block, Block) and block.is_idle:
                block.__exit__(kind, error, None)
            elif isinstance(block, Block):
                await to_the_end(aside(block.__exit__, kind, error, None))
        except HooksFailed as failed:
            tell_of(failed)
        except BaseException:
            self._after.clear()
            raise
        finally:
            if isinstance(self._db, Database):
                self._seats.release_on_behalf_of(self)

    async def follow(self) -> None:
        """Do what was to be done after it."""
        for work, args, kwargs in self._after:
            if isinstance(self._db, AsyncDatabase):
                await self._db.run(work, *args, **kwargs)
            else:
                await aside(self._db.run, work, *args, **kwargs)


_SEATS: RunVar[CapacityLimiter] = RunVar("hermetic_seats")


def seats() -> CapacityLimiter:
    """How many requests of this event loop may have a blocking session at once; the others wait without a thread.

    Less than there are threads: a request that has a connection needs a thread to go on, for its response model say, and
    would wait for ever if all of them waited for its connection.
    """
    found = _SEATS.get(None)
    if found is None:
        found = CapacityLimiter(max(1, to_thread.current_default_thread_limiter().total_tokens * 3 // 4))
        _SEATS.set(found)
    return found


async def dispose(db: Lender[S]) -> None:
    """Close the connections of a Database, beside the loop, or of an AsyncDatabase."""
    if isinstance(db, AsyncDatabase):
        await db.dispose()
    else:
        await aside(db.dispose)


async def aside(work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the work gives, in a thread that nobody else waits for. Any: its arguments and its result.

    The threads of endpoints may all be waiting for the connection that this work gives back, so it is not one of them.
    """
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=CapacityLimiter(1))
