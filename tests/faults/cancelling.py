"""Cancellations at every point of a unit of work, and what must be true after each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

import anyio
from sqlalchemy import func, select, text

from hermetic import AsyncDatabase

from .bank import Entry
from .server import Server

Way = Literal["task.cancel()", "asyncio.timeout()", "anyio.CancelScope"]
WAYS: tuple[Way, ...] = ("task.cancel()", "asyncio.timeout()", "anyio.CancelScope")

Strike = Callable[[], object]
APPLICATION = "cancelling"
GRACE_S = 3.0
KEPT = "its work is kept"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a unit of work ended that was to be cancelled, and what there was afterwards."""

    was_cancelled: bool
    is_told_kept: bool
    """Whether it said that its work is kept: by coming to its end, or by a note of the CancelledError."""
    is_kept: bool
    held: int
    """Connections that are out of the pool."""
    busy: list[tuple[str, str]]
    """Backends that are not idle, with their queries."""

    @property
    def is_right(self) -> bool:
        return self.is_told_kept == self.is_kept and not self.held and not self.busy


class StrikeAt:
    """Awaits, and strikes when the awaiting suspends for the so-manieth time, counted from 0."""

    def __init__(self, work: Awaitable[object], number: int, strike: Strike) -> None:
        self._steps = work.__await__()
        self._number = number
        self._strike = strike

    def __await__(self) -> Generator[Any, Any, object]:
        number = 0
        try:
            waits = self._steps.send(None)
            while True:
                if number == self._number:
                    asyncio.get_running_loop().call_soon(self._strike)
                number += 1
                try:
                    yield waits
                except BaseException as error:
                    waits = self._steps.throw(error)
                else:
                    waits = self._steps.send(None)
        except StopIteration as stop:
            return stop.value


async def strike_after(work: Awaitable[object], steps: int, strike: Strike) -> object:
    """Await, and strike after so many turns of the event loop, wherever the work is then."""

    async def watch() -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        strike()

    watching = asyncio.ensure_future(watch())
    try:
        return await work
    finally:
        watching.cancel()


@asynccontextmanager
async def cancellable(way: Way) -> AsyncIterator[Strike]:
    """A block that can be cancelled in that way, and what does it."""
    match way:
        case "task.cancel()":
            task = asyncio.current_task()
            assert task is not None
            yield task.cancel
        case "asyncio.timeout()":
            async with asyncio.timeout(None) as timeout:
                yield lambda: timeout.reschedule(0)
        case "anyio.CancelScope":
            with anyio.CancelScope() as scope:
                yield scope.cancel


async def unit(db: AsyncDatabase, key: str, told: list[str]) -> None:
    """A unit of work with a query that takes a while, a savepoint and a write; it tells how it ended."""
    try:
        async with db.begin() as session:
            await session.scalar(select(func.count()).select_from(Entry))
            async with db.begin():
                session.add(Entry(key=key, source_id=1, target_id=2, amount=1))
            await session.execute(text("SELECT pg_sleep(0.002)"))
    except asyncio.CancelledError as error:
        told.extend(getattr(error, "__notes__", ["cancelled"]))
        raise
    told.append(KEPT)


async def cancel_once(
    db: AsyncDatabase, server: Server, way: Way, key: str, cut: Callable[[Awaitable[object], Strike], Awaitable[object]]
) -> Ending:
    """Run a unit, cancel it where `cut` does, and look at what is left of it."""
    told: list[str] = []

    async def whole() -> None:
        async with cancellable(way) as strike:
            await cut(unit(db, key, told), strike)

    with suppress(asyncio.CancelledError, TimeoutError):
        await asyncio.ensure_future(whole())
    return await ending_of(db, server, key, told != [KEPT], any(KEPT in each for each in told))


async def ending_of(db: AsyncDatabase, server: Server, key: str, was_cancelled: bool, is_told_kept: bool) -> Ending:
    """What is there now: a backend that still works is given a moment."""
    busy = await until_idle(server)
    found = await asyncio.to_thread(server.ask, "SELECT count(*) FROM entries WHERE key = %s", key)
    return Ending(was_cancelled, is_told_kept, found == [(1,)], db.engine.pool.checkedout(), busy)


async def until_idle(server: Server) -> list[tuple[str, str]]:
    """What is still busy after the grace."""
    deadline = time.monotonic() + GRACE_S
    while True:
        busy = await asyncio.to_thread(server.busy, APPLICATION)
        if not busy or time.monotonic() > deadline:
            return busy
        await asyncio.sleep(0.01)


async def at_every_suspension(db: AsyncDatabase, server: Server, way: Way) -> list[Ending]:
    """Cancel at the first await that waits, at the second, and so on, until a unit comes to its end."""
    endings: list[Ending] = []
    while not endings or endings[-1].was_cancelled:
        number = len(endings)
        key = f"{way}-suspension-{number}"
        endings.append(await cancel_once(db, server, way, key, lambda work, hit, n=number: StrikeAt(work, n, hit)))
    return endings


async def after_every_step(db: AsyncDatabase, server: Server, way: Way, *, stride: int = 1) -> list[Ending]:
    """Cancel after so many turns of the event loop, more and more, until a unit comes to its end."""
    endings: list[Ending] = []
    while not endings or endings[-1].was_cancelled:
        steps = len(endings) * stride
        key = f"{way}-step-{steps}"
        endings.append(await cancel_once(db, server, way, key, lambda work, hit, n=steps: strike_after(work, n, hit)))
    return endings
