"""A client reads what it has written, whichever replica answers it: hosts carry what it is to see from request to request.

The replica is a file that nothing is copied to, so it is behind for as long as the lag says that it may be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient as FastAPIClient
from fastmcp import Client, FastMCP
from fastmcp.dependencies import Depends as McpDepends
from flask import Flask
from litestar import Litestar, get, post
from litestar.di import NamedDependency, Provide
from litestar.testing import TestClient as LitestarClient
from sqlalchemy import create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from hermetic import AsyncDatabase, Database
from hermetic.integrations import fastapi, fastmcp, flask, litestar, starlette
from hermetic.integrations.asgi import brought
from tests.world import Base, Tag

LABELS = select(Tag.label)


@dataclass
class Asker:
    """A client of a host that keeps no cookies by itself: it shows what it was given, and brings what it is told to."""

    post: Callable[[dict[str, str]], Any]
    get: Callable[[dict[str, str]], Any]
    close: Callable[[], object] = field(default=lambda: None)

    def write(self, **headers: str) -> dict[str, str]:
        """Write something; the headers of the answer."""
        return dict(self.post(headers).headers)

    def read(self, **headers: str) -> list[str]:
        """What a request with those headers sees."""
        labels: list[str] = self.get(headers).json()
        return labels


def pair(folder: Path, kind: Any, prefix: str, **how: Any) -> Any:
    """A Database of a kind, with a replica that never learns anything."""
    files = [f"sqlite+aiosqlite:///{folder}/{name}.db" for name in ("primary", "replica")]
    for each in files:
        engine = create_engine(each.replace("+aiosqlite", ""))
        Base.metadata.create_all(engine)
        engine.dispose()
    named = [each.replace("sqlite+aiosqlite", prefix) for each in files]
    return kind(named[0], replicas=named[1:], replica_lag_s=60, **{"secret": "s", **how})


def on_fastapi(folder: Path, **how: Any) -> Asker:
    app = FastAPI()
    host = fastapi.attach(app, pair(folder, AsyncDatabase, "sqlite+aiosqlite"), **how)

    @app.post("/")
    async def write(session: Any = Depends(host.begin)) -> None:
        session.add(Tag(label="mine"))

    @app.get("/")
    async def read(session: Any = Depends(host.read)) -> list[str]:
        return list(await session.scalars(LABELS))

    return asking(FastAPIClient(app))


def on_plain_fastapi(folder: Path, **how: Any) -> Asker:
    """With endpoints in threads, where each has a context of its own."""
    app = FastAPI()
    db = pair(folder, Database, "sqlite")
    host = fastapi.attach(app, db, **how)

    @app.post("/")
    def write(session: Any = Depends(host.begin)) -> None:
        session.add(Tag(label="mine"))

    @app.get("/")
    def read() -> list[str]:
        with db.read() as session:
            return list(session.scalars(LABELS))

    return asking(FastAPIClient(app))


def on_starlette(folder: Path, **how: Any) -> Asker:
    """With scopes of the endpoints' own, which the host does not open."""
    db = pair(folder, AsyncDatabase, "sqlite+aiosqlite")

    async def write(request: Request) -> JSONResponse:
        async with db.begin() as session:
            session.add(Tag(label="mine"))
        return JSONResponse(None)

    async def read(request: Request) -> JSONResponse:
        async with db.read() as session:
            return JSONResponse(list(await session.scalars(LABELS)))

    app = Starlette(routes=[Route("/", write, methods=["POST"]), Route("/", read)])
    starlette.attach(app, db, **how)
    return asking(TestClient(app))


def on_litestar(folder: Path, **how: Any) -> Asker:
    host = litestar.attach(pair(folder, AsyncDatabase, "sqlite+aiosqlite"), **how)

    @post("/")
    async def write(session: NamedDependency[AsyncSession]) -> None:
        session.add(Tag(label="mine"))

    @get("/")
    async def read(reader: NamedDependency[AsyncSession]) -> list[str]:
        return list(await reader.scalars(LABELS))

    dependencies = {"session": Provide(host.begin), "reader": Provide(host.read)}
    return asking(LitestarClient(Litestar([write, read], plugins=[host], dependencies=dependencies)))


def on_flask(folder: Path, **how: Any) -> Asker:
    app = Flask("shop")
    db = pair(folder, Database, "sqlite")
    host = flask.attach(app, db, **how)

    @app.post("/")
    def write() -> str:
        host.begin().add(Tag(label="mine"))
        return ""

    @app.get("/")
    def read() -> list[str]:
        return list(host.read().scalars(LABELS))

    class Answer:
        """An answer of Flask's client, as the others are."""

        def __init__(self, answer: Any) -> None:
            self.headers = {name.lower(): value for name, value in answer.headers.items()}
            self.json = lambda: answer.json

    client = app.test_client(use_cookies=False)
    return Asker(
        lambda headers: Answer(client.post("/", headers=headers)),
        lambda headers: Answer(client.get("/", headers=headers)),
        db.dispose,
    )


def asking(client: Any) -> Asker:
    """An asker through a client of an app of ASGI. Any: of whichever framework."""
    client.__enter__()

    def ask(way: Callable[..., Any]) -> Callable[[dict[str, str]], Any]:
        def answer(headers: dict[str, str]) -> Any:
            client.cookies.clear()
            return way("/", headers=headers)

        return answer

    return Asker(ask(client.post), ask(client.get), lambda: client.__exit__(None, None, None))


@pytest.fixture(params=[on_fastapi, on_plain_fastapi, on_starlette, on_litestar, on_flask])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Asker]]:
    """A host, to be attached with settings."""
    opened: list[Asker] = []

    def attach(**how: Any) -> Asker:
        opened.append(request.param(tmp_path, **how))
        return opened[-1]

    yield attach
    for each in opened:
        each.close()


def test_a_cookie_carries_it(host: Callable[..., Asker]) -> None:
    """Who brings it sees the write; who does not reads from the replica, which is behind."""
    asker = host()
    given = asker.write()["set-cookie"]
    name, _, rest = given.partition(";")

    assert (["mine"], []) == (asker.read(cookie=f"theme=dark; {name}"), asker.read(cookie="theme=dark"))
    assert " Max-Age=600; Path=/; HttpOnly; SameSite=Lax" == rest


def test_a_header_carries_it(host: Callable[..., Asker]) -> None:
    """For clients that are programs, where the host is told so."""
    asker = host(carry_in="header")
    given = asker.write()

    assert "set-cookie" not in given
    assert (["mine"], []) == (asker.read(**{"hermetic-token": given["hermetic-token"]}), asker.read())


def test_a_forged_token_is_as_good_as_none(host: Callable[..., Asker]) -> None:
    """One that was changed is not answered with an error, and counts for nothing."""
    asker = host(carry_in="header")
    token = asker.write()["hermetic-token"]
    forged = ("A" if token[0] != "A" else "B") + token[1:]

    assert ([], []) == (asker.read(**{"hermetic-token": forged}), asker.read(**{"hermetic-token": "%nonsense"}))


def test_who_only_reads_is_given_nothing(tmp_path: Path) -> None:
    """So that what is read can be kept in caches that are shared."""
    asker = on_fastapi(tmp_path)
    try:
        token = asker.write()["set-cookie"].partition(";")[0]
        answers = [asker.get({}), asker.get({"cookie": token})]
    finally:
        asker.close()

    assert [False, False] == ["set-cookie" in each.headers for each in answers]


def test_a_cookie_is_for_encrypted_ways_where_it_came_on_one(tmp_path: Path) -> None:
    """Or it would go out in the clear."""
    app = FastAPI()
    host = fastapi.attach(app, pair(tmp_path, AsyncDatabase, "sqlite+aiosqlite"))

    @app.post("/")
    async def write(session: Any = Depends(host.begin)) -> None:
        session.add(Tag(label="mine"))

    with FastAPIClient(app, base_url="https://shop.example") as client:
        given = client.post("/").headers["set-cookie"]

    assert given.endswith("; Secure")


def test_metadata_of_mcp_carry_it(tmp_path: Path) -> None:
    """A tool's result brings the token, and the next call, of whichever kind, takes it; forged ones count for nothing."""
    db = pair(tmp_path, AsyncDatabase, "sqlite+aiosqlite")
    server = FastMCP("shop")
    host = fastmcp.attach(server, db)

    @server.tool
    async def write(session: Any = McpDepends(host.begin)) -> str:
        session.add(Tag(label="mine"))
        return "done"

    @server.tool
    async def write_through(session: Any = McpDepends(host.begin)) -> str:
        return str((await server.call_tool("write", {})).content)

    @server.tool
    async def read(session: Any = McpDepends(host.read)) -> list[str]:
        return list(await session.scalars(LABELS))

    @server.resource("tags://all")
    async def tags(session: Any = McpDepends(host.read)) -> str:
        return ",".join(await session.scalars(LABELS))

    async def whole() -> list[Any]:
        async with db, Client(server) as client:
            given = (await client.call_tool("write_through", {})).meta or {}
            told = {"hermetic-token": given["hermetic-token"]}
            forged = {"hermetic-token": f"x{given['hermetic-token']}"}
            seen = [(await client.call_tool("read", {}, meta=each)).data for each in (told, forged, {"other": 1})]
            resources = [(await client.read_resource_mcp("tags://all", meta=each)).contents for each in (told, forged)]
            return [*seen, *(each[0].text for each in resources)]

    assert [["mine"], [], [], "mine", ""] == asyncio.run(whole())


def test_other_cookies_are_no_hindrance() -> None:
    """Whatever browsers and other programs put beside it: http.cookies would give all of them up for the first."""
    headers = [(b"accept", b"*/*"), (b"cookie", b'theme[x]="a; {"b":1}; hermetic-token=abc_-; last=1')]

    assert ("abc_-", "") == (brought(headers), brought(headers[:1]))


def test_without_a_secret_nothing_is_carried(tmp_path: Path) -> None:
    """There is nothing to sign it with."""
    app = FastAPI()
    db = pair(tmp_path, AsyncDatabase, "sqlite+aiosqlite", secret=None)
    host = fastapi.attach(app, db)

    @app.post("/")
    async def write(session: Any = Depends(host.begin)) -> None:
        session.add(Tag(label="mine"))

    with FastAPIClient(app) as client:
        assert "set-cookie" not in client.post("/").headers
