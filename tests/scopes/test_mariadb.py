"""MariaDB, where it is installed: its own codes, its own timeouts, and a server that rolls back more than it was asked to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from hermetic import AsyncDatabase, Database
from hermetic._scopes.policy import Verdict, verdict_of
from hermetic.errors import PoisonedUnit
from hermetic.scopes import AsyncScopeSession, Outbox
from hermetic.testing import queries
from tests.world import Base, Customer, Tag

from .twin import Twin

Db = AsyncDatabase[AsyncScopeSession]


@pytest.fixture(params=["sync", "async"])
def db(mariadb: str, request: pytest.FixtureRequest) -> Twin:
    driver = "asyncmy" if request.param == "async" else "pymysql"
    return Twin(f"mariadb+{driver}:{mariadb}", is_async=request.param == "async", statement_timeout_s=0.2)


def played(mariadb: str, play: Any) -> Any:
    """What a test of two at once gives: `play` is given a Database with two customers. Any: whatever it gives."""

    async def whole() -> Any:
        async with AsyncDatabase(f"mariadb+asyncmy:{mariadb}") as db:
            async with db.engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
                await connection.run_sync(Base.metadata.create_all)
            async with db.begin() as session:
                session.add_all([Customer(id=key, name=str(key), email=str(key), credit=100) for key in (1, 2)])
            return await play(db)

    return asyncio.run(whole())


async def credits_of(db: Db) -> list[int]:
    """What the customers have."""
    async with db.read() as session:
        return list(await session.scalars(select(Customer.credit).order_by(Customer.id)))


async def test_the_server_ends_a_statement_that_takes_too_long(db: Twin) -> None:
    """And the work is not repeated, since it would take as long again."""
    with pytest.raises(OperationalError, match="max_statement_time") as raised:
        async with db.begin() as session:
            await session.execute(text("SELECT SLEEP(5)"))

    assert Verdict.FINAL is verdict_of(raised.value)


SHOWN_ANEW = text("SELECT SLEEP(0.12)")
"""InnoDB keeps a list of its transactions, and makes it anew when nobody has asked for a tenth of a second."""


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_either_name_of_the_dialect_will_do(mariadb: str, name: str) -> None:
    """The server is asked what it is, not the address."""
    with Database(f"{name}+pymysql:{mariadb}", statement_timeout_s=3) as db, db.read() as session:
        told = session.execute(text("SELECT @@max_statement_time, @@innodb_snapshot_isolation")).one()

        assert (3, 1) == tuple(told)


async def test_a_level_is_that_of_one_unit(db: Twin) -> None:
    """The connection has its own again afterwards."""
    level = text(
        "SELECT trx_isolation_level FROM information_schema.innodb_trx WHERE trx_mysql_thread_id = connection_id()"
    )
    async with db.begin(isolation_level="SERIALIZABLE") as session:
        session.add(Tag(label="one"))
        await session.flush()
        during = None
        while during is None:
            await session.execute(SHOWN_ANEW)
            during = await session.scalar(level)
    with queries() as sent:
        async with db.begin() as session:
            session.add(Tag(label="two"))

    assert ("SERIALIZABLE", False) == (during, any("ISOLATION" in each for each in sent.texts))


def crossed(db: Db) -> Any:
    """Work that locks two customers in an order, at the same time as its rival in the other one. Any: a coroutine function."""
    both = asyncio.Barrier(2)
    met: set[int] = set()

    async def work(session: AsyncScopeSession, first: int, second: int) -> None:
        (await session.get_one(Customer, first, with_for_update=True)).credit += 1
        await session.flush()
        if first not in met:
            met.add(first)
            await both.wait()
        (await session.get_one(Customer, second, with_for_update=True)).credit += 1

    return work


def test_a_deadlock_is_tried_again(mariadb: str) -> None:
    """One of the two is rolled back by the server, and runs again when the other one is through."""

    async def play(db: Db) -> list[int]:
        work = crossed(db)
        await asyncio.gather(db.run(work, 1, 2, first_delay_s=0.01), db.run(work, 2, 1, first_delay_s=0.01))
        return await credits_of(db)

    assert [102, 102] == played(mariadb, play)


def test_a_lock_that_is_not_had_in_time_is_tried_again(mariadb: str) -> None:
    """Its code is one of those after which the work may run again."""

    async def play(db: Db) -> tuple[list[int], list[Verdict]]:
        verdicts: list[Verdict] = []
        locked = asyncio.Event()
        is_free = asyncio.Event()

        async def hold() -> None:
            async with db.begin() as session:
                await session.get_one(Customer, 1, with_for_update=True)
                locked.set()
                await is_free.wait()

        async def work(session: AsyncScopeSession) -> None:
            await session.execute(text("SET SESSION innodb_lock_wait_timeout=1"))
            try:
                (await session.get_one(Customer, 1, with_for_update=True)).credit += 1
            except DBAPIError as error:
                verdicts.append(verdict_of(error))
                is_free.set()
                raise

        holding = asyncio.ensure_future(hold())
        await locked.wait()
        await db.run(work, first_delay_s=0.01)
        await holding
        return await credits_of(db), verdicts

    assert ([101, 100], [Verdict.AGAIN]) == played(mariadb, play)


def test_a_lost_update_is_an_error_of_the_second(mariadb: str) -> None:
    """As with PostgreSQL's REPEATABLE READ, so that run() repeats it; InnoDB alone would let it pass in silence."""

    async def play(db: Db) -> list[int]:
        async def pay(session: AsyncScopeSession) -> None:
            customer = await session.get_one(Customer, 1)
            await asyncio.sleep(0.02)
            customer.credit -= 10

        await asyncio.gather(*(db.run(pay, tries=20, first_delay_s=0.01) for _ in range(4)))
        return await credits_of(db)

    assert [60, 100] == played(mariadb, play)


def test_a_connection_that_is_ended_is_tried_again(mariadb: str) -> None:
    """By an administrator, in the middle of the work."""

    async def play(db: Db) -> tuple[int, list[int]]:
        tries: list[int] = []

        async def work(session: AsyncScopeSession) -> None:
            (await session.get_one(Customer, 1)).credit += 1
            await session.flush()
            tries.append(await session.scalar(text("SELECT connection_id()")) or 0)
            if len(tries) == 1:
                async with db.engine.connect() as other:
                    await other.exec_driver_sql(f"KILL {tries[0]}")
            await session.scalar(select(Customer.credit))

        await db.run(work, first_delay_s=0.01)
        return len(tries), await credits_of(db)

    assert (2, [101, 100]) == played(mariadb, play)


def test_a_deadlock_that_is_swallowed_keeps_nothing(mariadb: str) -> None:
    """The server has rolled back all of the unit, not the savepoint alone: what follows would be kept as half of it."""

    async def play(db: Db) -> tuple[list[str], list[int]]:
        work, told = crossed(db), []

        async def unit(first: int, second: int) -> None:
            try:
                async with db.begin() as session:
                    session.add(Tag(label=str(first)))
                    await session.flush()
                    try:
                        async with db.begin():
                            await work(session, first, second)
                    except DBAPIError:
                        session.add(Tag(label="went on"))
            except PoisonedUnit as error:
                told.append(str(error).splitlines()[0])

        await asyncio.gather(unit(1, 2), unit(2, 1))
        async with db.read() as session:
            labels = list(await session.scalars(select(Tag.label)))
        return [str(len(labels)), *told], await credits_of(db)

    (kept, told), credits = played(mariadb, play)

    assert ("1", True, [101, 101]) == (kept, "swallowed inside of begin()" in told, credits)


def test_an_outbox_delivers_at_once(mariadb: str) -> None:
    """The time at which a message is due is kept to the second, which a FLOAT of MariaDB would not do."""
    with Database(f"mariadb+pymysql:{mariadb}") as db:
        outbox = Outbox(db)
        with db.begin() as session:
            outbox.put(session, "greeting", "hello")
        heard: list[Any] = []
        outbox.deliver(lambda message: heard.append(message.payload))

    assert ["hello"] == heard
