"""FastAPI: streams, background work and websockets are each right without being told apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import BackgroundTasks, Depends, FastAPI, WebSocket
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.testclient import TestClient
from sqlalchemy import select

from hermetic.errors import BlockingScope, ScopeClosed, ScopeError
from hermetic.integrations.fastapi import attach
from tests.world import Customer

from .conftest import Stock, customer
from .fastapi_shop import Shop, held, opened


@pytest.fixture(params=["sync", "async"])
def shop(request: pytest.FixtureRequest, stock: Stock) -> Iterator[Shop]:
    with opened(request.param, stock) as shop:
        yield shop


def test_a_stream_starts_after_the_commit_and_has_a_scope_of_its_own(shop: Shop) -> None:
    """The request's session is of no use in the body, and says so; a scope that the stream opens is."""
    firsts = []

    async def stream(session=Depends(shop.host.begin)):
        session.add(customer("Ada"))

        async def rows() -> AsyncIterator[str]:
            firsts.append(await asyncio.to_thread(shop.stock.names))
            with pytest.raises(ScopeClosed, match="Open a scope of its own"):
                await session.get(Customer, 1)
            yield await name_of(shop, 1)

        return StreamingResponse(rows())

    shop.app.post("/stream")(shop.fit(stream))
    response = shop.client.post("/stream")

    assert ("Ada", [["Ada"]], 0) == (response.text, firsts, held(shop))


async def name_of(shop: Shop, key: int) -> str:
    """A name, read in a scope of its own, without holding the event loop."""
    if shop.kind == "async":
        async with shop.db.read() as session:
            return (await session.get(Customer, key)).name

    def read() -> str:
        with shop.db.read() as session:
            return session.get(Customer, key).name

    return await asyncio.to_thread(read)


def test_background_work_has_a_unit_of_its_own(shop: Shop) -> None:
    """It is done after the response, with a session of its own."""
    order = []

    async def note(session, name):
        order.append((await session.scalars(select(Customer.name))).all())
        session.add(customer(name))

    async def start(session=Depends(shop.host.begin), background=Depends(shop.host.background)):
        session.add(customer("Ada"))
        background(shop.fit(note), "Grace")

    shop.app.post("/start")(shop.fit(start))
    shop.client.post("/start")

    assert ([["Ada"]], ["Ada", "Grace"]) == (order, shop.stock.names())


def test_background_work_is_not_done_when_nothing_was_kept(shop: Shop) -> None:
    """A mail for an order that was rolled back is not sent: after an error, and after a commit that failed."""
    done = []

    async def start(status: int, session=Depends(shop.host.begin), background=Depends(shop.host.background)):
        session.add(customer("Ada"))
        background(lambda session: done.append(status))
        return JSONResponse({}, status)

    shop.client.post("/customers?name=Ada")
    shop.app.post("/start")(shop.fit(start))
    shop.client.post("/start?status=404")
    shop.client.post("/start?status=200")

    assert [] == done


def test_the_session_of_a_request_is_of_no_use_in_a_background_task(shop: Shop) -> None:
    """FastAPI runs its BackgroundTasks after the response; `db.run` is what to give them, or the host's own verb."""
    seen = []

    async def later(session):
        with pytest.raises(ScopeClosed):
            session.add(customer("Late"))
        seen.append("refused")

    async def note(session, name):
        session.add(customer(name))

    async def start(tasks: BackgroundTasks, session=Depends(shop.host.begin)):
        tasks.add_task(shop.fit(later), session=getattr(session, "plain", session))
        tasks.add_task(shop.db.run, shop.fit(note), "Grace")

    shop.app.post("/start")(shop.fit(start))
    shop.client.post("/start")

    assert (["refused"], ["Grace"]) == (seen, shop.stock.names())


def test_a_request_that_the_host_does_not_see_is_told_so(shop: Shop) -> None:
    """A session is asked for in an app that the host was not attached to."""
    stranger = FastAPI()

    @stranger.get("/")
    def ask(session=Depends(shop.host.begin)):
        pass

    with TestClient(stranger) as client, pytest.raises(ScopeError, match=r"(?s)GET /: .*attach\(app, db\)"):
        client.get("/")


def test_a_blocking_session_is_refused_on_the_event_loop(stock: Stock) -> None:
    """A Database in an `async def` endpoint would stop every other request; in a plain `def` it may work."""
    db = stock.database("sync")
    app = FastAPI()
    host = attach(app, db)

    @app.post("/bad")
    async def bad(session=Depends(host.begin)):
        session.add(customer("Bad"))

    @app.post("/cured")
    def cured(session=Depends(host.begin)):
        session.add(customer("Ada"))

    with TestClient(app) as client:
        with pytest.raises(
            BlockingScope, match=r"test_fastapi_endpoints.py:\d+: add\(\).*\n  Make the endpoint a plain `def`"
        ):
            client.post("/bad")
        client.post("/cured")

    assert ["Ada"] == stock.names()


def test_more_requests_than_connections_all_get_their_turn(stock: Stock) -> None:
    """Neither the commit nor the response model waits for a thread that waits for the connection it would give back."""
    db = stock.database("sync", pool_size=1, pool_timeout_s=60)
    app = FastAPI()
    host = attach(app, db)

    @app.post("/customers", response_model=int)
    def add(name: str, session=Depends(host.begin)):
        session.add(customer(name))
        session.flush()
        return 1

    with TestClient(app) as client, ThreadPoolExecutor(60) as crowd:
        statuses = list(crowd.map(lambda n: client.post(f"/customers?name={n}").status_code, range(60)))

    assert ([200] * 60, 60) == (statuses, len(stock.names()))


def test_a_websocket_holds_nothing_while_it_waits(stock: Stock) -> None:
    """What was opened before the first message ends there; each message has a scope of its own."""
    db = stock.database("async")
    app = FastAPI()
    host = attach(app, db)
    waiting = []

    @app.websocket("/names")
    async def names(websocket: WebSocket, session=Depends(host.begin)):
        session.add(customer("Guest"))
        await session.flush()
        await websocket.accept()
        with pytest.raises(ScopeClosed):
            await session.get(Customer, 1)
        async for name in websocket.iter_text():
            async with db.begin() as unit:
                unit.add(customer(name))
            waiting.append(db.engine.pool.checkedout())
            await websocket.send_text("kept")

    with TestClient(app) as client, client.websocket_connect("/names") as socket:
        before = stock.names()
        socket.send_text("Ada")
        answer = socket.receive_text()
        after = stock.names()

    assert (["Guest"], "kept", ["Guest", "Ada"], [0]) == (before, answer, after, waiting)


def test_a_dependency_of_http_and_websockets_alike(stock: Stock) -> None:
    """Whoever is asked for by both kinds of endpoints reads with the same verb."""
    db = stock.database("async")
    app = FastAPI()
    host = attach(app, db)

    async def how_many(session=Depends(host.read)):
        return len((await session.scalars(select(Customer))).all())

    @app.get("/count")
    async def by_http(count=Depends(how_many)):
        return count

    @app.websocket("/count")
    async def by_socket(websocket: WebSocket, count=Depends(how_many)):
        await websocket.accept()
        await websocket.send_json(count)

    with TestClient(app) as client:
        over_http = client.get("/count").json()
        with client.websocket_connect("/count") as socket:
            over_socket = socket.receive_json()

    assert (0, 0, 0) == (over_http, over_socket, db.engine.pool.checkedout())


def test_the_connections_are_closed_with_the_app(shop: Shop) -> None:
    """When the app ends, the pool is empty."""
    with TestClient(shop.app) as client:
        client.post("/customers?name=Ada")
        during = shop.db.engine.pool.checkedin()

    assert (1, 0) == (during, shop.db.engine.pool.checkedin())
