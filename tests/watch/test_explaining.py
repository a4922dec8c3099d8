"""Errors that explain themselves: below each of SQLAlchemy's stands what the watcher knows; type and text stay."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import create_engine, insert, select, update
from sqlalchemy.exc import (
    IntegrityError,
    InvalidRequestError,
    PendingRollbackError,
    ResourceClosedError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import DetachedInstanceError, ObjectDeletedError
from sqlalchemy.pool import QueuePool

from .conftest import run

Twin = Callable[[Callable[[Session], object]], None]

pytestmark = pytest.mark.usefixtures("watch", "swept")


def note_of(error: BaseException) -> str:
    """What stands below an error."""
    return "\n".join(getattr(error, "__notes__", ()))


def line_of(text: str) -> int:
    """The number of this file's line with this text."""
    lines = Path(__file__).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if line.strip().startswith(text))


def test_a_detached_read_tells_where_it_was_loaded_and_closed(shop: ModuleType, twin: Twin) -> None:
    """Which attribute, by which query it was loaded, where its session closed, and the option to add."""
    kept: list[Any] = []
    twin(lambda session: kept.append(session.scalars(select(shop.Order)).first()))

    with pytest.raises(DetachedInstanceError, match="is not bound to a Session") as raised:
        kept[0].customer.name  # noqa: B018

    note = note_of(raised.value)
    assert "hermetic: kept[0].customer is read after its session closed" in note
    assert f"test_explaining.py:{line_of('twin(lambda session: kept.append')}:" in note
    assert "(closed)" in note
    assert "fix: select(Order).options(joinedload(Order.customer))" in note


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_an_async_session_cannot_await_is_told_on_each_version(shop: ModuleType) -> None:
    """Since 2.1 the error is a StatementError around the MissingGreenlet, and the note is on it all the same."""

    async def read() -> None:
        async with shop.AsyncSessionLocal() as session:
            order = (await session.scalars(select(shop.Order))).first()
            order.customer.name  # noqa: B018

    with pytest.raises(SQLAlchemyError) as raised:
        run(shop, read())

    assert "hermetic: order.customer" in note_of(raised.value)
    assert "implicit-io" in note_of(raised.value)


def test_a_refused_session_tells_what_failed_first(shop: ModuleType, twin: Twin) -> None:
    """The flush that failed is named, not only that one did."""

    def work(session: Session) -> None:
        session.add(shop.Customer(name="Twin", email="ada@shop.example"))
        with pytest.raises(IntegrityError):
            session.flush()  # the flush that fails
        session.scalars(select(shop.Order)).all()

    with pytest.raises(PendingRollbackError) as raised:
        twin(work)

    assert "poisoned-session" in note_of(raised.value)
    assert f"test_explaining.py:{line_of('session.flush()  # the flush')}:" in note_of(raised.value)


def test_an_instance_of_another_session_tells_both(shop: ModuleType, twin: Twin) -> None:
    """Where the other session was opened and loaded it, and that merge() gives one to work on."""

    def work(session: Session) -> None:
        order = session.scalars(select(shop.Order)).first()
        with shop.SessionLocal() as other:
            other.add(order)

    with pytest.raises(InvalidRequestError, match="is already attached to session") as raised:
        twin(work)

    note = note_of(raised.value)
    assert "this Order is still attached to the session" in note
    assert f"test_explaining.py:{line_of('order = session.scalars(select(shop.Order)).first()')}:" in note
    assert "session.merge(…)" in note


def test_a_deleted_instance_tells_how_to_go_on(shop: ModuleType, twin: Twin) -> None:
    """It can be replaced, or made new."""

    def work(session: Session) -> None:
        tag = shop.Tag(label="rare")
        session.add(tag)
        session.flush()
        session.delete(tag)
        session.flush()
        session.add(tag)

    with pytest.raises(InvalidRequestError, match="has been deleted") as raised:
        twin(work)

    assert "hermetic: this Tag was deleted in its session before" in note_of(raised.value)


def test_a_row_that_is_gone_tells_who_loaded_it(shop: ModuleType, twin: Twin) -> None:
    """An expired instance whose row somebody deleted meanwhile."""

    def work(session: Session) -> None:
        tag = shop.Tag(label="short-lived")
        session.add(tag)
        session.flush()
        session.expire(tag)
        session.connection().exec_driver_sql("DELETE FROM tags")
        tag.label  # noqa: B018

    with pytest.raises(ObjectDeletedError) as raised:
        twin(work)

    assert "the row of this Tag is gone since it was loaded" in note_of(raised.value)
    assert "session.get(Tag, …)" in note_of(raised.value)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda session, order: session.expunge(order), "left its session"),
        (lambda session, order: session.get_bind(), "belongs to another session"),
    ],
    ids=["expunged", "of another session"],
)
def test_what_is_not_in_the_session_tells_where_it_is(
    shop: ModuleType, twin: Twin, spoil: Callable[[Session, object], object], sentence: str
) -> None:
    """refresh() of an instance that this session does not hold."""

    def work(session: Session) -> None:
        order = session.scalars(select(shop.Order)).first()
        spoil(session, order)
        with shop.SessionLocal() as other:
            other.refresh(order)

    with pytest.raises(InvalidRequestError, match="is not persistent within") as raised:
        twin(work)

    assert f"hermetic: this Order {sentence}" in note_of(raised.value)


def test_a_twin_tells_where_the_other_one_came_from(shop: ModuleType, twin: Twin) -> None:
    """Two instances of one row cannot be in one session."""

    def work(session: Session) -> None:
        order = session.scalars(select(shop.Order)).first()
        session.expunge(order)
        other = session.scalars(select(shop.Order)).first()
        assert other is not order
        session.add(order)

    with pytest.raises(InvalidRequestError, match="another instance with key") as raised:
        twin(work)

    assert "the session holds another Order for the same row" in note_of(raised.value)
    assert "(the other one loaded)" in note_of(raised.value)


def test_a_statement_without_rows_tells_what_to_leave_out(shop: ModuleType, twin: Twin) -> None:
    """`.all()` on an UPDATE."""
    with pytest.raises(ResourceClosedError) as raised:
        twin(lambda session: session.execute(update(shop.Order).values(total=1)).all())

    assert "hermetic: the statement returns no rows" in note_of(raised.value)
    assert ".returning(…)" in note_of(raised.value)


def test_rows_read_too_late_tell_where_their_session_closed(shop: ModuleType) -> None:
    """A result that outlives its session."""
    with shop.SessionLocal() as session:
        rows = session.execute(select(shop.Order.id))
        rows.close()

    with pytest.raises(ResourceClosedError) as raised:
        rows.all()

    assert "rows are read after their result was closed" in note_of(raised.value)
    assert "shop.SessionLocal() as session:  (closed)" in note_of(raised.value)


def test_a_connection_used_too_late_tells_where_its_session_closed(shop: ModuleType) -> None:
    """A connection that outlives the session that it was taken from."""
    with shop.SessionLocal() as session:
        connection = session.connection()

    with pytest.raises(ResourceClosedError) as raised:
        connection.execute(select(shop.Order.id))

    assert "this connection was closed before" in note_of(raised.value)
    assert "shop.SessionLocal() as session:  (closed)" in note_of(raised.value)


def test_an_empty_pool_tells_who_holds_its_connections(shop: ModuleType, tmp_path: Path) -> None:
    """The oldest holder is named with the line that opened it."""
    engine = create_engine(
        f"sqlite:///{tmp_path}/pool.db", poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01
    )
    holder = Session(engine)  # the one that holds it
    holder.connection()

    with pytest.raises(PoolTimeout) as raised, Session(engine) as session:
        session.connection()
    holder.close()
    engine.dispose()

    assert f"test_explaining.py:{line_of('holder = Session(engine)  # the one')}:" in note_of(raised.value)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_two_tasks_in_one_session_are_both_told(shop: ModuleType) -> None:
    """Where SQLAlchemy notices, on a cold session, the note tells that two tasks are in it."""

    async def read() -> None:
        async with shop.AsyncSessionLocal() as session:
            await asyncio.gather(*(session.scalars(select(shop.Order)) for _ in range(2)))

    with pytest.raises(InvalidRequestError, match=r"concurrent operations|can't be called here") as raised:
        run(shop, read())

    assert "hermetic explain" in note_of(raised.value)
    assert "-session" in note_of(raised.value)


def test_an_error_without_a_cause_of_ours_is_left_alone(shop: ModuleType, twin: Twin) -> None:
    """A refused row is explained by the database already."""

    def work(session: Session) -> None:
        session.execute(insert(shop.Customer).values(name="Twin", email="ada@shop.example"))

    with pytest.raises(IntegrityError) as raised:
        twin(work)

    assert "" == note_of(raised.value)


EXPLAINED = """
import traceback
from pathlib import Path
import hermetic.explain
import shop
from sqlalchemy import select

shop.stock_shelves()
with shop.SessionLocal() as session:
    order = session.scalars(select(shop.Order)).first()
try:
    order.customer
except Exception as error:
    traceback.print_exception(error)
hermetic.explain.off()
try:
    order.customer
except Exception as error:
    print(getattr(error, "__notes__", "as it was"))
"""


def test_one_import_is_enough(tmp_path: Path, root: Path) -> None:
    """`import hermetic.explain` without anything else; `off()` leaves SQLAlchemy's errors alone again."""
    (tmp_path / "shop.py").write_text((root / "tests" / "world.py").read_text("utf-8"), "utf-8")
    (tmp_path / "app.py").write_text(EXPLAINED, "utf-8")
    done = subprocess.run([sys.executable, "app.py"], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert "hermetic: order.customer is read after its session closed" in done.stderr
    assert ": order = session.scalars(select(shop.Order)).first()  (loaded without `customer`)" in done.stderr
    assert "as it was\n" == done.stdout
