"""ASGI: any app that hands its scope to the host has sessions, whatever framework it is written with."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from httpx2 import ASGITransport, AsyncClient

from hermetic.integrations.asgi import attach

from .conftest import Stock, customer


def answering(status: int, db: Any, **how: Any) -> Any:
    """A bare app that adds a customer and answers with a status, as it is served."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        session = await host.begin(scope)
        session.add(customer(scope["path"].strip("/")))
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    served, host = attach(app, db, **how)
    return served


def answers(app: Any, db: Any, times: int) -> list[int]:
    """The statuses with which an app answers the same request."""

    async def ask() -> list[int]:
        transport = ASGITransport(app=app, raise_app_exceptions=False)
        async with db, AsyncClient(transport=transport, base_url="http://shop.example") as client:
            return [(await client.post("/Ada")).status_code for _ in range(times)]

    return asyncio.run(ask())


@pytest.mark.parametrize(("status", "kept"), [(200, ["Ada"]), (302, ["Ada"]), (400, []), (503, [])])
def test_the_status_tells_whether_the_work_is_kept(stock: Stock, status: int, kept: list[str]) -> None:
    """Below 400 it was done; from there on it was not."""
    db = stock.database("async")
    app = answering(status, db)
    answers(app, db, 1)

    assert kept == stock.names()


def test_a_failed_commit_leaves_the_app_before_anything_is_sent(stock: Stock) -> None:
    """The server answers it as it answers every error of an app."""
    db = stock.database("async")

    assert ([200, 500], ["Ada"]) == (answers(answering(200, db), db, 2), stock.names())


def test_an_app_that_answers_nothing_keeps_nothing(stock: Stock) -> None:
    """Nobody was told of success."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        (await host.begin(scope)).add(customer("Ada"))

    db = stock.database("async")
    app, host = attach(silent, db)
    with pytest.raises(AssertionError):
        answers(app, db, 1)  # the client of httpx insists on an answer

    assert [] == stock.names()


def test_an_app_that_swallows_the_failure_cannot_tell_of_success(stock: Stock) -> None:
    """What it sends after a commit that failed is not sent."""

    async def stubborn(scope: Any, receive: Any, send: Any) -> None:
        (await host.begin(scope)).add(customer("Ada"))
        for _ in range(2):
            try:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"done"})
                return
            except Exception:
                continue

    db = stock.database("async")
    app, host = attach(stubborn, db)

    assert [200, 500] == answers(app, db, 2)


def test_the_connections_are_closed_before_the_server_is_told_of_the_end(stock: Stock) -> None:
    """What an app does after its last message is cancelled: bad to close them there."""
    db = stock.database("async")
    heard: list[object] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with db.begin() as session:
            session.add(customer("Ada"))
        await send({"type": "lifespan.shutdown.complete"})

    async def hear(message: Any) -> None:
        heard.append((message["type"], db.engine.pool.checkedin()))

    async def whole() -> None:
        await attach(app, db)[0]({"type": "lifespan"}, None, hear)  # type: ignore[arg-type]  # nothing is received

    asyncio.run(whole())

    assert [("lifespan.shutdown.complete", 0)] == heard


def test_a_request_leaves_nothing_to_the_garbage_collector(stock: Stock) -> None:
    """What the server made for it is let go with its last reference, as without the host."""
    db = stock.database("async")
    app = answering(200, db)
    left: list[weakref.ref[Any]] = []

    class Served:
        """A request of a server, which its `send` belongs to."""

        def __init__(self) -> None:
            self.scope = {"type": "http", "method": "POST", "path": "/Ada"}

        async def send(self, message: Any) -> None:
            pass

    async def whole() -> None:
        async with db:
            served = Served()
            await app(served.scope, None, served.send)
            left.append(weakref.ref(served))

    gc.disable()
    try:
        asyncio.run(whole())

        assert None is left[0]()
    finally:
        gc.enable()
