"""Each hazard as a running program meets it: the bad form is told on its line, the cured form is silent."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from types import ModuleType

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, PendingRollbackError
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.exc import DetachedInstanceError

from hermetic._watch import Watch

from .conftest import Twin, run, told, watched


def test_an_uncommitted_row_is_a_lost_write(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Flushed, never committed: told where it was added, once for the line."""

    def place(session: Session) -> None:
        order = shop.Order(customer_id=1)
        session.add(order)  # lost
        session.flush()

    twin(place)
    twin(place)

    assert [("lost-write", "session.add(order)", "error")] == told(watch)
    assert [2] == [seen.count for seen in watch.findings()]


@pytest.mark.parametrize(
    ("test", "severity"),
    [
        ("tests/test_tags.py::test_tag (setup)", "info"),
        ("tests/test_tags.py::test_tag (call)", "error"),
        ("watch/conftest.py::test_tag (call)", "info"),
        ("tests/test_tags.py::test_tag (teardown)", "info"),
    ],
)
def test_a_test_throws_away_on_purpose(
    shop: ModuleType, twin: Twin, monkeypatch: pytest.MonkeyPatch, test: str, severity: str
) -> None:
    """What a fixture, or the file of the running test, closes was never to be kept; what the program closes was."""

    def write(session: Session) -> None:
        session.add(shop.Tag(label="new"))
        session.flush()

    with watched(under_test=None, tests_count=False) as watch:
        monkeypatch.setenv("PYTEST_CURRENT_TEST", test)
        twin(write)

        assert [("lost-write", severity)] == [(slug, found) for slug, _, found in told(watch)]


def test_a_session_on_a_connection_of_another_is_no_leak(shop: ModuleType, watch: Watch) -> None:
    """It holds nothing: whoever opened the connection gives it back."""
    with shop.engine.begin() as connection:
        Session(connection).scalars(select(shop.Tag)).all()
        gc.collect()

    assert [] == told(watch)


def test_a_committed_row_is_fine(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """The same with its commit."""

    def place(session: Session) -> None:
        session.add(shop.Order(customer_id=1))
        session.commit()

    twin(place)

    assert [] == told(watch)


def test_a_changed_attribute_is_a_lost_write(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Changed and not even flushed: told where it was set."""

    def rename(session: Session) -> None:
        session.get_one(shop.Customer, 1).name = "Ada L."

    twin(rename)

    assert [("lost-write", 'session.get_one(shop.Customer, 1).name = "Ada L."', "error")] == told(watch)


def test_the_same_value_is_no_write(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """An attribute that is set to what it was leaves nothing to commit."""

    def keep(session: Session) -> None:
        session.get_one(shop.Customer, 1).name = "Ada"

    twin(keep)

    assert [] == told(watch)


def test_an_error_loses_work_on_purpose(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """An exception that leaves the block is a reason not to commit."""

    def fail(session: Session) -> None:
        session.add(shop.Order(customer_id=1))
        session.flush()
        raise LookupError

    with suppress(LookupError):
        twin(fail)

    assert [] == told(watch)


def test_a_rollback_loses_work_on_purpose(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Whoever rolls back says so."""

    def preview(session: Session) -> None:
        session.add(shop.Order(customer_id=1))
        session.flush()
        session.rollback()

    twin(preview)

    assert [] == told(watch)


def test_a_swallowed_failure_poisons_the_session(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """The next use after a failed flush is told, with the flush in its story."""

    def add_twice(session: Session) -> None:
        session.add(shop.Product(sku="TEA", name="Tea"))
        with suppress(IntegrityError):
            session.flush()
        with suppress(PendingRollbackError):
            session.execute(select(shop.Product))

    twin(add_twice)

    assert [("poisoned-session", "session.execute(select(shop.Product))", "error")] == told(watch)
    assert ["session.flush()", "session.execute(select(shop.Product))"] == [
        step.source for step in watch.findings()[0].finding.story
    ]


def test_a_savepoint_takes_the_failure(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """A failed flush in a savepoint leaves the session whole."""

    def add_if_new(session: Session) -> None:
        with suppress(IntegrityError), session.begin_nested():
            session.add(shop.Product(sku="TEA", name="Tea"))
        session.execute(select(shop.Product))

    twin(add_if_new)

    assert [] == told(watch)


def test_a_lazy_load_for_each_row(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Told at the line that reads, with the query that could have loaded it all, and counted."""

    def count(session: Session) -> int:
        customers = session.scalars(select(shop.Customer)).all()
        return sum(len(customer.orders) for customer in customers)

    twin(count)

    assert [("n-plus-one", "return sum(len(customer.orders) for customer in customers)", "warning")] == told(watch)
    assert [3] == [seen.count for seen in watch.findings()]
    assert "customers = session.scalars(select(shop.Customer)).all()" == watch.findings()[0].finding.story[0].source


def test_a_lazy_load_for_the_only_row(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """One row, in a loop over what may be many: information, until there are more rows."""

    def count(limit: int) -> Callable[[Session], int]:
        query = select(shop.Customer).where(shop.Customer.id <= limit)
        return lambda session: sum(len(customer.orders) for customer in session.scalars(query))

    line = "return lambda session: sum(len(customer.orders) for customer in session.scalars(query))"
    twin(count(1))

    assert [("n-plus-one", line, "info")] == told(watch)
    assert "1+1 SELECTs now, N+1 with more rows" in watch.findings()[0].finding.message

    twin(count(2))

    assert [("n-plus-one", line, "warning")] == told(watch)
    assert [3] == [seen.count for seen in watch.findings()]


def test_a_lazy_load_for_a_row_that_is_asked_for(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Who asks for one row gets no more of them: by its key, by one() and first(), by a limit; nor is every read in a loop."""
    query = select(shop.Order).where(shop.Order.id == 1)

    def single(session: Session) -> None:
        asked = (
            lambda: session.get_one(shop.Order, 1),
            lambda: session.scalars(query).one(),
            lambda: session.execute(query).scalar_one(),
            lambda: session.scalars(query).first(),
            lambda: session.scalar(query),
            lambda: session.scalars(select(shop.Order).order_by(shop.Order.id).limit(1)).all()[0],
            lambda: session.query(shop.Order).filter_by(id=1).one(),
        )
        for ask in asked:
            order = ask()
            for relation in ("items", "customer"):
                getattr(order, relation)
            len(order.customer.orders)
            session.expunge_all()
        len(session.scalars(query).all()[0].items)

    twin(single)

    assert [] == told(watch)


def test_a_query_for_each_row_is_information(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """One line that asks the same ten times in a transaction may be a loop over rows; it is told, and raises nothing."""

    def look_up(session: Session) -> None:
        for number in range(12):
            session.scalars(select(shop.Product).where(shop.Product.id == number)).all()

    twin(look_up)

    line = "session.scalars(select(shop.Product).where(shop.Product.id == number)).all()"
    assert [("n-plus-one", line, "info")] == told(watch)


def test_a_loader_option_loads_all_rows_at_once(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """With selectinload there is nothing left to tell."""

    def count(session: Session) -> int:
        customers = session.scalars(select(shop.Customer).options(selectinload(shop.Customer.orders))).all()
        return sum(len(customer.orders) for customer in customers)

    twin(count)

    assert [] == told(watch)


def test_a_relation_read_after_the_close(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """Never loaded, and no session left to load it."""
    found = []
    twin(lambda session: found.append(session.get(shop.Order, 1)))
    with pytest.raises(DetachedInstanceError):
        found[0].items  # noqa: B018

    assert [("detached-access", "found[0].items", "error")] == told(watch)


def test_a_column_read_after_commit_and_close(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """The commit expired it; the story names the commit."""
    found = []

    def load(session: Session) -> None:
        found.append(session.get(shop.Order, 1))
        session.commit()

    twin(load)
    with pytest.raises(DetachedInstanceError):
        found[0].total  # noqa: B018

    assert [("detached-access", "found[0].total", "error")] == told(watch)
    assert "session.commit()" in [step.source for step in watch.findings()[0].finding.story]


def test_a_loaded_column_outlives_its_session(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """What was loaded, and not expired, is read without a session."""
    found = []
    twin(lambda session: found.append(session.get(shop.Order, 1)))

    assert 35 == found[0].total
    assert [] == told(watch)


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.usefixtures("swept")
def test_a_lazy_load_that_nobody_awaits(shop: ModuleType, watch: Watch) -> None:
    """Under AsyncSession a relation that was not loaded raises; the line that reads it is told."""

    async def items() -> None:
        async with shop.AsyncSessionLocal() as session:
            order = await session.get(shop.Order, 1)
            with suppress(Exception):
                order.items  # noqa: B018

    run(shop, items())

    assert [("implicit-io", "order.items", "error")] == told(watch)


def test_a_session_that_is_dropped_in_its_transaction_leaks(shop: ModuleType, watch: Watch) -> None:
    """Told where it was opened, as soon as the garbage collector finds it."""

    def find() -> str:
        session = shop.SessionLocal()
        return str(session.get(shop.Order, 1).status)

    find()
    gc.collect()

    assert [("session-leak", "session = shop.SessionLocal()", "warning")] == told(watch)


def test_a_closed_session_is_no_leak(shop: ModuleType, twin: Twin, watch: Watch) -> None:
    """A session that was closed may be dropped."""
    twin(lambda session: session.get(shop.Order, 1))
    gc.collect()

    assert [] == told(watch)
