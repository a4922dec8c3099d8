"""A server that is not there, or is gone when the commit is looked up, is told in one way by every driver."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from hermetic import AsyncDatabase
from hermetic.errors import OutcomeUnknown

from .twin import Twin, drive

NOWHERE = "postgres@127.0.0.1:1/postgres"
DRIVERS = {"psycopg": False, "psycopg_async": True, "asyncpg": True}

each_driver = pytest.mark.parametrize("driver", DRIVERS)


def play(db: Twin, work: Any) -> None:
    """Run a test without the tables of the shop."""
    if db.is_async:
        asyncio.run(work)
    else:
        drive(work)


def plain(db: Twin) -> Engine:
    """The engine that events are listened to on."""
    engine: Engine = getattr(db.real.engine, "sync_engine", db.real.engine)
    return engine


@each_driver
def test_a_server_that_is_not_there_is_tried_again(driver: str) -> None:
    """Nothing was begun, so all tries are used, and then the driver's error is told as SQLAlchemy's."""
    db = Twin(f"postgresql+{driver}://{NOWHERE}", is_async=DRIVERS[driver])
    attempts: list[object] = []
    event.listen(plain(db), "do_connect", lambda *_: attempts.append(1))

    async def work(session: Any) -> None:
        await session.execute(text("SELECT 1"))

    async def whole() -> None:
        with pytest.raises(OperationalError):
            await db.run(work, tries=3, first_delay_s=0)

    play(db, whole())

    assert 3 == len(attempts)


@each_driver
def test_an_error_of_the_work_itself_is_not_the_servers(driver: str) -> None:
    """What the work meets elsewhere, a socket of its own that broke, is not repeated."""
    db = Twin(f"postgresql+{driver}://{NOWHERE}", is_async=DRIVERS[driver])
    tries: list[int] = []

    async def work(_session: Any) -> None:
        tries.append(1)
        raise ConnectionResetError("the mail server")

    async def whole() -> None:
        with pytest.raises(ConnectionResetError, match="the mail server"):
            await db.run(work, first_delay_s=0)

    play(db, whole())

    assert [1] == tries


async def test_an_unknown_outcome_stays_unknown(db: Twin) -> None:
    """When the tries after it end before the key was asked for, the last error is no news of the first commit."""
    is_gone: list[bool] = []

    async def work(session: Any) -> None:
        await session.execute(text("SELECT 1"))
        is_gone.append(True)
        raise OutcomeUnknown("the connection broke during the commit")

    def refuse(*_: object) -> None:
        if is_gone:
            raise OperationalError("SELECT", {}, Exception("gone"), connection_invalidated=True)

    event.listen(plain(db), "before_cursor_execute", refuse)

    with pytest.raises(OutcomeUnknown, match="Looking it up failed: OperationalError"):
        await db.run(work, once="order-7", tries=3, first_delay_s=0)


def test_many_that_need_the_ledger_first(postgres: str) -> None:
    """They make its table at the same time, and none of them fails of it."""

    async def whole() -> None:
        async with AsyncDatabase(f"postgresql+asyncpg:{postgres}") as db:
            async with db.begin() as session:
                await session.execute(text("DROP TABLE IF EXISTS hermetic_once"))
            others = [AsyncDatabase(db.engine) for _ in range(4)]

            async def work(_session: object, number: int) -> int:
                return number

            given = await asyncio.gather(
                *(each.run(work, number, once=f"k{number}") for number, each in enumerate(others))
            )

            assert [0, 1, 2, 3] == given

    asyncio.run(whole())
