"""A test in a sandbox sees what the program kept, and leaves nothing for the next one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, create_engine, func, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from hermetic import AsyncDatabase, Database
from hermetic.errors import BadDatabase, SandboxTaken, ScopeError
from hermetic.testing import queries, sandbox, worker_database
from tests.world import Base, Customer, Tag

from .twin import Twin, TwinBlock


def box(db: Twin) -> Any:
    """A sandbox of either kind. Any: a context manager."""
    return sandbox(db.real) if db.is_async else TwinBlock(sandbox(db.real), gives=None)


def ended(*threads: threading.Thread) -> None:
    """Run threads to their ends."""
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


async def labels(db: Twin) -> list[str]:
    async with db.read() as session:
        return list((await session.scalars(select(Tag.label).order_by(Tag.id))).all())


async def keep(db: Twin, label: str) -> None:
    async with db.begin() as session:
        session.add(Tag(label=label))


async def test_nothing_is_left(db: Twin) -> None:
    """What was committed inside is there for the next scope inside, and gone outside."""
    async with box(db):
        await keep(db, "one")
        await keep(db, "two")
        inside = await labels(db)

    assert (["one", "two"], []) == (inside, await labels(db))


async def test_reading_is_guarded_by_the_database_inside_too(db: Twin) -> None:
    """Plain SQL that writes in a read scope is refused there, and a unit after it writes."""
    if db.dialect == "mariadb":
        pytest.skip("MariaDB knows read-only transactions from their beginning only")
    async with box(db):
        with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
            async with db.read() as session:
                await session.execute(text("INSERT INTO tags (label) VALUES ('no')"))
        await keep(db, "one")
        async with db.read() as session:
            inside = list(await session.scalars(select(Tag.label)))

    await keep(db, "outside")
    assert (["one"], ["outside"]) == (inside, await labels(db))


async def test_a_rollback_inside_takes_its_own_work_only(db: Twin) -> None:
    """A unit that fails leaves what units before it kept."""
    async with box(db):
        await keep(db, "kept")
        with pytest.raises(ZeroDivisionError):
            async with db.begin() as session:
                session.add(Tag(label="lost"))
                await session.flush()
                raise ZeroDivisionError
        inside = await labels(db)

    assert (["kept"], []) == (inside, await labels(db))


async def test_queries_are_as_many_inside(db: Twin) -> None:
    """What a sandbox does about transactions is no query of the program, as BEGIN and COMMIT are none."""
    with queries() as outside:
        await keep(db, "one")
    async with box(db):
        with queries() as inside:
            await keep(db, "one")

    assert (1, 1) == (outside.count, inside.count)


async def test_hooks_and_keys_work_inside(db: Twin) -> None:
    """A hook follows the commit of its unit, and a key is done once."""
    seen: list[str] = []

    async def work(session: Any) -> int:
        session.add(Tag(label="once"))
        return len(seen)

    async with box(db):
        async with db.begin() as session:
            session.after_commit(seen.append, "kept")
        given = [await db.run(work, once="key"), await db.run(work, once="key")]
        inside = await labels(db)

    assert (["kept"], [1, 1], ["once"]) == (seen, given, inside)


async def test_the_program_may_fail_in_the_middle(db: Twin) -> None:
    """A test that fails leaves nothing either, and its own error is what is told."""
    with pytest.raises(ZeroDivisionError):
        async with box(db):
            await keep(db, "one")
            raise ZeroDivisionError

    assert [] == await labels(db)


def test_tasks_and_threads_of_the_test_are_inside(tmp_path: Path) -> None:
    """They take turns on the one connection."""
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        Base.metadata.create_all(db.engine)

        def add(number: int) -> None:
            with db.begin() as session:
                session.add(Tag(label=str(number)))

        with sandbox(db):
            ended(*(threading.Thread(target=add, args=(number,)) for number in range(5)))
            with db.read() as session:
                inside = session.scalar(select(func.count()).select_from(Tag))
        with db.read() as session:
            assert (5, 0) == (inside, session.scalar(select(func.count()).select_from(Tag)))


def test_async_tasks_of_the_test_are_inside() -> None:
    """The same for asyncio."""

    async def counts() -> tuple[int | None, int | None]:
        async with AsyncDatabase("sqlite+aiosqlite://") as db:
            async with db.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)

            async def add(number: int) -> None:
                async with db.begin() as session:
                    session.add(Tag(label=str(number)))

            async def count() -> int | None:
                async with db.read() as session:
                    return await session.scalar(select(func.count()).select_from(Tag))

            async with sandbox(db):
                await asyncio.gather(*(add(number) for number in range(5)))
                inside = await count()
            return inside, await count()

    assert (5, 0) == asyncio.run(counts())


def test_tests_side_by_side_do_not_meet(postgres: str) -> None:
    """Two sandboxes at once: each thread is in the one of its context, and a stray one is told what to do."""
    with Database(f"postgresql+psycopg:{postgres}") as db:
        Base.metadata.drop_all(db.engine)
        Base.metadata.create_all(db.engine)
        both = threading.Barrier(2)
        seen: dict[str, list[str]] = {}
        strays: list[str] = []

        def labels_of(name: str) -> None:
            with db.begin() as session:
                session.add(Tag(label=name))
            with db.read() as session:
                seen[name] = list(session.scalars(select(Tag.label)))

        def stray() -> None:
            with pytest.raises(SandboxTaken, match=r"copy_context\(\)"):
                labels_of("stray")
            strays.append("told")

        def test(name: str) -> None:
            with sandbox(db):
                both.wait(10)
                ended(threading.Thread(target=contextvars.copy_context().run, args=(labels_of, name)))
                if name == "b":
                    ended(threading.Thread(target=stray))
                both.wait(10)

        ended(*(threading.Thread(target=test, args=(name,)) for name in "ab"))

        assert ({"a": ["a"], "b": ["b"]}, ["told"]) == (seen, strays)


@pytest.mark.parametrize("place", ["sqlite", "postgresql"])
def test_what_a_commit_would_refuse_is_refused(tmp_path: Path, request: pytest.FixtureRequest, place: str) -> None:
    """A constraint that is checked at the commit is checked at the end, since no commit ever comes."""
    metadata = MetaData()
    parents = Table("parents", metadata, Column("id", Integer, primary_key=True))
    reference = ForeignKey(parents.c.id, deferrable=True, initially="DEFERRED")
    children = Table("children", metadata, Column("id", Integer, primary_key=True), Column("parent_id", reference))
    url = (
        f"sqlite:///{tmp_path}/family.db"
        if place == "sqlite"
        else f"postgresql+psycopg:{request.getfixturevalue('postgres')}"
    )
    with Database(url) as db:
        metadata.create_all(db.engine)
        with pytest.raises(ScopeError, match="A commit would have failed"), sandbox(db), db.begin() as session:
            session.execute(insert(children).values(parent_id=404))
        metadata.drop_all(db.engine)


def test_two_that_need_each_other_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One connection cannot hold two transactions: the second says so instead of waiting for ever."""
    monkeypatch.setattr("hermetic._scopes.sandbox.PATIENCE_S", 0.01)
    with Database(f"sqlite:///{tmp_path}/shop.db") as db:
        Base.metadata.create_all(db.engine)
        told: list[str] = []

        def second() -> None:
            with pytest.raises(SandboxTaken) as raised, db.begin() as session:
                session.get(Customer, 1)
            told.append(str(raised.value))

        with sandbox(db), db.begin() as session:
            session.get(Customer, 1)
            ended(threading.Thread(target=second))

        assert [True] == ["waited 0.01 s for the one connection of the sandbox" in each for each in told]


@pytest.mark.parametrize("place", ["sqlite", "postgresql"])
def test_each_worker_has_a_database(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """It is empty, has the name of the worker, and is gone afterwards."""
    server = request.getfixturevalue("postgres") if place == "postgresql" else ""
    url = f"sqlite:///{tmp_path}/shop.db" if place == "sqlite" else f"postgresql+psycopg:{server}"
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")
    with worker_database(url) as own:
        engine = create_engine(own)
        with engine.begin() as connection:
            before = inspect(connection).get_table_names()
            Base.metadata.create_all(connection)
        engine.dispose()
    name = own.partition("?")[0].rpartition("/")[2]
    left = [file.name for file in tmp_path.iterdir()]

    assert ([], True, []) == (before, name.endswith("_gw7"), left)


def test_without_workers_there_is_one_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL is what was given."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    with worker_database(f"sqlite:///{tmp_path}/shop.db") as own:
        assert f"sqlite:///{tmp_path}/shop.db" == own


def test_a_server_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence, with the next step."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw7")

    expected = r"no way to make a database for gw7 beside mssql\+pyodbc://user:\*\*\*@host"
    with pytest.raises(BadDatabase, match=expected), worker_database("mssql+pyodbc://user:secret@host/shop"):
        pass
