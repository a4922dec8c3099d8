"""What watching costs and keeps is bounded, and no failure of it reaches the program."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Callable
from types import FrameType, ModuleType

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.pool import StaticPool

from hermetic._watch import Watch
from hermetic._watch.collector import LARGEST
from hermetic._watch.observer import QUERIES

from .conftest import watched

OURS = re.compile(r"hermetic/_(watch|where)\b")


def calls_of_ours(work: Callable[[], object]) -> int:
    """The Python calls that watching makes while something is done; a second time, when all is warm."""
    work()
    made = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal made
        made += event == "call" and bool(OURS.search(frame.f_code.co_filename))

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


def trivial(shop: ModuleType) -> None:
    """A session with one trivial statement."""
    with shop.SessionLocal() as session:
        session.execute(text("select 1"))


def read(shop: ModuleType) -> None:
    """Two SELECTs for three customers and their orders."""
    with shop.SessionLocal() as session:
        session.scalars(select(shop.Customer).options(selectinload(shop.Customer.orders))).all()


def write(shop: ModuleType) -> None:
    """Five changed rows and a commit."""
    with shop.SessionLocal() as session:
        for order in session.scalars(select(shop.Order)):
            order.total += 1
        session.commit()


def lazily(shop: ModuleType) -> None:
    """A lazy load for each of three customers."""
    with shop.SessionLocal() as session:
        for customer in session.scalars(select(shop.Customer)):
            len(customer.orders)


BUDGET = {trivial: 31, read: 48, write: 85, lazily: 136}
"""The Python calls that watching may make for each."""


@pytest.mark.parametrize("work", BUDGET, ids=lambda work: work.__name__)
def test_calls_stay_in_their_budget(shop: ModuleType, watch: Watch, work: Callable[[ModuleType], None]) -> None:
    """Cost is counted in Python calls, which are the same on every machine."""
    assert calls_of_ours(lambda: work(shop)) <= BUDGET[work]


def test_nothing_is_called_afterwards(shop: ModuleType) -> None:
    """Once the program is no longer watched, no hook and no listener is left: not one call is ours."""

    def all_of_it() -> None:
        for work in BUDGET:
            work(shop)

    with watched():
        all_of_it()

    assert 0 == calls_of_ours(all_of_it)


def test_rows_cost_nothing(shop: ModuleType, watch: Watch) -> None:
    """A query of a hundred rows makes as many calls of ours as one of three."""
    few = calls_of_ours(lambda: read(shop))
    with shop.SessionLocal.begin() as session:
        session.add_all(shop.Customer(name="x", email=f"{number}@shop.example") for number in range(100))

    assert few == calls_of_ours(lambda: read(shop))


def test_tables_do_not_grow(shop: ModuleType, watch: Watch) -> None:
    """After ten thousand sessions there are as many sessions, connections and engines in the tables as there are alive."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    for _ in range(10_000):
        with Session(engine) as session:
            session.execute(text("select 1"))
    del session
    engine.dispose()
    gc.collect()
    observer = watch._observer

    assert [0, 0, 0] == [len(table) for table in (observer.lives, observer.refs, observer.held)]
    assert len(observer.queries) <= QUERIES
    assert len(watch.findings()) <= LARGEST


def test_a_shared_connection_is_held_once(shop: ModuleType, watch: Watch) -> None:
    """A StaticPool gives one connection to all; the table has one entry for it, and none when it is back."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with Session(engine) as first, Session(engine) as second:
        first.execute(text("select 1"))
        second.execute(text("select 1"))

        assert 1 == len(watch._observer.held)

    assert 0 == len(watch._observer.held)
    engine.dispose()


def test_queries_are_forgotten(shop: ModuleType, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the queries only the latest are remembered."""
    monkeypatch.setattr("hermetic._watch.observer.QUERIES", 10)
    for _ in range(20):
        read(shop)

    assert 10 == len(watch._observer.queries)


def test_sessions_are_not_kept_alive(shop: ModuleType, watch: Watch) -> None:
    """A session that was told of may be collected like any other."""
    lazily(shop)
    gc.collect()

    assert ["n-plus-one"] == [seen.finding.slug for seen in watch.findings()]
    assert 0 == len(watch._observer.lives)


def test_frames_are_not_kept(shop: ModuleType, watch: Watch) -> None:
    """Where an operation began is known while it lasts; after it, no local variable is kept alive."""
    with shop.SessionLocal() as session:
        session.scalars(select(shop.Order)).first().total = 1
        session.flush()
        session.commit()
        with pytest.raises(OperationalError):
            session.execute(text("select nothing from nowhere"))

        assert [None] == [life.frame for life in watch._observer.lives.values()]


INSIDES = [
    "_where.Sites.here",
    "_where.Sites.place",
    "_watch.judge.Judge.closes",
    "_watch.judge.Judge.lazily",
    "_watch.judge.Judge.unreadable",
    "_watch.teller.Teller.tell",
    "_watch.collector.Collector.keep",
    "_watch.lives.SessionLife.note",
    "_watch.lives.SessionLife.begun",
    "_watch.lives.SessionLife.ended",
    "_watch.observer.Observer.opened",
    "_watch.observer.Observer.remember",
    "_watch.observer.Observer.site_of",
    "_watch.observer.Observer.request",
    "_watch.sqlalchemy.sessions.SessionHooks.life_of",
    "_watch.sqlalchemy.loads.LoadHooks.note",
    "_watch.sqlalchemy.writes.WriteHooks.changed",
    "_watch.sqlalchemy.writes.WriteHooks.flushed",
]


@pytest.mark.parametrize("inside", INSIDES)
def test_a_failure_of_ours_is_not_felt(shop: ModuleType, monkeypatch: pytest.MonkeyPatch, inside: str) -> None:
    """Whatever breaks inside the watcher, the program's results are the same."""

    def fail(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(f"hermetic.{inside}", fail)
    with watched() as watch:
        for _ in range(5):
            trivial(shop)
            read(shop)
            write(shop)
            lazily(shop)
            with shop.SessionLocal() as session:
                session.add(shop.Tag(label="lost"))
                session.flush()
                order = session.get(shop.Order, 1)
            with pytest.raises(Exception, match="bhk3"):
                order.items  # noqa: B018
        monkeypatch.undo()
        assert 0 < sum(watch.failures.values())
    with shop.SessionLocal() as session:
        assert [40, 40, 40] == [order.total for order in session.scalars(select(shop.Order))]
