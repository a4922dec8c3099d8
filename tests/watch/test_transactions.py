"""Transactions that last too long, end too late, in pieces, or over the work of others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Dialect, Text, TypeDecorator, cast, select
from sqlalchemy.orm import Session

from hermetic._watch import Watch

from .conftest import Twin, run, told, watched


def client(endpoint: object) -> TestClient:
    """A client of an application with one endpoint."""
    app = FastAPI()
    app.post("/")(endpoint)  # type: ignore[arg-type]  # any endpoint
    return TestClient(app)


@pytest.mark.parametrize("scope", ["request", "function"])
def test_a_commit_after_the_response(shop: ModuleType, watch: Watch, scope: str) -> None:
    """What a dependency commits after its yield comes too late, unless it ends with the function."""

    def get_db() -> Iterator[Session]:
        with shop.SessionLocal() as session:
            yield session
            session.commit()

    def register(session: Session = Depends(get_db, scope=scope)) -> str:  # noqa: B008
        session.add(shop.Tag(label="new"))
        return "welcome"

    with client(register) as browser:
        assert '"welcome"' == browser.post("/").text

    late = [("late-commit", "session.commit()", "warning")]
    assert (late if scope == "request" else []) == told(watch)


def test_a_commit_in_pieces(shop: ModuleType, watch: Watch) -> None:
    """Two commits of writes in one request: a failure between them leaves half of the work."""

    def order() -> None:
        with shop.SessionLocal() as session:
            session.add(shop.Tag(label="one"))
            session.commit()  # first
            session.add(shop.Tag(label="two"))
            session.commit()

    with client(order) as browser:
        assert 200 == browser.post("/").status_code

    assert [("partial-commit", "session.commit()", "warning")] == told(watch)


def test_a_commit_before_the_request(shop: ModuleType, watch: Watch) -> None:
    """What was committed before the request began is no half of its work."""
    with shop.SessionLocal() as session:

        def order() -> None:
            session.add(shop.Tag(label="two"))
            session.commit()

        session.add(shop.Tag(label="one"))
        session.commit()  # by whoever prepared the request
        with client(order) as browser:
            assert 200 == browser.post("/").status_code

    assert [] == told(watch)


def test_a_batch_may_commit_often(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """A loop that commits each of its pieces does so at one line."""

    def load(session: Session) -> None:
        for label in "abc":
            session.add(shop.Tag(label=label))
            session.commit()

    twin(load)

    assert [] == told(watch)


def test_a_change_over_another_change(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """What another session committed since the row was read is overwritten; both lines are told."""

    def take(session: Session) -> None:
        product = session.get_one(shop.Product, 1)
        stock = product.stock
        session.connection().connection.driver_connection.rollback()
        with shop.SessionLocal() as other:
            other.get_one(shop.Product, 1).stock = 5
            other.commit()
        product.stock = stock - 1
        session.commit()

    if twin.__name__ == "asynchronous":
        pytest.skip("a driver's rollback cannot be called from its greenlet")
    twin(take)

    assert [("lost-update", "product.stock = stock - 1", "warning")] == told(watch)
    assert "other.commit()" in [step.source for step in watch.findings()[0].finding.story]


@pytest.mark.parametrize("is_first", [False, True], ids=["read after the wait", "read before the wait"])
def test_a_change_that_a_wait_made_room_for(shop: ModuleType, is_first: bool) -> None:
    """What was read before a long wait was a photograph; the wait is told as the cause, and nothing else of it."""

    def wait() -> None:
        threading.Event().wait(1)

    with watched(long_transaction_s=0.5) as watch, shop.SessionLocal() as session:
        session.get_one(shop.Customer, 1)
        if is_first:
            order = session.get_one(shop.Order, 1)
            wait()
        else:
            wait()
            order = session.get_one(shop.Order, 1)
        with shop.SessionLocal() as other:
            other.get_one(shop.Order, 1).status = "cancelled"
            other.commit()
        order.status = "paid"
        session.commit()
        slug = "stale-read" if is_first else "lost-update"

        assert [(slug, 'order.status = "paid"', "warning")] == [each for each in told(watch) if each[2] != "info"]


def test_a_row_that_is_read_again(shop: ModuleType, watch: Watch) -> None:
    """After a refresh nothing is overwritten that was not seen."""
    with shop.SessionLocal() as session:
        product = session.get_one(shop.Product, 1)
        session.rollback()
        with shop.SessionLocal() as other:
            other.get_one(shop.Product, 1).stock = 5
            other.commit()
        session.refresh(product)
        product.stock -= 1
        session.commit()

    assert [] == told(watch)


def test_a_column_of_its_own(shop: ModuleType, watch: Watch) -> None:
    """Two sessions that change different columns do not overwrite each other."""
    with shop.SessionLocal() as session:
        product = session.get_one(shop.Product, 1)
        session.connection().connection.driver_connection.rollback()
        with shop.SessionLocal() as other:
            other.get_one(shop.Product, 1).stock = 5
            other.commit()
        product.price = 7
        session.commit()

    assert [] == told(watch)


def test_a_wait_inside_a_transaction(shop: ModuleType) -> None:
    """The time that nothing was asked of the database is told, and what the program did meanwhile."""
    with watched(long_transaction_s=0.5) as watch:

        def ship() -> None:
            with shop.SessionLocal() as session:
                session.get_one(shop.Order, 1)
                threading.Event().wait(1)
                session.commit()

        with client(ship) as browser:
            browser.post("/")

        assert [("long-transaction", "threading.Event().wait(1)", "warning")] == told(watch)


def test_an_await_inside_a_transaction(shop: ModuleType) -> None:
    """The same for a task that waits."""
    with watched(long_transaction_s=0.5) as watch:

        async def ship() -> None:
            async with shop.AsyncSessionLocal() as session:
                await session.get_one(shop.Order, 1)
                await asyncio.sleep(1)
                await session.commit()
            await shop.async_engine.dispose()

        with client(ship) as browser:
            browser.post("/")

        assert [("long-transaction", "await asyncio.sleep(1)", "warning")] == told(watch)


def test_a_wait_between_transactions(shop: ModuleType) -> None:
    """After the commit the session holds no connection, and may wait."""
    with watched(long_transaction_s=0.5) as watch, shop.SessionLocal() as session:
        session.get_one(shop.Order, 1)
        session.commit()
        threading.Event().wait(1)
        session.get_one(shop.Order, 2)

        assert [] == told(watch)


def test_a_synchronous_session_on_the_loop(shop: ModuleType) -> None:
    """Every other task waits for it; in a plain function it is at its place."""
    with watched(blocked_ms=0.0) as watch:

        async def blocking() -> int:
            with shop.SessionLocal() as session:
                return len(session.execute(select(shop.Order)).all())

        def plain() -> int:
            with shop.SessionLocal() as session:
                return len(session.execute(select(shop.Order)).all())

        with client(plain) as browser:
            browser.post("/")

        assert [] == told(watch)

        with client(blocking) as browser:
            browser.post("/")

        line = "return len(session.execute(select(shop.Order)).all())"
        assert [("blocking-session", line, "warning")] == told(watch)


class Slow(TypeDecorator[str]):
    """Text that takes long to convert, in place of many rows."""

    impl = Text
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        threading.Event().wait(1)
        return value or ""


@pytest.mark.parametrize("is_async", [False, True])
def test_rows_that_are_fetched_on_the_loop(shop: ModuleType, is_async: bool) -> None:
    """The SELECT was quick; what blocks is the line that turns its rows into objects. In a thread it blocks nobody."""
    labels = select(shop.Order.id, cast(shop.Order.status, Slow)).limit(1)

    def count() -> int:
        with shop.SessionLocal() as session:
            rows = session.execute(labels)
            return len(rows.all())

    async def on_loop() -> int:
        return count()

    with watched(blocked_ms=250.0) as watch:
        with client(on_loop if is_async else count) as browser:
            browser.post("/")

        on_the_loop = [("blocking-session", "return len(rows.all())", "warning")]
        assert (on_the_loop if is_async else []) == told(watch)


def test_an_awaited_session_does_not_block(shop: ModuleType) -> None:
    """An AsyncSession gives way to the loop."""
    with watched(blocked_ms=0.0) as watch:

        async def ask() -> None:
            async with shop.AsyncSessionLocal() as session:
                await session.execute(select(shop.Order))

        run(shop, ask())

        assert [] == told(watch)


def test_a_page_without_an_order(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """An offset into rows of no certain order; with an order there is nothing to tell."""

    def pages(session: Session) -> None:
        session.scalars(select(shop.Order).order_by(shop.Order.id).offset(1).limit(1)).all()
        session.scalars(select(shop.Order).offset(0).limit(1)).all()
        session.scalars(select(shop.Order).offset(1).limit(1)).all()  # unordered

    twin(pages)

    assert [("unordered-page", "session.scalars(select(shop.Order).offset(1).limit(1)).all()", "warning")] == told(
        watch
    )


def test_expired_rows_read_one_by_one(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """After a commit each object is read again by a SELECT of its own."""

    def totals(session: Session) -> int:
        orders = session.scalars(select(shop.Order)).all()
        session.commit()
        return sum(order.total for order in orders)

    twin(totals)

    assert [("expired-access", "return sum(order.total for order in orders)", "warning")] == told(watch)


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_savepoint_that_is_released_is_no_commit(
    shop: ModuleType, watch: Watch, twin: Twin, is_committed: bool
) -> None:
    """Its transaction goes on, and what it wrote is lost with the session, unless that is committed."""

    def work(session: Session) -> None:
        with session.begin_nested():
            session.add(shop.Tag(label="new"))
        if is_committed:
            session.commit()

    twin(work)

    assert ([] if is_committed else ["lost-write"]) == [slug for slug, _, _ in told(watch)]
