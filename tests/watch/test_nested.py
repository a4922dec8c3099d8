"""A second session that works inside of a function which has written with a first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

import pytest
from sqlalchemy import create_engine, func, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from hermetic._watch import Watch

from .conftest import run, told

Place = Callable[[ModuleType, bool], object]


def spent(shop: ModuleType, session: Session | None) -> int:
    """What the first customer has spent; with a session of its own where none is given."""
    total = select(func.sum(shop.Order.total)).where(shop.Order.customer_id == 1)
    if session is not None:
        return session.scalar(total) or 0
    with shop.SessionLocal() as own:
        return own.scalar(total) or 0


def place(shop: ModuleType, is_handed_over: bool) -> None:
    """Stores an order and asks how much it comes to."""
    with shop.SessionLocal() as session:
        session.execute(insert(shop.Order).values(customer_id=1, total=5))
        spent(shop, session if is_handed_over else None)
        session.commit()


async def spent_async(shop: ModuleType, session: AsyncSession | None) -> int:
    """The same for an AsyncSession."""
    total = select(func.sum(shop.Order.total)).where(shop.Order.customer_id == 1)
    if session is not None:
        return await session.scalar(total) or 0
    async with shop.AsyncSessionLocal() as own:
        return await own.scalar(total) or 0


def place_async(shop: ModuleType, is_handed_over: bool) -> None:
    """The same for an AsyncSession, and for rows that a flush stores."""

    async def place() -> None:
        async with shop.AsyncSessionLocal() as session:
            session.add(shop.Order(customer_id=1, total=5))
            await session.flush()
            await spent_async(shop, session if is_handed_over else None)
            await session.commit()

    run(shop, place())


@pytest.mark.parametrize("work", [place, place_async], ids=["sync", "async"])
def test_a_callee_that_does_not_see_the_order(shop: ModuleType, watch: Watch, work: Place) -> None:
    """It asks for the table in which its caller has a row that is not committed; told at the call, with both sessions."""
    work(shop, False)

    (seen,) = watch.findings()
    assert ("nested-session", "warning") == (seen.finding.slug, seen.finding.severity)
    assert seen.finding.message.startswith("spent")
    assert "works on orders with a session of its own" in seen.finding.message
    assert ["not committed yet", "calls what opens a second session", "asks without seeing it"] == [
        step.text for step in seen.finding.story
    ]


@pytest.mark.parametrize("work", [place, place_async], ids=["sync", "async"])
def test_a_callee_that_is_given_the_session(shop: ModuleType, watch: Watch, work: Place) -> None:
    """There is one transaction."""
    work(shop, True)

    assert [] == told(watch)


def test_a_callee_that_asks_for_something_else(shop: ModuleType, watch: Watch) -> None:
    """What it reads is the same in both sessions."""

    def price() -> int:
        with shop.SessionLocal() as own:
            return own.get_one(shop.Product, 1).price

    with shop.SessionLocal() as session:
        session.add(shop.Order(customer_id=1, total=5))
        session.flush()
        price()
        session.commit()

    assert [] == told(watch)


def test_a_callee_after_the_commit(shop: ModuleType, watch: Watch) -> None:
    """What is committed is there for all."""
    with shop.SessionLocal() as session:
        session.add(shop.Order(customer_id=1, total=5))
        session.commit()
        spent(shop, None)

    assert [] == told(watch)


def test_two_sessions_of_one_function(shop: ModuleType, watch: Watch) -> None:
    """Whoever opens both knows that there are two."""
    with shop.SessionLocal() as session, shop.SessionLocal() as other:
        session.add(shop.Order(customer_id=1, total=5))
        session.flush()
        spent(shop, other)
        session.commit()

    assert [] == told(watch)


def test_two_sessions_on_one_connection(shop: ModuleType, watch: Watch) -> None:
    """They see each other's rows: so do tests that roll everything back."""
    with shop.engine.connect() as connection:

        def count() -> int | None:
            with Session(connection) as own:
                return own.scalar(select(func.count()).select_from(shop.Order))

        with Session(connection) as session:
            session.add(shop.Order(customer_id=1, total=5))
            session.flush()
            count()
            session.commit()

    assert [] == told(watch)


def test_a_callee_that_waits_for_its_caller(shop: ModuleType, watch: Watch) -> None:
    """SQLite lets one transaction write: the callee waits for the lock of its own caller until the timeout."""
    impatient = create_engine(shop.engine.url, connect_args={"timeout": 0.01})

    def audit() -> None:
        with Session(impatient) as own:
            own.add(shop.Tag(label="audit"))
            own.flush()

    with shop.SessionLocal() as session:
        session.add(shop.Order(customer_id=1, total=5))
        session.flush()
        with suppress(OperationalError):
            audit()
        session.commit()
    impatient.dispose()

    (seen,) = watch.findings()
    assert ("nested-session", "error") == (seen.finding.slug, seen.finding.severity)
    assert "audit() waits in vain" in seen.finding.message
