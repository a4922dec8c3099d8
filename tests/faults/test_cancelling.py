"""A cancellation leaves nothing behind: no connection, no running query, no open transaction, no wrong word of the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial

import pytest
from sqlalchemy import NullPool, create_engine, text

from hermetic import AsyncDatabase
from hermetic._scopes import shield

from .bank import Entry, open_bank
from .cancelling import (
    APPLICATION,
    KEPT,
    WAYS,
    Strike,
    Way,
    after_every_step,
    at_every_suspension,
    cancellable,
    ending_of,
    until_idle,
)
from .proxy import Break, Proxy
from .server import Server
from .tellers import address

each_way = pytest.mark.parametrize("way", WAYS)
each_driver = pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])


@asynccontextmanager
async def bank(server: Server, url: str) -> AsyncIterator[AsyncDatabase]:
    """A bank that is open."""
    await asyncio.to_thread(open_bank, create_engine(server.url, poolclass=NullPool))
    async with AsyncDatabase(url, application_name=APPLICATION) as db:
        yield db


def direct(server: Server, driver: str) -> str:
    """The address of the server itself."""
    return f"postgresql+{driver}://postgres@/postgres?host={server.sockets}"


async def strike_when(is_time: Callable[[], bool], strike: Strike) -> None:
    """Strike as soon as it is time."""
    while not await asyncio.to_thread(is_time):
        await asyncio.sleep(0.002)
    strike()


async def struck(work: Awaitable[object], way: Way, is_time: Callable[[], bool]) -> None:
    """Await the work, and cancel it in that way when it is time."""

    async def whole() -> None:
        async with cancellable(way) as strike:
            watching = asyncio.ensure_future(strike_when(is_time, strike))
            await work
            await watching

    with suppress(asyncio.CancelledError, TimeoutError):
        await asyncio.ensure_future(whole())


@each_driver
@each_way
def test_at_every_point_of_a_unit(server: Server, driver: str, way: Way) -> None:
    """Wherever a unit waits it can be cancelled, and says rightly whether its work is kept."""

    async def whole() -> None:
        async with bank(server, direct(server, driver)) as db:
            endings = [
                *await at_every_suspension(db, server, way),
                *await after_every_step(db, server, way, stride=200),
            ]

            assert [] == [each for each in endings if not each.is_right]
            assert len(endings) > 8

    asyncio.run(whole())


@each_driver
@each_way
def test_a_running_query_is_cancelled(server: Server, driver: str, way: Way) -> None:
    """The backend stops working on it; a cancel scope that cancels again and again does not keep the driver from asking."""

    async def sleep(db: AsyncDatabase) -> None:
        async with db.begin() as session:
            await session.execute(text("SELECT pg_sleep(60)"))

    async def whole() -> None:
        async with bank(server, direct(server, driver)) as db:
            is_asleep = partial(is_running, server, "pg_sleep(60)")
            await struck(sleep(db), way, is_asleep)

            assert ([], 0) == (await until_idle(server), db.engine.pool.checkedout())

    asyncio.run(whole())


@each_driver
@each_way
def test_on_the_connection_underneath(server: Server, driver: str, way: Way) -> None:
    """Its statements are awaited by no scope: the unit ends all the same, and the connection is in the pool."""

    async def wait(db: AsyncDatabase) -> None:
        async with db.begin() as session:
            await (await session.connection()).execute(text("SELECT pg_sleep(60)"))

    async def whole() -> None:
        async with bank(server, direct(server, driver)) as db:
            await struck(wait(db), way, partial(is_running, server, "pg_sleep(60)"))
            left = [] if way == "anyio.CancelScope" else await until_idle(server)  # there the server learns of it late
            server.ask(END_ALL, APPLICATION)

            assert ([], 0) == (left, db.engine.pool.checkedout())

    asyncio.run(whole())


END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND state <> 'idle'"


def is_running(server: Server, query: str) -> bool:
    """Whether a backend is at that query."""
    return any(query in each for _, each in server.busy(APPLICATION))


@each_driver
@each_way
@pytest.mark.parametrize("where", ["request", "answer"])
def test_during_the_commit(server: Server, driver: str, way: Way, where: str) -> None:
    """The commit comes to its end, the CancelledError tells of it, and what was to follow it follows."""
    told: list[str] = []
    followed: list[str] = []

    async def unit(db: AsyncDatabase) -> None:
        try:
            async with db.begin() as session:
                session.add(Entry(key="held", source_id=1, target_id=2, amount=1))
                session.after_commit(followed.append, "mail")
        except asyncio.CancelledError as error:
            told.extend(error.__notes__)
            raise

    async def whole() -> None:
        with Proxy(server.socket) as proxy:
            async with bank(server, address(driver, proxy.port)) as db:
                proxy.break_commit(Break(where, 0, "delay"))
                await struck(unit(db), way, lambda: bool(proxy.injected))
                ending = await ending_of(db, server, "held", True, any(KEPT in each for each in told))

                assert (True, True, ["mail"]) == (ending.is_right, ending.is_kept, followed)

    asyncio.run(whole())


@each_driver
@each_way
def test_a_network_that_is_silent(server: Server, driver: str, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is cancelled while the answer to the commit never comes is not kept for ever, and is told that nobody knows."""
    monkeypatch.setattr(shield, "PATIENCE_S", 0.3)
    told: list[str] = []

    async def unit(db: AsyncDatabase) -> None:
        try:
            async with db.begin() as session:
                session.add(Entry(key="silent", source_id=1, target_id=2, amount=1))
        except asyncio.CancelledError as error:
            told.extend(error.__notes__)
            raise

    async def whole() -> None:
        with Proxy(server.socket, silence_s=60) as proxy:
            async with bank(server, address(driver, proxy.port)) as db:
                proxy.break_commit(Break("answer", 0, "stall"))
                await struck(unit(db), way, lambda: bool(proxy.injected))

                assert ([True], 0) == (["may be kept or not" in each for each in told], db.engine.pool.checkedout())

    asyncio.run(whole())


@pytest.mark.parametrize("in_savepoint", [False, True])
def test_a_network_that_falls_silent(server: Server, in_savepoint: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is cancelled there does not wait for ever to undo what was done: the connection is thrown away.

    psycopg as well, after ten seconds that are its own.
    """
    monkeypatch.setattr(shield, "PATIENCE_S", 0.3)

    async def ask(db: AsyncDatabase, proxy: Proxy) -> None:
        async with db.begin() as session:
            await session.execute(text("SELECT 1"))
            async with db.begin() if in_savepoint else nullcontext():
                await session.execute(text("SELECT 2"))
                proxy.freeze()
                await asyncio.sleep(3600)

    async def whole() -> None:
        with Proxy(server.socket) as proxy:
            async with bank(server, address("asyncpg", proxy.port)) as db:
                await struck(ask(db, proxy), "task.cancel()", proxy.is_frozen.is_set)

                assert 0 == db.engine.pool.checkedout()

    asyncio.run(whole())
