"""FastAPI: what is around the endpoints: servers that give up, other middleware, mounted apps."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError

from hermetic.errors import ScopeError
from hermetic.integrations.fastapi import attach

from .conftest import Stock, customer
from .fastapi_shop import REFUSED, Shop, opened


@pytest.fixture(params=["sync", "async"])
def shop(request: pytest.FixtureRequest, stock: Stock) -> Iterator[Shop]:
    with opened(request.param, stock) as shop:
        yield shop


async def call(app: FastAPI, path: str) -> None:
    """A POST as a server makes it."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        pass

    await app({**ASKED, "path": path, "raw_path": path.encode()}, receive, send)


ASKED = {"type": "http", "method": "POST", "query_string": b"", "headers": [], "root_path": "", "http_version": "1.1"}


@pytest.mark.parametrize("canceller", ["asyncio", "anyio"])
def test_a_request_that_is_cancelled_leaves_nothing(stock: Stock, canceller: str) -> None:
    """A server that gives up, a timeout of a middleware: the work is rolled back, the connection in the pool."""
    db = stock.database("async")
    app = FastAPI()
    host = attach(app, db)

    async def whole() -> int:
        working = asyncio.Event()

        @app.post("/customers")
        async def add(session=Depends(host.begin)):
            session.add(customer("Ada"))
            await session.flush()
            working.set()
            await asyncio.Event().wait()

        if canceller == "anyio":
            async with anyio.create_task_group() as group:
                group.start_soon(call, app, "/customers")
                await working.wait()
                group.cancel_scope.cancel()
        else:
            task = asyncio.create_task(call(app, "/customers"))
            await working.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        out = db.engine.pool.checkedout()
        await db.dispose()
        return out

    assert (0, []) == (asyncio.run(whole()), stock.names())


def test_middleware_of_the_app_may_be_inside_or_around(shop: Shop) -> None:
    """A BaseHTTPMiddleware runs the endpoint in a task of its own; the unit is one all the same."""
    app = FastAPI()

    async def mark(request, call_next):
        response = await call_next(request)
        response.headers["x-mark"] = "yes"
        return response

    app.middleware("http")(mark)
    host = attach(app, shop.db)
    app.middleware("http")(mark)

    async def add(name: str, session=Depends(host.begin)):
        session.add(customer(name))

    app.post("/customers")(shop.fit(add))
    with TestClient(app, raise_server_exceptions=False) as client:
        answers = [client.post("/customers?name=Ada") for _ in range(2)]

    assert ([200, 500], ["Ada"]) == ([each.status_code for each in answers], shop.stock.names())
    assert "yes" == answers[0].headers["x-mark"]


def test_a_mounted_app_is_inside_of_its_parents_host(shop: Shop) -> None:
    """One host serves the app and whatever is mounted in it."""
    inner = FastAPI()

    async def add(name: str, session=Depends(shop.host.begin)):
        session.add(customer(name))

    inner.exception_handler(IntegrityError)(lambda request, error: JSONResponse({"detail": REFUSED}, 409))
    inner.post("/customers")(shop.fit(add))
    shop.app.mount("/inner", inner)
    answers = [shop.client.post("/inner/customers?name=Ada") for _ in range(2)]

    assert ([200, 409], ["Ada"]) == ([each.status_code for each in answers], shop.stock.names())


def test_a_message_names_the_endpoint(shop: Shop) -> None:
    """A scope that a host opened was opened, for the reader, where the endpoint begins."""

    async def keep(session=Depends(shop.host.begin)):
        with pytest.raises(ScopeError, match=r"begin\(\) at tests/integrations/\w+.py:\d+"):
            await session.commit()
        return "seen"

    shop.app.post("/keep")(shop.fit(keep))

    assert "seen" == shop.client.post("/keep").json()
