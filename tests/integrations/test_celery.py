"""Celery: what a task did is kept before it is told done, once for each task that was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from hermetic.errors import BadDatabase, ReadOnly, ScopeNested
from hermetic.integrations.celery import Host, attach
from hermetic.scopes import ScopeSession
from tests.world import Customer

from .conftest import Stock, customer

PATIENCE_S = 60


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("shop", broker="memory://", backend="cache+memory://")
    app.conf.update(worker_hijack_root_logger=False, broker_connection_retry_on_startup=True)
    yield app
    app.close()


@pytest.fixture
def db(stock: Stock) -> Iterator[Any]:
    with stock.database("sync") as db:
        yield db
        assert 0 == db.engine.pool.checkedout()


@pytest.fixture
def host(app: Celery, db: Any) -> Host[ScopeSession]:
    return attach(app, db)


@pytest.fixture(params=["eager", "worker"])
def running(request: pytest.FixtureRequest, app: Celery) -> Any:
    """What runs the tasks that a test has defined: the caller itself, or a worker in a thread of its own."""
    if request.param == "eager":
        app.conf.task_always_eager = True
        return lambda: Nothing()
    return lambda: start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=PATIENCE_S)


class Nothing:
    """A worker that there is none of."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        pass


def test_a_task_is_a_unit_of_work(app: Celery, host: Host[Any], running: Any, stock: Stock) -> None:
    """What it did is there when its caller is told that it is done."""

    @app.task(shared=False)
    @host.begin
    def add(session: ScopeSession, name: str) -> str:
        session.add(customer(name))
        return name

    with running():
        result = add.delay("Ada").get(timeout=PATIENCE_S)

    assert ("Ada", ["Ada"]) == (result, stock.names())


def test_a_failed_commit_fails_the_task(app: Celery, host: Host[Any], running: Any, stock: Stock) -> None:
    """Bad: a commit that nobody asked about. Cured: the caller is told."""

    @app.task(shared=False)
    @host.begin
    def add(session: ScopeSession, name: str) -> str:
        session.add(customer(name))
        return name

    with running():
        add.delay("Ada").get(timeout=PATIENCE_S)
        with pytest.raises(Exception, match="UNIQUE constraint failed"):
            add.delay("Ada").get(timeout=PATIENCE_S)


def test_a_task_that_is_to_be_retried_rolls_back(app: Celery, host: Host[Any], running: Any, stock: Stock) -> None:
    """`self.retry()` leaves the function by an exception; the next try begins anew."""
    tries: list[int] = []

    @app.task(shared=False, bind=True, default_retry_delay=0)
    @host.begin
    def add(session: ScopeSession, task: Any, name: str) -> str:
        tries.append(len(tries))
        session.add(customer(f"{name} {len(tries)}"))
        if len(tries) == 1:
            raise task.retry()
        return name

    with running():
        add.delay("Try").get(timeout=PATIENCE_S)

    assert ([0, 1], ["Try 2"]) == (tries, stock.names())


def test_a_task_that_is_delivered_twice_is_done_once(app: Celery, host: Host[Any], running: Any, stock: Stock) -> None:
    """Bad: a broker that delivers again, because a worker died before it had told. Cured: the key is the task's id."""

    @app.task(shared=False, name="bad")
    @host.begin
    def bad(session: ScopeSession, name: str) -> int:
        session.add(Customer(name=name, email=f"{id(session)}@shop.example"))
        return 1

    @app.task(shared=False, name="cured", acks_late=True)
    @host.begin_once
    def cured(session: ScopeSession, name: str) -> int:
        session.add(customer(name))
        return 2

    with running():
        for each in (bad, cured):
            given = [each.apply_async(["Ada" if each is cured else "Twice"], task_id=each.name) for _ in range(2)]
            results = [one.get(timeout=PATIENCE_S) for one in given]

    assert ([2, 2], ["Ada", "Twice", "Twice"]) == (results, sorted(stock.names()))


def test_a_key_needs_a_task(host: Host[Any]) -> None:
    """A function that is called by hand has no id to be known by."""

    @host.begin_once
    def work(session: ScopeSession) -> None:
        pass

    with pytest.raises(BadDatabase, match="here is no job whose work could be known again"):
        work()


def test_another_task_is_sent_when_the_work_is_kept(app: Celery, host: Host[Any], running: Any, stock: Stock) -> None:
    """Bad: sent from inside, it runs before the commit and finds nothing. Cured: `host.background`."""
    found: list[object] = []

    @app.task(shared=False, name="look")
    @host.read
    def look(session: ScopeSession, key: int) -> None:
        found.append(session.get_one(Customer, key).name)

    @app.task(shared=False, name="add")
    @host.begin
    def add(session: ScopeSession, name: str, *, fails: bool) -> None:
        session.add(added := customer(name))
        session.flush()
        host.background(session, look, added.id)
        if fails:
            raise ZeroDivisionError

    with running():
        with pytest.raises(ZeroDivisionError):
            add.delay("Lost", fails=True).get(timeout=PATIENCE_S)
        add.delay("Ada", fails=False).get(timeout=PATIENCE_S)
        look.delay(1).get(timeout=PATIENCE_S)

    assert ["Ada", "Ada"] == found


def test_a_task_that_is_called_in_a_unit_is_refused(app: Celery, host: Host[Any], db: Any) -> None:
    """It would be tried again without the work around it."""

    @app.task(shared=False)
    @host.begin
    def add(session: ScopeSession, name: str) -> None:
        session.add(customer(name))

    with db.begin(), pytest.raises(ScopeNested):
        add("Ada")


def test_a_reading_task_refuses_to_write(app: Celery, host: Host[Any]) -> None:
    """Its session is one of a read scope."""

    @app.task(shared=False)
    @host.read
    def sneak(session: ScopeSession) -> None:
        session.add(customer("Ada"))

    with pytest.raises(ReadOnly):
        sneak()


def test_the_signature_of_a_task_is_without_the_session(app: Celery, host: Host[Any]) -> None:
    """Celery checks the arguments when a task is sent."""

    @app.task(shared=False)
    @host.begin
    def add(session: ScopeSession, name: str) -> None:
        session.add(customer(name))

    with pytest.raises(TypeError, match="argument"):
        add.delay()
