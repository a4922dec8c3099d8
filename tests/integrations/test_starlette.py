"""Starlette: an endpoint asks the host for its session, and the app answers a commit that failed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from hermetic.errors import ScopeClosed
from hermetic.integrations.starlette import Host, attach

from .conftest import Stock, customer


@pytest.fixture(params=["sync", "async"])
def db(request: pytest.FixtureRequest, stock: Stock) -> Any:
    """A Database of either kind."""
    return stock.database(request.param)


async def add(session: Any, name: str) -> None:
    """Add a customer, beside the event loop if the session would block it."""
    if hasattr(session, "sync_session"):
        session.add(customer(name))
    else:
        await run_in_threadpool(session.add, customer(name))


def client(db: Any, endpoint: Any, **handlers: Any) -> tuple[TestClient, Host[Any]]:
    """A client of an app with that endpoint, and its host."""
    app = Starlette(routes=[Route("/{name}", endpoint, methods=["POST"])], **handlers)
    host = attach(app, db)
    app.state.host = host
    return TestClient(app, raise_server_exceptions=False), host


async def place(request: Request) -> Response:
    await add(await request.app.state.host.begin(request), request.path_params["name"])
    return Response(status_code=int(request.query_params.get("status", "201")))


def test_a_request_is_a_unit_of_work(db: Any, stock: Stock) -> None:
    """It is kept when the status says that it worked, and not when it says that it did not."""
    with client(db, place)[0] as asking:
        statuses = [asking.post("/Ada").status_code, asking.post("/Grace?status=404").status_code]

    assert ([201, 404], ["Ada"]) == (statuses, stock.names())


def test_a_failed_commit_is_the_apps_to_answer(db: Any, stock: Stock) -> None:
    """The handler that the app has for the error is asked, as if the endpoint had raised it."""

    async def conflict(request: Request, error: Exception) -> Response:
        return JSONResponse({"path": request.url.path, "error": type(error).__name__}, 409)

    with client(db, place, exception_handlers={IntegrityError: conflict})[0] as asking:
        answers = [asking.post("/Ada") for _ in range(2)]

    assert [201, 409] == [each.status_code for each in answers]
    assert {"path": "/Ada", "error": "IntegrityError"} == answers[1].json()


def test_background_tasks_of_starlette_come_after_the_commit(db: Any, stock: Stock) -> None:
    """Bad: one that is given the request's session; it is refused. Cured: `host.background`, with one of its own."""
    seen: list[str] = []

    async def late(session: Any) -> None:
        with pytest.raises(ScopeClosed):
            await add(session, "Late")
        seen.append("refused")

    async def both(request: Request) -> Response:
        session = await host.begin(request)
        await add(session, "Ada")
        host.background(request, note if db.engine.dialect.is_async else plain_note, "Grace")
        return Response(background=BackgroundTask(late, session))

    asking, host = client(db, both)
    with asking:
        asking.post("/any")

    assert (["refused"], ["Ada", "Grace"]) == (seen, stock.names())


async def note(session: Any, name: str) -> None:
    session.add(customer(name))


def plain_note(session: Any, name: str) -> None:
    session.add(customer(name))


def test_reading_refuses_to_write(db: Any, stock: Stock) -> None:
    """The session of `host.read` is one of a read scope."""

    async def sneak(request: Request) -> Response:
        await add(await host.read(request), "Ada")
        return Response()

    asking, host = client(db, sneak)
    with asking:
        status = asking.post("/any").status_code

    assert (500, []) == (status, stock.names())


def test_after_the_response_has_started_nothing_is_begun(db: Any, stock: Stock) -> None:
    """Bad: the host is asked inside of a stream, when nobody would end what it gives. Cured: a scope of its own."""
    seen: list[str] = []

    async def stream(request: Request) -> Response:
        async def rows() -> AsyncIterator[str]:
            with pytest.raises(ScopeClosed, match=r"its response had started.\n.*with db.begin\(\) as session"):
                await host.begin(request)
            seen.append("refused")
            yield "done"

        return StreamingResponse(rows())

    asking, host = client(db, stream)
    with asking:
        asking.post("/any")

    assert ["refused"] == seen
