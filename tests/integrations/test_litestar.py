"""Litestar: what a request did is kept before its client is told, and a failed commit is the app's to answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, Request, Response, WebSocket, post, websocket
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from litestar.response import Stream
from litestar.testing import TestClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from hermetic.errors import ScopeClosed
from hermetic.integrations.litestar import Background, Host, attach
from tests.world import Customer

from .conftest import Stock, customer

Asked = NamedDependency[AsyncSession]


@pytest.fixture
def db(stock: Stock) -> Any:
    return stock.database("async")


@pytest.fixture
def host(db: Any) -> Host[Any]:
    return attach(db)


@post("/customers/{name:str}")
async def add(name: FromPath[str], session: Asked) -> str:
    session.add(customer(name))
    return name


def client(host: Host[Any], *handlers: Any, **how: Any) -> TestClient[Litestar]:
    """A client of an app with those handlers, each of which may ask for the host's sessions."""
    asked = {
        "session": Provide(host.begin),
        "reader": Provide(host.read),
        "background": Provide(host.background),
    }
    return TestClient(Litestar([*handlers], plugins=[host], dependencies=asked, **how))


def test_a_request_is_a_unit_of_work(host: Host[Any], stock: Stock) -> None:
    """What the handler added is kept."""
    with client(host, add) as asking:
        status = asking.post("/customers/Ada").status_code

    assert (201, ["Ada"]) == (status, stock.names())


def test_a_failed_commit_is_the_apps_to_answer(host: Host[Any], stock: Stock) -> None:
    """The exception handler of the app is asked, as if the handler had raised it; without one the answer is 500."""

    def conflict(request: Request[Any, Any, Any], error: IntegrityError) -> Response[str]:
        return Response("the address is taken", status_code=409)

    with client(host, add) as asking:
        plain = [asking.post("/customers/Ada").status_code for _ in range(2)]
    with client(host, add, exception_handlers={IntegrityError: conflict}) as asking:
        handled = asking.post("/customers/Ada")

    assert ([201, 500], 409, ["Ada"]) == (plain, handled.status_code, stock.names())


@pytest.mark.parametrize("error", [HTTPException("no", status_code=404), ZeroDivisionError("boom")])
def test_an_exception_rolls_back(host: Host[Any], db: Any, stock: Stock, error: Exception) -> None:
    """Whatever is answered to it."""

    @post("/fail")
    async def fail(session: Asked) -> None:
        session.add(customer("Ada"))
        await session.flush()
        raise error

    def never_mind(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
        return Response("never mind", status_code=200)

    with client(host, fail, exception_handlers={ZeroDivisionError: never_mind}) as asking:
        asking.post("/fail")
        held = db.engine.pool.checkedout()

    assert (0, []) == (held, stock.names())


def test_an_error_status_rolls_back(host: Host[Any], stock: Stock) -> None:
    """Returned, not raised: the client is told that it did not work, so it did not."""

    @post("/refuse")
    async def refuse(session: Asked) -> Response[str]:
        session.add(customer("Ada"))
        return Response("no", status_code=422)

    with client(host, refuse) as asking:
        status = asking.post("/refuse").status_code

    assert (422, []) == (status, stock.names())


def test_a_plain_handler_works_in_its_thread(stock: Stock) -> None:
    """With a Database and `sync_to_thread=True`; the commit is in a thread as well."""
    db = stock.database("sync")
    host = attach(db)

    @post("/customers/{name:str}", sync_to_thread=True)
    def add(name: FromPath[str], session: NamedDependency[Session]) -> str:
        session.add(customer(name))
        session.flush()
        return name

    with client(host, add) as asking:
        statuses = [asking.post("/customers/Ada").status_code for _ in range(2)]

    assert ([201, 500], ["Ada"]) == (statuses, stock.names())


def test_a_service_that_begins_is_a_savepoint_of_the_request(host: Host[Any], db: Any, stock: Stock) -> None:
    """Also where Litestar resolves dependencies beside each other, in tasks of their own."""

    @post("/any")
    async def serve(session: Asked, reader: Asked) -> Response[str]:
        session.add(customer("Ada"))
        async with db.begin() as inner:
            inner.add(customer("Grace"))
        return Response(str(session is reader is inner), status_code=418)

    with client(host, serve) as asking:
        answer = asking.post("/any").text

    assert ("True", []) == (answer, stock.names())


def test_who_reads_first_can_write_afterwards(host: Host[Any], stock: Stock) -> None:
    """A dependency that reads who is asking; what it read stays readable."""

    async def who(reader: Asked) -> Customer:
        return await reader.get_one(Customer, 1)

    @post("/any", dependencies={"user": Provide(who)})
    async def write(user: NamedDependency[Any], session: Asked) -> str:
        session.add(customer("Grace"))
        return user.name

    with client(host, add, write) as asking:
        asking.post("/customers/Ada")
        answer = asking.post("/any").text

    assert ("Ada", ["Ada", "Grace"]) == (answer, stock.names())


def test_a_stream_starts_after_the_commit_and_has_a_scope_of_its_own(host: Host[Any], db: Any, stock: Stock) -> None:
    """Bad: the request's session in the body. Cured: a read scope there."""

    @post("/stream")
    async def stream(session: Asked) -> Stream:
        session.add(customer("Ada"))

        async def rows() -> AsyncIterator[str]:
            with pytest.raises(ScopeClosed):
                await session.get(Customer, 1)
            async with db.read() as own:
                yield (await own.get_one(Customer, 1)).name

        return Stream(rows())

    with client(host, stream) as asking:
        answer = asking.post("/stream").text

    assert "Ada" == answer


def test_background_work_comes_after_the_response(host: Host[Any], db: Any, stock: Stock) -> None:
    """By the host's verb only if the request's work is kept; Litestar's own task is given `db.run`."""

    async def note(session: Any, name: str) -> None:
        session.add(customer(name))

    @post("/start/{status:int}")
    async def start(status: FromPath[int], session: Asked, background: NamedDependency[Background]) -> Response[str]:
        session.add(customer(f"Of {status}"))
        background(note, f"After {status}")
        return Response("", status_code=status)

    @post("/task")
    async def task() -> Response[str]:
        return Response("", background=BackgroundTask(db.run, note, "Task"))

    with client(host, start, task) as asking:
        for path in ("/start/404", "/start/200", "/task"):
            asking.post(path)

    assert ["Of 200", "After 200", "Task"] == stock.names()


def test_a_websocket_holds_nothing_while_it_waits(host: Host[Any], db: Any, stock: Stock) -> None:
    """What was asked for in the signature ends with the first message; each message has a scope of its own."""
    waiting = []

    @websocket("/names")
    async def names(socket: WebSocket[Any, Any, Any], session: Asked) -> None:
        session.add(customer("Guest"))
        await session.flush()
        await socket.accept()
        with pytest.raises(ScopeClosed):
            await session.get(Customer, 1)
        name = await socket.receive_text()
        async with db.begin() as unit:
            unit.add(customer(name))
        waiting.append(db.engine.pool.checkedout())
        await socket.send_text("kept")
        await socket.close()

    with client(host, names) as asking, asking.websocket_connect("/names") as socket:
        before = stock.names()
        socket.send_text("Ada")
        answer = socket.receive_text()

    assert (["Guest"], "kept", ["Guest", "Ada"], [0]) == (before, answer, stock.names(), waiting)
