"""A Database says clearly what it cannot work with, and sets on a connection what every program should have set."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlmodel
from sqlalchemy import make_url, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelAsyncSession

from hermetic import AsyncDatabase, Database
from hermetic._scopes.engines import Settings, _arguments, _connect_arguments
from hermetic.errors import BadDatabase, BlockingScope, ScopeNested
from hermetic.testing import sandbox
from tests.world import Base, Order, Tag

from .twin import Twin, TwinBlock


@pytest.mark.parametrize(
    ("kind", "url", "told"),
    [
        (Database, "nonsense", "cannot be used"),
        (Database, "oracel://user:secret@host/shop", r"dialect\+driver://user:password@host/database"),
        (Database, "sqlite+aiosqlite:///shop.db", "Use AsyncDatabase"),
        (AsyncDatabase, "sqlite:///shop.db", r"Use Database, or a driver such as sqlite\+aiosqlite"),
        (Database, "mssql+pymssql://user:secret@host/shop", "pip install pymssql"),
    ],
)
def test_a_wrong_address_is_told_in_a_sentence(kind: type, url: str, told: str) -> None:
    """What is wrong, with what, and the next step; never the password."""
    with pytest.raises(BadDatabase, match=told) as raised:
        kind(url)

    assert "secret" not in str(raised.value)


def test_an_engine_of_the_other_kind_is_refused() -> None:
    """An asyncio engine cannot be used without, and the other way round."""
    with pytest.raises(BadDatabase, match="is an address for asyncio"):
        Database(create_async_engine("sqlite+aiosqlite://").sync_engine)


@pytest.mark.parametrize("down", ["postgresql+psycopg://nobody@127.0.0.1:9/none", "sqlite:////no/such/folder/x.db"])
def test_health_never_raises(down: str) -> None:
    """A database that is not there is told as a sentence, for the page that monitors look at."""
    with Database(down) as db:
        health = db.health()

    assert (False, True) == (health.is_up, bool(health.error))


async def test_a_living_database_is_healthy(db: Twin) -> None:
    """It answers, and tells how many scopes are open."""
    async with db.begin():
        if db.real.engine.pool.size() == 1:
            pytest.skip("the one connection of a database in memory may be taken")
        health = await db.real.health() if db.is_async else db.real.health()

    assert (True, None, 1) == (health.is_up, health.error, health.open_scopes)


async def test_a_busy_writer_is_no_illness(db: Twin) -> None:
    """The question takes no lock for writing, so it does not wait for a unit that has one."""
    async with db.begin() as session:
        if db.real.engine.pool.size() == 1:
            pytest.skip("the one connection of a database in memory is taken")
        session.add(Tag(label="new"))
        await session.flush()
        health = await db.real.health() if db.is_async else db.real.health()

    assert (True, None) == (health.is_up, health.error)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_postgresql_is_told_who_asks_and_for_how_long(postgres: str, driver: str) -> None:
    """Name, timeouts and isolation level, as the server sees them."""
    url = f"postgresql+{driver}:{postgres}"
    twin = Twin(url, is_async=driver == "asyncpg", application_name="shop", statement_timeout_s=7)
    names = ["application_name", "statement_timeout", "idle_in_transaction_session_timeout", "transaction_isolation"]

    async def shown() -> list[str]:
        async with twin.begin() as session:
            told = [await session.scalar(text(f"SHOW {name}")) for name in names]
        await twin.dispose()
        return told

    told: list[str] = []

    async def work() -> None:
        told.extend(await shown())

    twin.play(work())

    assert ["shop", "7s", "1min", "repeatable read"] == told


def test_psycopg_has_both_kinds_under_one_name() -> None:
    """The same address serves a Database and an AsyncDatabase."""
    url = "postgresql+psycopg://nobody@127.0.0.1:9/none"

    assert (False, True) == (Database(url).engine.dialect.is_async, AsyncDatabase(url).engine.dialect.is_async)


def test_behind_a_pooler_nothing_is_left_on_a_connection() -> None:
    """No prepared statements, no settings of the session: the next transaction may be anybody's."""
    settings = Settings(pooler="transaction", statement_timeout_s=7)
    psycopg = _connect_arguments(make_url("postgresql+psycopg://host/shop"), settings)
    asyncpg = _connect_arguments(make_url("postgresql+asyncpg://host/shop"), settings)
    names = {asyncpg.pop("prepared_statement_name_func")() for _ in range(1)}

    assert (
        {"prepare_threshold": None},
        {"server_settings": {}, "statement_cache_size": 0, "prepared_statement_cache_size": 0},
        1,
        "NullPool",
    ) == (
        psycopg,
        asyncpg,
        len(names),
        _arguments(make_url("postgresql+asyncpg://host/shop"), settings)["poolclass"].__name__,
    )


async def test_an_isolation_level_for_one_unit(db: Twin) -> None:
    """begin() takes the level that this work needs; the next unit has the database's own."""
    if db.dialect != "postgresql":
        pytest.skip("SQLite has one level")
    levels = []
    for level in ("SERIALIZABLE", None):
        async with db.begin(isolation_level=level) as session:
            levels.append(await session.scalar(text("SHOW transaction_isolation")))

    assert ["serializable", "repeatable read"] == levels


async def test_a_tenant_for_one_scope(db: Twin) -> None:
    """begin() and read() take SQLAlchemy's schema_translate_map; the next scope has none, in a sandbox neither."""
    if db.dialect != "postgresql":
        pytest.skip("SQLite has no schemas")
    async with db.begin() as session:
        await session.execute(text("CREATE SCHEMA IF NOT EXISTS tenant"))
        await session.execute(text("DROP TABLE IF EXISTS tenant.tags"))
        await session.execute(text("CREATE TABLE tenant.tags (id SERIAL PRIMARY KEY, label TEXT)"))

    async def both() -> list[list[str]]:
        async with db.begin(schema_translate_map={None: "tenant"}) as session:
            session.add(Tag(label="theirs"))
        async with db.read(schema_translate_map={None: "tenant"}) as session:
            theirs = list((await session.scalars(select(Tag.label))).all())
        async with db.read() as session:
            return [theirs, list((await session.scalars(select(Tag.label))).all())]

    async with sandbox(db.real) if db.is_async else TwinBlock(sandbox(db.real), gives=None):
        inside = await both()

    assert [[["theirs"], []]] * 2 == [inside, await both()]


async def test_a_transaction_that_has_begun_is_told_nothing_more(db: Twin) -> None:
    """Inside of another scope a level or a tenant is refused, not forgotten."""
    async with db.begin():
        with pytest.raises(ScopeNested, match="isolation_level inside of begin"):
            db.begin(isolation_level="SERIALIZABLE")
        with pytest.raises(ScopeNested, match="schema_translate_map inside of begin"):
            db.real.read(schema_translate_map={None: "tenant"})


class ShopSession(Session):
    """A session class of somebody's own."""

    def orders(self) -> list[Order]:
        return list(self.scalars(select(Order)))


class AsyncShopSession(AsyncSession):
    """The same for asyncio."""

    async def orders(self) -> list[Order]:
        return list(await self.scalars(select(Order)))


def test_scopes_give_the_users_own_session(tmp_path: Path) -> None:
    """Its methods are there, and what the scope refuses is refused all the same."""
    with Database(f"sqlite:///{tmp_path}/shop.db", session_class=ShopSession) as db:
        Base.metadata.create_all(db.engine)
        with db.begin() as session:
            orders = session.orders()

            assert ([], True) == (orders, isinstance(session, ShopSession))


def test_scopes_give_sqlmodels_session(tmp_path: Path) -> None:
    """`exec` is SQLModel's, in both kinds."""
    with Database(f"sqlite:///{tmp_path}/shop.db", session_class=sqlmodel.Session) as db:
        Base.metadata.create_all(db.engine)
        with db.begin() as session:
            session.add(Tag(label="plain"))
        with db.read() as session:
            plain = session.exec(sqlmodel.select(Tag)).one().label

    async def awaited() -> str:
        db = AsyncDatabase(f"sqlite+aiosqlite:///{tmp_path}/shop.db", session_class=SQLModelAsyncSession)
        async with db, db.read() as session:
            return (await session.exec(sqlmodel.select(Tag))).one().label

    assert ["plain", "plain"] == [plain, asyncio.run(awaited())]


def test_scopes_give_the_users_own_async_session(tmp_path: Path) -> None:
    """The same for asyncio."""

    async def orders() -> list[Order]:
        async with AsyncDatabase("sqlite+aiosqlite://", session_class=AsyncShopSession) as db:
            async with db.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            async with db.begin() as session:
                return await session.orders()

    assert [] == asyncio.run(orders())


def test_a_scope_on_an_event_loop_is_refused() -> None:
    """A Database would stop the loop for each statement; in a thread, or when told so, it may."""

    async def directly(db: Database[Any]) -> None:
        with db.begin():
            pass

    async def in_a_thread(db: Database[Any]) -> int:
        def work() -> int:
            with db.begin() as session:
                return session.scalar(text("SELECT 1"))

        return await asyncio.to_thread(work)

    with Database("sqlite://") as db, Database("sqlite://", on_event_loop="allow") as notebook:
        with pytest.raises(BlockingScope, match=r"Use AsyncDatabase, or run the work with asyncio.to_thread\(\)"):
            asyncio.run(directly(db))
        asyncio.run(directly(notebook))

        assert 1 == asyncio.run(in_a_thread(db))


def test_a_second_event_loop_has_connections_of_its_own(tmp_path: Path) -> None:
    """When the first loop is closed the next may go on; while it runs, another one is refused."""
    db = AsyncDatabase(f"sqlite+aiosqlite:///{tmp_path}/shop.db")

    async def ask() -> int | None:
        async with db.read() as session:
            given: int | None = await session.scalar(text("SELECT 1"))
        return given

    async def ask_from_another() -> None:
        await ask()
        with pytest.raises(BadDatabase, match="belongs to another event loop"):
            await asyncio.to_thread(asyncio.run, ask())
        await db.dispose()

    first = asyncio.run(ask_and_dispose(db, ask))
    asyncio.run(ask_from_another())

    assert 1 == first


async def ask_and_dispose(db: AsyncDatabase[Any], ask: Any) -> Any:
    """What is asked, and then no connection is left on the loop that is about to close. Any: whatever is asked."""
    given = await ask()
    await db.dispose()
    return given


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_opens_connections_of_its_own(postgres: str) -> None:
    """After a fork the parent's connection is the parent's: both go on, and neither sees the other's answers."""
    with Database(f"postgresql+psycopg:{postgres}", pool_size=1) as db:

        def backend() -> int:
            with db.read() as session:
                number: int = session.scalar(text("SELECT pg_backend_pid()"))
            return number

        parents = backend()
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, str(backend()).encode())
            os._exit(0)
        os.waitpid(child, 0)
        childs = int(os.read(reader, 20))

        assert (True, True) == (childs != parents, backend() == parents)


def test_engines_that_pile_up_are_refused(tmp_path: Path) -> None:
    """A Database made in a function that is called for each request is told, before the server runs out of connections."""
    with pytest.raises(BadDatabase, match="are alive already, each with a pool of its own"):
        kept = [Database(f"sqlite:///{tmp_path}/shop.db") for _ in range(20)]
        del kept


def test_those_that_have_ended_do_not_pile_up(tmp_path: Path) -> None:
    """A suite makes a Database for each of its tests and disposes of it; one that is used again counts again."""
    url = f"sqlite:///{tmp_path}/shop.db"
    ended = []
    for _ in range(20):
        with Database(url) as db:
            ended.append(db)
    for db in ended:
        with db.read():
            pass

    with pytest.raises(BadDatabase, match="20 databases"):
        Database(url)
    for db in ended:
        db.dispose()


def test_threads_have_scopes_of_their_own(tmp_path: Path) -> None:
    """A scope is around the calls of its own thread only."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        sessions: list[object] = []

        def work() -> None:
            with db.read() as session:
                sessions.append(session)

        with db.read() as session:
            with db.read() as inner:
                sessions.append(inner)
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

            assert [True, False] == [each is session for each in sessions]
