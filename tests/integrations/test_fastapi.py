"""FastAPI: what a request did is kept before its client is told, and is kept if and only if it is told so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hermetic.integrations.fastapi import attach
from tests.world import Customer, Order

from .conftest import Stock, customer
from .fastapi_shop import REFUSED, Shop, held, opened


@pytest.fixture(params=["sync", "async"])
def shop(request: pytest.FixtureRequest, stock: Stock) -> Iterator[Shop]:
    with opened(request.param, stock) as shop:
        yield shop


def test_a_request_is_a_unit_of_work(shop: Shop) -> None:
    """What the endpoint added is kept, and the connection is back."""
    response = shop.client.post("/customers?name=Ada")

    assert (201, ["Ada"], 0) == (response.status_code, shop.stock.names(), held(shop))


@pytest.mark.hermetic(allow=["late-commit"])  # the bad form shows it
def test_the_commit_comes_before_the_response(shop: Shop) -> None:
    """Whoever is told of success finds the row; a `yield` dependency of FastAPI commits when the client knows already."""
    told = []

    class Ear:
        """A middleware around the gate: it hears what the client hears."""

        def __init__(self, app: Any) -> None:
            self.app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            async def heard(message: Any) -> None:
                if message["type"] == "http.response.start":
                    told.append((message["status"], shop.stock.names()))
                await send(message)

            await self.app(scope, receive, heard)

    app = FastAPI()
    host = attach(app, shop.db)
    app.add_middleware(Ear)

    def late():
        with Session(shop.stock._engine) as session:
            yield session
            session.commit()

    @app.post("/bad")
    def bad(session=Depends(late)):
        session.add(customer("Late"))

    async def good(session=Depends(host.begin)):
        session.add(customer("Ada"))

    app.post("/good")(shop.fit(good))
    with TestClient(app) as client:
        client.post("/bad")
        client.post("/good")

    assert [(200, []), (200, ["Late", "Ada"])] == told


def test_a_failed_commit_is_no_success(shop: Shop) -> None:
    """Bad: the `yield` dependency answers 201 and the row is lost. Cured: the client is told, by the app's own handler."""
    shop.app.exception_handler(IntegrityError)(lambda request, error: JSONResponse({"detail": REFUSED}, 409))

    def late():
        with Session(shop.stock._engine) as session:
            yield session
            session.commit()

    @shop.app.post("/bad", status_code=201)
    def bad(session=Depends(late)):
        session.add(customer("Ada"))

    first = shop.client.post("/customers?name=Ada")
    bad_answer = shop.client.post("/bad")
    cured = shop.client.post("/customers?name=Ada")

    assert (201, 201) == (first.status_code, bad_answer.status_code)
    assert (409, {"detail": REFUSED}) == (cured.status_code, cured.json())
    assert ["Ada"] == shop.stock.names()


def test_a_failed_commit_that_no_handler_knows_is_a_server_error(shop: Shop) -> None:
    """As any error that an endpoint raises: the handler for everything is asked, and else the answer is 500."""
    answers = [shop.client.post("/customers?name=Ada") for _ in range(2)]

    assert [201, 500] == [each.status_code for each in answers]
    assert "Internal Server Error" == answers[1].text


def test_the_handler_for_everything_answers_a_failed_commit(shop: Shop) -> None:
    """An app that has one for Exception speaks for itself."""
    shop.app.exception_handler(Exception)(lambda request, error: JSONResponse({"detail": type(error).__name__}, 500))
    answers = [shop.client.post("/customers?name=Ada") for _ in range(2)]

    assert (500, {"detail": "IntegrityError"}) == (answers[1].status_code, answers[1].json())


@pytest.mark.parametrize("error", [HTTPException(404), HTTPException(303), ZeroDivisionError("boom")])
def test_an_exception_rolls_back(shop: Shop, error: Exception) -> None:
    """Whatever status it is told with."""

    async def fail(session=Depends(shop.host.begin)):
        session.add(customer("Ada"))
        await session.flush()
        raise error

    shop.app.post("/fail")(shop.fit(fail))
    status = shop.client.post("/fail", follow_redirects=False).status_code

    assert (getattr(error, "status_code", 500), [], 0) == (status, shop.stock.names(), held(shop))


def test_an_exception_that_is_answered_with_success_rolls_back(shop: Shop) -> None:
    """A handler may tell of it as it likes; the work was not finished."""
    shop.app.exception_handler(ZeroDivisionError)(lambda request, error: JSONResponse({"detail": "never mind"}, 200))

    async def fail(session=Depends(shop.host.begin)):
        session.add(customer("Ada"))
        raise ZeroDivisionError

    shop.app.post("/fail")(shop.fit(fail))

    assert (200, []) == (shop.client.post("/fail").status_code, shop.stock.names())


def test_an_error_status_rolls_back(shop: Shop) -> None:
    """Returned, not raised: the client is told that it did not work, so it did not."""

    async def refuse(session=Depends(shop.host.begin)):
        session.add(customer("Ada"))
        return JSONResponse({"detail": REFUSED}, 422)

    shop.app.post("/refuse")(shop.fit(refuse))

    assert (422, []) == (shop.client.post("/refuse").status_code, shop.stock.names())


def test_an_app_may_keep_what_it_answers_with_an_error(shop: Shop) -> None:
    """`keep_when` decides from the status."""
    app = FastAPI()
    host = attach(app, shop.db, keep_when=lambda status: status < 500)

    async def refuse(session=Depends(host.begin)):
        session.add(customer("Ada"))
        return JSONResponse({"detail": "noted"}, 422)

    app.post("/refuse")(shop.fit(refuse))
    with TestClient(app) as client:
        status = client.post("/refuse").status_code

    assert (422, ["Ada"]) == (status, shop.stock.names())


def test_nothing_is_opened_for_a_session_that_is_not_used(shop: Shop) -> None:
    """No connection is taken before the first statement."""
    seen = []

    async def idle(session=Depends(shop.host.begin)):
        seen.append(held(shop))
        await session.get(Customer, 1)
        seen.append(held(shop))

    shop.app.post("/idle")(shop.fit(idle))
    shop.client.post("/idle")

    assert [0, 1] == seen


def test_all_of_a_request_share_one_session(shop: Shop) -> None:
    """Dependencies and the endpoint are one unit, and a begin() of a function they call is a savepoint of it."""

    async def first(session=Depends(shop.host.begin)):
        session.add(customer("Ada"))
        return session

    async def both(one=Depends(shop.fit(first)), other=Depends(shop.host.begin)):
        assert getattr(one, "plain", one) is getattr(other, "plain", other)
        other.add(customer("Grace"))

    shop.app.post("/both")(shop.fit(both))

    assert (200, ["Ada", "Grace"]) == (shop.client.post("/both").status_code, shop.stock.names())


def test_a_service_that_begins_is_a_savepoint_of_the_request(shop: Shop) -> None:
    """A function that opens a scope of its own writes in the request's transaction: both are kept or neither."""

    async def serve(session=Depends(shop.host.begin)):
        session.add(customer("Ada"))
        if hasattr(session, "plain"):
            with shop.db.begin() as inner:
                inner.add(customer("Grace"))
        else:
            async with shop.db.begin() as inner:
                inner.add(customer("Grace"))
        raise HTTPException(409)

    shop.app.post("/serve")(shop.fit(serve))

    assert (409, []) == (shop.client.post("/serve").status_code, shop.stock.names())


def test_who_reads_first_can_write_afterwards(shop: Shop) -> None:
    """A dependency that reads the user does not keep the endpoint from writing; what it read stays readable."""
    shop.client.post("/customers?name=Ada")

    async def current(session=Depends(shop.host.read)):
        return await session.get(Customer, 1)

    async def order(user=Depends(shop.fit(current)), session=Depends(shop.host.begin)):
        session.add(Order(customer_id=user.id, total=5))
        await session.flush()
        return {"buyer": user.name, "held": held(shop)}

    shop.app.post("/orders")(shop.fit(order))

    assert {"buyer": "Ada", "held": 1} == shop.client.post("/orders").json()
