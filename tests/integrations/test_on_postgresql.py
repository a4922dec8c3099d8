"""Hosts on PostgreSQL, where a COMMIT itself can fail: what a client is told is so, and nothing is left open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient as FastAPIClient
from fastmcp import Client, FastMCP
from fastmcp.dependencies import Depends as McpDepends
from flask import Flask
from litestar import Litestar, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath
from litestar.testing import TestClient as LitestarClient
from sqlalchemy import ForeignKey, create_engine, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from hermetic import AsyncDatabase, Database
from hermetic.integrations import fastapi, fastmcp, flask, litestar, starlette

NAME = "hosts"
UNLUCKY = 2
"""The parent after whose work something fails that was to follow it."""


class Base(DeclarativeBase):
    pass


class Parent(Base):
    __tablename__ = "parents"

    id: Mapped[int] = mapped_column(primary_key=True)


class Child(Base):
    """The database looks at the commit whether the parent is there."""

    __tablename__ = "children"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(ForeignKey(Parent.id, deferrable=True, initially="DEFERRED"))


def fail() -> None:
    """What was to follow the commit."""
    raise ZeroDivisionError("the mail server is down")


def place(session: Any, parent: int) -> None:
    """The work of a request."""
    session.add(Child(parent_id=parent))
    if parent == UNLUCKY:
        session.after_commit(fail)


def on_fastapi(asyncpg: str, psycopg: str) -> Iterator[Callable[[int], bool]]:
    app = FastAPI()
    host = fastapi.attach(app, AsyncDatabase(asyncpg, application_name=NAME))

    @app.post("/{parent}")
    async def add(parent: int, session: Any = Depends(host.begin)) -> None:
        place(session, parent)
        await session.flush()

    yield from asking(FastAPIClient(app, raise_server_exceptions=False))


def on_plain_fastapi(asyncpg: str, psycopg: str) -> Iterator[Callable[[int], bool]]:
    app = FastAPI()
    host = fastapi.attach(app, Database(psycopg, application_name=NAME))

    @app.post("/{parent}")
    def add(parent: int, session: Any = Depends(host.begin)) -> None:
        place(session, parent)
        session.flush()

    yield from asking(FastAPIClient(app, raise_server_exceptions=False))


def on_starlette(asyncpg: str, psycopg: str) -> Iterator[Callable[[int], bool]]:
    async def add(request: Request) -> Response:
        place(await host.begin(request), request.path_params["parent"])
        return JSONResponse(None)

    app = Starlette(routes=[Route("/{parent:int}", add, methods=["POST"])])
    host = starlette.attach(app, AsyncDatabase(asyncpg, application_name=NAME))
    yield from asking(TestClient(app, raise_server_exceptions=False))


def on_litestar(asyncpg: str, psycopg: str) -> Iterator[Callable[[int], bool]]:
    host = litestar.attach(AsyncDatabase(asyncpg, application_name=NAME))

    @post("/{parent:int}")
    async def add(parent: FromPath[int], session: NamedDependency[AsyncSession]) -> None:
        place(session, parent)

    yield from asking(LitestarClient(Litestar([add], plugins=[host], dependencies={"session": Provide(host.begin)})))


def on_flask(asyncpg: str, psycopg: str) -> Iterator[Callable[[int], bool]]:
    app = Flask("shop")
    with Database(psycopg, application_name=NAME) as db:
        host = flask.attach(app, db)

        @app.post("/<int:parent>")
        def add(parent: int) -> str:
            place(host.begin(), parent)
            return ""

        client = app.test_client()
        yield lambda parent: client.post(f"/{parent}").status_code < 400


def on_fastmcp(asyncpg: str, psycopg: str) -> Iterator[Callable[[int], bool]]:
    db = AsyncDatabase(asyncpg, application_name=NAME)
    server = FastMCP("shop")
    host = fastmcp.attach(server, db)

    @server.tool
    async def add(parent: int, session: Any = McpDepends(host.begin)) -> None:
        place(session, parent)

    async def call(parent: int) -> bool:
        async with db, Client(server) as client:
            return not (await client.call_tool("add", {"parent": parent}, raise_on_error=False)).is_error

    yield lambda parent: asyncio.run(call(parent))


def asking(client: Any) -> Iterator[Callable[[int], bool]]:
    """Whether a request was told of success. Any: a client of whichever framework."""
    with client:
        yield lambda parent: client.post(f"/{parent}").status_code < 400


HOSTS = [on_fastapi, on_plain_fastapi, on_starlette, on_litestar, on_flask, on_fastmcp]


@pytest.fixture(params=HOSTS)
def ask(request: pytest.FixtureRequest, postgres: str) -> Iterator[Callable[[int], bool]]:
    """Ask a host to add a child to a parent; whether it says that it did."""
    engine = create_engine(f"postgresql+psycopg:{postgres}")
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Parent(id=1), Parent(id=UNLUCKY)])
        session.commit()
    engine.dispose()
    yield from request.param(f"postgresql+asyncpg:{postgres}", f"postgresql+psycopg:{postgres}")


def seen(postgres: str) -> tuple[list[int], int]:
    """The parents of the children who are kept, and how many backends of the host are in a transaction."""
    engine = create_engine(f"postgresql+psycopg:{postgres}")
    busy = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND state <> 'idle'")
    with Session(engine) as session:
        kept = list(session.scalars(select(Child.parent_id).order_by(Child.id)))
        left = session.scalar(busy, {"name": NAME})
    engine.dispose()
    return kept, left or 0


def test_a_commit_that_fails_is_no_success(ask: Callable[[int], bool], postgres: str) -> None:
    """Every statement was fine, the COMMIT was not: the client is told, and the next request works."""

    assert [True, False, True] == [ask(1), ask(404), ask(1)]
    assert ([1, 1], 0) == seen(postgres)


def test_what_fails_after_the_commit_is_no_failure(
    ask: Callable[[int], bool], postgres: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The work is kept, so its client is told so: an error would make them ask for it again. It is logged."""
    told = ask(UNLUCKY)
    logged = [each.getMessage() for each in caplog.records if each.name == "hermetic"]

    assert (True, ([UNLUCKY], 0)) == (told, seen(postgres))
    assert [True] == ["ZeroDivisionError: the mail server is down" in each for each in logged]
