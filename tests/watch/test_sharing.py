"""Sessions that two use at once, engines and databases that are made too often."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from hermetic._watch import Watch

from .conftest import run, told, watched


def test_two_tasks_in_one_session(shop: ModuleType, watch: Watch) -> None:
    """Seen also where SQLAlchemy is silent: on a session that has its connection already."""

    async def ask(session: AsyncSession) -> None:
        await session.execute(text("select 1"))

    async def both() -> None:
        async with shop.AsyncSessionLocal() as session:
            await ask(session)
            await asyncio.gather(ask(session), ask(session))

    run(shop, both())

    assert [("concurrent-session", 'await session.execute(text("select 1"))', "error")] == told(watch)


def test_one_task_after_the_other(shop: ModuleType, watch: Watch) -> None:
    """A session may be handed from task to task."""

    async def ask(session: AsyncSession) -> None:
        await session.execute(text("select 1"))

    async def both() -> None:
        async with shop.AsyncSessionLocal() as session:
            await asyncio.create_task(ask(session))
            await asyncio.create_task(ask(session))

    run(shop, both())

    assert [] == told(watch)


def test_two_threads_in_one_session(shop: ModuleType, watch: Watch) -> None:
    """One thread is in the middle of a statement when the other comes."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    inside, done = threading.Event(), threading.Event()

    def wait() -> int:
        inside.set()
        done.wait(10)
        return 1

    with Session(engine) as session:
        session.connection().connection.create_function("wait", 0, wait)
        slow = threading.Thread(target=lambda: session.execute(text("select wait()")))
        slow.start()
        inside.wait(10)
        threading.Timer(0.1, done.set).start()
        with suppress(Exception):
            session.execute(text("select 2"))
        done.set()
        slow.join()
    engine.dispose()

    assert [("shared-session", 'session.execute(text("select 2"))', "error")] == told(watch)


def test_one_thread_after_the_other(shop: ModuleType, watch: Watch) -> None:
    """A session may be handed from thread to thread, as FastAPI does with its dependencies."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with Session(engine) as session:
        for _ in range(3):
            thread = threading.Thread(target=lambda: session.execute(text("select 1")))
            thread.start()
            thread.join()
    engine.dispose()

    assert [] == told(watch)


def test_two_requests_in_one_session(shop: ModuleType, watch: Watch) -> None:
    """A global session is told where the second request uses it; one for each request is not."""
    app = FastAPI()
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    shared = Session(engine)

    def get_db() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    @app.get("/shared")
    def use_shared() -> int:
        return shared.scalar(text("select 1")) or 0

    @app.get("/own")
    def use_own(session: Session = Depends(get_db)) -> int:  # noqa: B008
        return session.scalar(text("select 1")) or 0

    with TestClient(app) as client:
        for _ in range(3):
            assert "1" == client.get("/own").text

        assert [] == told(watch)

        for _ in range(3):
            client.get("/shared")
    shared.close()
    engine.dispose()

    assert [("shared-session", 'return shared.scalar(text("select 1")) or 0', "error")] == told(watch)


def test_a_fixture_may_share_its_session(shop: ModuleType) -> None:
    """Under a test suite requests share the session of a fixture on purpose."""
    app = FastAPI()
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    with watched(under_test=None) as watch, Session(engine) as session:

        @app.get("/")
        def use() -> int:
            return session.scalar(text("select 1")) or 0

        with TestClient(app) as client:
            client.get("/")
            client.get("/")
        session.close()
        engine.dispose()

        assert [] == told(watch)


def test_an_engine_for_each_call(shop: ModuleType, watch: Watch) -> None:
    """The third engine of one line, none of them disposed, is one too many."""

    def price() -> None:
        engine = create_engine(shop.DATABASE_URL)
        with Session(engine) as session:
            session.get(shop.Product, 1)

    for _ in range(3):
        price()

    assert [("engine-per-call", "engine = create_engine(shop.DATABASE_URL)", "warning")] == told(watch)


def test_an_engine_takes_its_arguments(watch: Watch) -> None:
    """create_engine() reads the names of the engine's arguments, so the watched one has to have them."""
    engine = create_engine("sqlite://", echo=False, logging_name="shop", execution_options={"a": 1})

    assert "shop" == engine.logging_name
    engine.dispose()


def test_an_engine_that_is_disposed(shop: ModuleType, watch: Watch) -> None:
    """Who disposes of an engine may make another."""
    for _ in range(5):
        engine = create_engine(shop.DATABASE_URL)
        engine.dispose()

    assert [] == told(watch)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_memory_database_for_each_thread(shop: ModuleType, watch: Watch) -> None:
    """Each thread gets an empty database of its own; told at the engine."""
    engine = create_engine("sqlite://")
    found: list[BaseException] = []

    def ask() -> None:
        with Session(engine) as session:
            try:
                session.execute(text("select * from t"))
            except OperationalError as error:
                found.append(error)

    with Session(engine) as session:
        session.execute(text("create table t (id integer)"))
        session.commit()
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    engine.dispose()

    assert [OperationalError] == [type(error) for error in found]
    assert [("split-memory-database", 'engine = create_engine("sqlite://")', "error")] == told(watch)


def test_a_pool_that_runs_dry(shop: ModuleType, watch: Watch) -> None:
    """Who holds the connections is told with the line that opened the session."""
    engine = create_engine(shop.DATABASE_URL, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01)
    with Session(engine) as holder:
        holder.execute(text("select 1"))
        with Session(engine) as session, pytest.raises(PoolTimeout):
            session.execute(text("select 1"))
    engine.dispose()

    assert [("session-leak", "with Session(engine) as holder:", "warning")] == told(watch)
