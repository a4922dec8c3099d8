"""A commit that broke off without an answer, and what is done after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from hermetic._watch import Watch

from .conftest import run, told
from .provoking import losing_the_first_answer

Order = Callable[[ModuleType, int], object]


def order(shop: ModuleType, attempt: int) -> object:
    """An order as anybody could make it twice."""
    return shop.Order(customer_id=1, total=5)


def numbered(shop: ModuleType, attempt: int) -> object:
    """An order that the caller gave its number."""
    return shop.Order(id=77, customer_id=1, total=5)


def other(shop: ModuleType, attempt: int) -> object:
    """Another order at each attempt: the loop goes over different things."""
    return shop.Order(customer_id=1, total=attempt)


def known(shop: ModuleType, attempt: int) -> object:
    """A customer, who has an address that no other has."""
    return shop.Customer(name="Alan", email="alan@shop.example")


def retry(shop: ModuleType, make: Order) -> None:
    """Tries until there is an answer."""
    for attempt in range(3):
        try:
            with shop.SessionLocal.begin() as session:
                session.add(make(shop, attempt))
            return
        except OperationalError:
            continue


def retry_async(shop: ModuleType, make: Order) -> None:
    """The same with an AsyncSession."""

    async def trying() -> None:
        for attempt in range(3):
            try:
                async with shop.AsyncSessionLocal.begin() as session:
                    session.add(make(shop, attempt))
                return
            except OperationalError:
                continue

    run(shop, trying())


@pytest.mark.parametrize("work", [retry, retry_async], ids=["sync", "async"])
def test_an_order_that_is_stored_twice(shop: ModuleType, watch: Watch, work: Callable[..., object]) -> None:
    """The second commit stores the same values under another key; both commits are told."""
    with losing_the_first_answer(shop.engine), losing_the_first_answer(shop.async_engine.sync_engine):
        work(shop, order)

    with shop.SessionLocal() as session:
        assert 2 == len(session.scalars(select(shop.Order).where(shop.Order.total == 5)).all())
    (seen,) = watch.findings()
    assert ("blind-retry", "warning") == (seen.finding.slug, seen.finding.severity)
    assert ["broke off: the Order may be stored", "stores the Order under another key"] == [
        step.text for step in seen.finding.story
    ]


@pytest.mark.parametrize("work", [retry, retry_async], ids=["sync", "async"])
@pytest.mark.parametrize("make", [numbered, other, known])
def test_work_that_would_be_noticed(shop: ModuleType, watch: Watch, work: Callable[..., object], make: Order) -> None:
    """A key of its own is refused the second time, and other values are other work."""
    with (
        losing_the_first_answer(shop.engine),
        losing_the_first_answer(shop.async_engine.sync_engine),
        suppress(IntegrityError),
    ):
        work(shop, make)

    assert [] == told(watch)


def test_work_that_looks_first(shop: ModuleType, watch: Watch) -> None:
    """Whoever asks for the row before storing it notices that it is there."""
    with losing_the_first_answer(shop.engine):
        for _ in range(2):
            with suppress(OperationalError), shop.SessionLocal.begin() as session:
                if session.scalar(select(shop.Order).where(shop.Order.total == 4)) is None:
                    session.add(order(shop, 0))

    assert [] == told(watch)


def test_the_next_request_is_no_retry(shop: ModuleType, watch: Watch) -> None:
    """The same line stores the same for somebody else."""
    app = FastAPI()

    @app.post("/orders")
    def place() -> None:
        with shop.SessionLocal.begin() as session:
            session.add(order(shop, 0))

    with losing_the_first_answer(shop.engine), TestClient(app, raise_server_exceptions=False) as client:
        answers = [client.post("/orders").status_code for _ in range(2)]

    assert [500, 200] == answers
    assert [] == told(watch)


def test_an_answer_that_says_no(shop: ModuleType, watch: Watch) -> None:
    """A commit that waited in vain for a lock has stored nothing."""
    impatient = create_engine(shop.engine.url, connect_args={"timeout": 0.01})
    reader = sqlite3.connect(shop.engine.url.database)
    rows = reader.execute("select * from orders")
    rows.fetchone()
    attempts = []
    for _ in range(2):
        try:
            with Session(impatient) as session, session.begin():
                session.add(order(shop, 0))
            attempts.append("stored")
        except OperationalError:
            attempts.append("locked")
            rows.close()
    impatient.dispose()

    assert ["locked", "stored"] == attempts
    assert [] == told(watch)
