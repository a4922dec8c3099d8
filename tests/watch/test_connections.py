"""Connections that no session works with: who opened them, and who never closed them."""

from __future__ import annotations

import asyncio
import gc
from types import ModuleType

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import Pool, SingletonThreadPool, StaticPool

from hermetic._watch import Watch
from hermetic._watch.sqlalchemy.engines import CONNECTS
from hermetic.testing import no_leaks

from .conftest import run, told


def drop(shop: ModuleType) -> None:
    """Asks by a connection that nobody closes."""
    connection = shop.engine.connect()
    connection.execute(text("select 1"))


def close(shop: ModuleType) -> None:
    """Asks by a connection that is closed."""
    with shop.engine.connect() as connection:
        connection.execute(text("select 1"))


def drop_async(shop: ModuleType) -> None:
    """The same with an asynchronous engine."""

    async def ask() -> None:
        connection = await shop.async_engine.connect()
        await connection.execute(text("select 1"))

    run(shop, ask())


def close_async(shop: ModuleType) -> None:
    """The same with an asynchronous engine."""

    async def ask() -> None:
        async with shop.async_engine.connect() as connection:
            await connection.execute(text("select 1"))

    run(shop, ask())


@pytest.mark.filterwarnings("ignore:The garbage collector is trying to clean up")
@pytest.mark.parametrize(
    ("work", "line", "fix"),
    [
        (drop, "connection = shop.engine.connect()", "with shop.engine.connect() as connection: …"),
        (
            drop_async,
            "connection = await shop.async_engine.connect()",
            "async with shop.async_engine.connect() as connection: …",
        ),
    ],
    ids=["sync", "async"],
)
def test_a_connection_that_is_dropped(shop: ModuleType, watch: Watch, work: object, line: str, fix: str) -> None:
    """The pool gets it back, or loses it, when garbage is collected; until then it is one less."""
    assert callable(work)
    work(shop)
    gc.collect()

    assert [("session-leak", line, "warning")] == told(watch)
    assert fix == watch.findings()[0].finding.fix


@pytest.mark.parametrize("work", [close, close_async], ids=["sync", "async"])
def test_a_connection_that_is_closed(shop: ModuleType, watch: Watch, work: object) -> None:
    """A `with` block gives it back."""
    assert callable(work)
    work(shop)
    gc.collect()

    assert [] == told(watch)


@pytest.mark.parametrize("pool", [SingletonThreadPool, StaticPool])
def test_one_connection_for_all_is_not_missed(watch: Watch, pool: type[Pool]) -> None:
    """Whoever drops such a connection drops what others hold as well: nobody is accused."""
    engine = create_engine("sqlite://", poolclass=pool)
    with engine.connect():
        engine.connect().execute(text("select 1"))
    gc.collect()
    engine.dispose()

    assert [] == told(watch)


def test_an_open_connection_is_named(shop: ModuleType) -> None:
    """`no_leaks` tells where it was opened."""
    kept = []
    with (
        pytest.raises(AssertionError, match=r"connection Connection #\d+, .*kept\.append\(shop\.engine\.connect\(\)\)"),
        no_leaks(),
    ):
        kept.append(shop.engine.connect())
    kept.pop().close()


def test_a_task_that_goes_on_is_named(shop: ModuleType) -> None:
    """`no_leaks` tells which task holds a session still, and what that waits for."""

    async def forever(ready: asyncio.Event) -> None:
        async with shop.AsyncSessionLocal() as session:
            await session.scalars(select(shop.Order))
            ready.set()
            await asyncio.Event().wait()

    async def forget() -> None:
        ready = asyncio.Event()
        task = asyncio.create_task(forever(ready), name="poller")
        try:
            with no_leaks():
                await ready.wait()
        finally:
            task.cancel()
            await asyncio.wait([task])

    with pytest.raises(AssertionError) as raised:
        run(shop, forget())

    told = str(raised.value).splitlines()[1:]
    holder = f"held by the task poller ({forever.__qualname__}) that waits at "
    assert ["connection", "session", "transaction"] == sorted(line.split()[0] for line in told)
    assert [True] * 3 == [holder in line and line.endswith(": await asyncio.Event().wait()") for line in told]


def test_the_connection_of_a_session_is_the_sessions(shop: ModuleType, watch: Watch) -> None:
    """A session that is dropped is told as one leak, not as two; where it takes a connection is known by its function."""
    session = shop.SessionLocal()
    session.scalars(select(shop.Order)).all()
    del session
    gc.collect()

    assert CONNECTS is not None
    assert ["session-leak"] == [slug for slug, _, _ in told(watch)]
