"""Each hazard that the catalogue says scopes prevent, attempted through them: it cannot be written, or its line raises.

late-commit is attempted through the hosts, in tests/integrations.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from hermetic import AsyncDatabase, Database, fetch
from hermetic.errors import (
    BadDatabase,
    BlockingScope,
    ConcurrentUse,
    IdledTooLong,
    OutcomeUnknown,
    PoisonedUnit,
    ScopeClosed,
    ScopeNested,
    SealedWrite,
)
from hermetic.scopes import ScopeSession, Unloaded
from tests.world import Base, Customer, Order

from .twin import Twin

HERE = r"tests/scopes/\w+\.py:\d+"
"""A line of the test, as an error names it; the line of a plain session's method is the Twin's."""


@pytest.fixture
def shop(tmp_path: Path) -> Database[ScopeSession]:
    """A plain Database with one order."""
    shop = Database(f"sqlite:///{tmp_path}/shop.db")
    Base.metadata.create_all(shop.engine)
    with shop.begin() as session:
        session.add(Order(customer=Customer(name="Ada", email="ada@shop.example"), total=35))
    return shop


async def test_session_leak(db: Twin) -> None:
    """A scope ends with its block, however the block ends: no connection is out of the pool afterwards."""

    async def leave_early() -> None:
        async with db.begin() as session:
            await session.get(Order, 1)
            return

    await leave_early()
    with pytest.raises(ZeroDivisionError):
        async with db.begin() as session:
            await session.get(Order, 1)
            raise ZeroDivisionError

    assert 0 == db.real.engine.pool.checkedout()


def test_session_leak_of_a_generator(shop: Database[ScopeSession]) -> None:
    """A generator that is never resumed ends its scope when it is collected."""

    def orders() -> Any:
        with shop.read() as session:
            yield from session.scalars(select(Order))

    generator = orders()
    next(generator)
    del generator
    gc.collect()

    assert (0, 0) == (shop.engine.pool.checkedout(), shop.health().open_scopes)  # type: ignore[attr-defined]  # a QueuePool


def test_shared_session(shop: Database[ScopeSession]) -> None:
    """A session kept in a global is of no use to the next request, and a second thread inside of it is refused."""
    with shop.begin() as kept:
        errors: list[Exception] = []

        def use() -> None:
            try:
                kept.get(Order, 1)
            except ConcurrentUse as error:
                errors.append(error)

        slow = kept.connection().connection.dbapi_connection
        assert slow is not None
        slow.create_function("other_thread", 0, lambda: run_in_thread(use))
        kept.execute(text("SELECT other_thread()"))
    with pytest.raises(ScopeClosed, match=rf"{HERE}: get\(\) on the session of begin\(\) at {HERE}, which has ended"):
        kept.get(Order, 1)

    assert [True] == ["in use by another task or thread" in str(error) for error in errors]


def run_in_thread(work: Any) -> int:
    """Run something in a thread of its own, to its end. Any: a function."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return 1


def test_concurrent_session(tmp_path: Path) -> None:
    """Two tasks in one session: the second is refused, also when the session is warm and SQLAlchemy says nothing."""

    async def both_at_once() -> None:
        async with AsyncDatabase(f"sqlite+aiosqlite:///{tmp_path}/shop.db") as db, db.begin() as session:
            await session.execute(text("SELECT 1"))
            await asyncio.gather(session.execute(text("SELECT 2")), session.execute(text("SELECT 3")))

    with pytest.raises(ConcurrentUse, match="in use by another task or thread at this moment"):
        asyncio.run(both_at_once())


def test_engine_per_call(tmp_path: Path) -> None:
    """A Database for each call is refused when the earlier ones live on."""
    made: list[object] = []

    def per_call() -> None:
        made.append(Database(f"sqlite:///{tmp_path}/shop.db"))

    with pytest.raises(BadDatabase, match=rf"{HERE}: 8 databases for sqlite:///"):
        for _ in range(9):
            per_call()


def test_split_memory_database() -> None:
    """A table made in one thread is there in the others."""
    with Database("sqlite://") as db:
        Base.metadata.create_all(db.engine)
        counts: list[int] = []

        def count() -> None:
            with db.read() as session:
                counts.append(len(session.scalars(select(Order)).all()))

        run_in_thread(count)

    assert [0] == counts


async def test_poisoned_session(db: Twin) -> None:
    """A swallowed failure cannot end in a commit of nothing."""
    with pytest.raises(PoisonedUnit, match=rf"swallowed inside of begin\(\) at {HERE}"):
        async with db.begin() as session:
            session.add(Customer(name="Eve", email="ada@shop.example"))
            with pytest.raises(IntegrityError):
                await session.flush()


async def test_lost_write(db: Twin) -> None:
    """What was added is committed without being asked for; what is changed too late is refused in its line."""
    async with db.begin() as session:
        kept = Customer(name="Grace", email="grace@shop.example")
        session.add(kept)
    with pytest.raises(SealedWrite, match=rf"{HERE}: Customer.name was changed after its scope ended"):
        kept.name = "Hopper"

    async with db.read() as session:
        assert "Grace" == (await session.scalars(select(Customer.name).where(Customer.id == kept.id))).one()


def test_long_transaction(tmp_path: Path) -> None:
    """A transaction that waited for something slow is refused its next statement; released, it may wait."""
    with Database(f"sqlite:///{tmp_path}/shop.db", idle_limit_s=0.01) as db:
        with db.begin() as session:
            session.execute(text("SELECT 1"))
            session.scope.left_s -= 1  # a second passes
            with pytest.raises(IdledTooLong, match=rf"{HERE}: the transaction of begin\(\) at {HERE} waited 1.0 s"):
                session.execute(text("SELECT 1"))
            session.scope.left_s = time.monotonic()
        with db.begin() as session:
            session.scalar(select(1))
            with session.released():
                pass

            assert 1 == session.scalar(select(1))


async def test_blind_retry(db: Twin) -> None:
    """Neither inside of an outer unit, nor after a commit of which nobody knows: that is told, and not repeated."""
    tries: list[int] = []

    async def work(_session: Any) -> None:
        tries.append(1)
        raise OutcomeUnknown("the connection broke during the commit")

    async with db.begin():
        with pytest.raises(ScopeNested, match=rf"{HERE}: run\(\) inside of begin\(\) at {HERE}"):
            await db.run(work)
    with pytest.raises(OutcomeUnknown):
        await db.run(work, first_delay_s=0)

    assert [1] == tries


def test_lost_update(postgres: str) -> None:
    """Read, decide, write: what another one committed in between is an error of the second, not silence."""

    async def two_at_once() -> None:
        async with AsyncDatabase(f"postgresql+asyncpg:{postgres}") as db:
            async with db.engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
                await connection.run_sync(Base.metadata.create_all)
            async with db.begin() as session:
                session.add(Customer(id=1, name="Ada", email="ada", credit=100))

            async def pay() -> None:
                async with db.begin() as session:
                    customer = await session.get_one(Customer, 1)
                    await asyncio.sleep(0.05)
                    customer.credit -= 10

            await asyncio.gather(pay(), pay())

    with pytest.raises(DBAPIError, match="could not serialize access due to concurrent update"):
        asyncio.run(two_at_once())


async def test_detached_access(db: Twin) -> None:
    """The line that reads what was not loaded names the option to add."""
    async with db.begin() as session:
        order = await session.get(Order, 1)

    with pytest.raises(Unloaded, match=rf"{HERE}: Order.customer was read after its scope ended"):
        _ = order.customer


async def test_expired_access(db: Twin) -> None:
    """A commit expires nothing, so nothing is read again row by row."""
    async with db.begin() as session:
        order = await session.get(Order, 1)

    assert (1, 35, "pending") == (order.id, order.total, order.status)


@dataclass
class CustomerRead:
    """What a page shows of a customer."""

    name: str


@dataclass
class OrderRead:
    """What a page shows of an order."""

    total: int
    customer: CustomerRead


async def test_unloaded_response(db: Twin) -> None:
    """A projection brings what it names; a response made of the object itself names what is missing."""
    async with db.read() as session:
        read = fetch(getattr(session, "plain", session), OrderRead, select(Order))
        rows = await read if db.is_async else read

    assert [OrderRead(35, CustomerRead("Ada"))] == rows


async def test_stale_read(db: Twin) -> None:
    """What was read before the connection was released is read again before it is trusted."""
    async with db.begin() as session:
        order = await session.get(Order, 1)
        async with session.released():
            """Something slow, during which others may write."""
        if db.is_async:
            with pytest.raises(Unloaded, match=rf"{HERE}: a column of Order was read"):
                _ = order.total
            await session.refresh(order)

        assert 35 == order.total


def test_blocking_session(shop: Database[ScopeSession]) -> None:
    """A scope of a Database on an event loop is refused before its first statement."""

    async def block() -> None:
        with shop.read():
            pass

    with pytest.raises(BlockingScope, match=rf"{HERE}: a scope of a Database on the thread of a running event loop"):
        asyncio.run(block())


def test_implicit_io(tmp_path: Path) -> None:
    """A lazy load that nobody could await names the option to add, whatever the driver would have said."""

    async def lazily() -> None:
        async with AsyncDatabase(f"sqlite+aiosqlite:///{tmp_path}/shop.db") as db:
            async with db.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            async with db.begin() as session:
                order = Order(customer=Customer(name="Ada", email="ada"))
                session.add(order)
                await session.flush()
                session.expire(order, ["customer"])
                _ = order.customer

    with pytest.raises(Unloaded, match=r"joinedload\(Order.customer\)"):
        asyncio.run(lazily())


def test_n_plus_one(tmp_path: Path) -> None:
    """Where lazy loads are refused, the first row of the loop says which option is missing."""
    with Database(f"sqlite:///{tmp_path}/shop.db", lazy_loads="refuse") as db:
        Base.metadata.create_all(db.engine)
        with db.begin() as session:
            session.add(Order(customer=Customer(name="Ada", email="ada")))
        expected = rf"{HERE}: Order.customer was read without having been loaded"
        with db.read() as session, pytest.raises(Unloaded, match=expected):
            _ = [order.customer.name for order in session.scalars(select(Order))]
