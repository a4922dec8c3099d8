"""Flask: what a view did is kept before its client is told, and is kept if and only if it is told so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, abort, redirect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hermetic.errors import BlockingScope, ReadOnly, ScopeClosed, ScopeError
from hermetic.integrations.flask import Host, attach
from tests.world import Customer

from .conftest import Stock, customer


@pytest.fixture
def app() -> Flask:
    return Flask("shop")


@pytest.fixture
def host(app: Flask, stock: Stock) -> Iterator[Host[Any]]:
    """A host, and an endpoint that adds a customer."""
    db = stock.database("sync")
    host = attach(app, db)

    @app.post("/customers/<name>")
    def add(name: str) -> tuple[str, int]:
        host.begin().add(customer(name))
        return name, 201

    yield host
    assert 0 == db.engine.pool.checkedout()
    db.dispose()


def test_the_commit_comes_before_the_response(app: Flask, host: Host[Any], stock: Stock) -> None:
    """Bad: in a teardown it comes when the client knows of success already. Cured: whoever is told finds the row."""
    heard = []
    whole = app.wsgi_app

    def hearing(environ: Any, start_response: Any) -> Any:
        def start(*args: Any) -> Any:
            heard.append((args[0], stock.names()))
            return start_response(*args)

        return whole(environ, start)

    app.wsgi_app = hearing

    @app.post("/bad")
    def bad() -> str:
        late.add(customer("Ada"))
        return "added"

    late = Session(stock._engine)

    @app.teardown_request
    def commit(error: BaseException | None) -> None:
        with late:
            late.commit()

    asking = app.test_client()
    asking.post("/bad")
    asking.post("/customers/Grace")

    assert [("200 OK", []), ("201 CREATED", ["Ada", "Grace"])] == heard


def test_a_failed_commit_is_the_apps_to_answer(app: Flask, host: Host[Any], stock: Stock) -> None:
    """The error handler for it is asked, as if the view had raised it; without one the answer is 500."""
    asking = app.test_client()
    unknown = [asking.post("/customers/Ada").status_code for _ in range(2)]
    app = Flask("shop")
    known = attach(app, host._db)
    app.errorhandler(IntegrityError)(lambda error: ({"detail": "the address is taken"}, 409))

    @app.post("/customers/<name>")
    def add(name: str) -> tuple[str, int]:
        known.begin().add(customer(name))
        return name, 201

    answer = app.test_client().post("/customers/Ada")

    assert ([201, 500], 409, ["Ada"]) == (unknown, answer.status_code, stock.names())


@pytest.mark.parametrize(("status", "kept"), [(200, ["Ada"]), (302, ["Ada"]), (404, []), (500, [])])
def test_the_status_tells_whether_the_work_is_kept(
    app: Flask, host: Host[Any], stock: Stock, status: int, kept: list[str]
) -> None:
    """Below 400 it was done; from there on it was not."""

    @app.post("/any")
    def answer() -> tuple[str, int]:
        host.begin().add(customer("Ada"))
        return "", status

    app.test_client().post("/any")

    assert kept == stock.names()


@pytest.mark.parametrize("raising", [lambda: abort(404), lambda: abort(redirect("/")), lambda: 1 / 0])
def test_an_exception_rolls_back(app: Flask, host: Host[Any], stock: Stock, raising: Any) -> None:
    """Whatever is answered to it, by Flask or by a handler of the app."""
    app.errorhandler(ZeroDivisionError)(lambda error: ("never mind", 200))

    @app.post("/any")
    def fail() -> str:
        session = host.begin()
        session.add(customer("Ada"))
        session.flush()
        raising()
        return "done"

    app.test_client().post("/any")

    assert [] == stock.names()


def test_an_exception_that_the_server_gets_rolls_back(app: Flask, host: Host[Any], stock: Stock) -> None:
    """In debugging and testing Flask lets it through without making a response."""
    app.testing = True

    @app.post("/any")
    def fail() -> str:
        session = host.begin()
        session.add(customer("Ada"))
        session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        app.test_client().post("/any")

    assert [] == stock.names()


def test_a_request_has_one_session(app: Flask, host: Host[Any], stock: Stock) -> None:
    """Whoever asks gets it; a function that opens a scope of its own writes into the same unit."""

    @app.post("/any")
    def both() -> tuple[str, int]:
        host.begin().add(customer("Ada"))
        with host._db.begin() as inner:
            inner.add(customer("Grace"))
        return str(inner is host.begin() is host.read()), 418

    assert ("True", []) == (app.test_client().post("/any").text, stock.names())


def test_who_reads_first_can_write_afterwards(app: Flask, host: Host[Any], stock: Stock) -> None:
    """A `before_request` that reads the user; what it read stays readable."""

    @app.post("/any")
    def write() -> str:
        reading = host.read()
        user = reading.get(Customer, 1)
        with pytest.raises(ReadOnly):
            reading.add(customer("Eve"))
        host.begin().add(customer("Grace"))
        return user.name

    asking = app.test_client()
    asking.post("/customers/Ada")

    assert ("Ada", ["Ada", "Grace"]) == (asking.post("/any").text, stock.names())


def test_a_stream_has_a_scope_of_its_own(app: Flask, host: Host[Any], stock: Stock) -> None:
    """Bad: the request's session, which has ended. Cured: a read scope in the generator."""

    @app.post("/any")
    def stream() -> Any:
        session = host.begin()
        session.add(customer("Ada"))

        def rows() -> Iterator[str]:
            with pytest.raises(ScopeClosed):
                session.get(Customer, 1)
            with host._db.read() as own:
                yield own.get(Customer, 1).name

        return rows()

    assert "Ada" == app.test_client().post("/any").text


def test_background_work_comes_after_the_response(app: Flask, host: Host[Any], stock: Stock) -> None:
    """In a unit of its own, and only if the request's work was kept."""

    @app.post("/any/<int:status>")
    def start(status: int) -> tuple[str, int]:
        host.begin().add(customer(f"Of {status}"))
        host.background(lambda session, name: session.add(customer(name)), f"After {status}")
        return "", status

    asking = app.test_client()
    for status in (404, 200):
        asking.post(f"/any/{status}", buffered=True).close()

    assert ["Of 200", "After 200"] == stock.names()


def test_outside_of_a_request_there_is_no_session(host: Host[Any]) -> None:
    """The message tells what to write in a command or a shell."""
    with pytest.raises(ScopeError, match=r"with db\.begin\(\) as session:"):
        host.begin()


def test_an_async_view_is_refused_the_blocking_session(app: Flask, host: Host[Any], stock: Stock) -> None:
    """Flask runs it on an event loop of its own, for which a Database is none."""
    app.testing = True

    @app.post("/any")
    async def wait() -> str:
        host.begin().add(customer("Ada"))
        return "done"

    with pytest.raises(BlockingScope):
        app.test_client().post("/any")
