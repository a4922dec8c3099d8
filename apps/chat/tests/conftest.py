"""What the tests of the chat can ask for: an empty database of each kind, an app on it, and somebody who signs in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import URL, delete
from starlette.testclient import TestClient

from hermetic_chat.app import make_app
from hermetic_chat.database import address, blocking, connect, prepare
from hermetic_chat.model.said import Model
from hermetic_chat.service import ChatService
from hermetic_chat.settings import Settings
from hermetic_chat.tables import User

T = TypeVar("T")
SECRET = "for tests only"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """The address of a database that has its tables, and nothing in them."""
    if request.param == "sqlite":
        url = address(f"sqlite:///{tmp_path / 'chat.db'}")
    else:
        url = address(f"postgresql:{request.getfixturevalue('postgres')}")
    prepare(url, seeded=False)
    db = blocking(url)
    with db.begin() as session:
        session.execute(delete(User))
    db.dispose()
    return url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> URL:
    """The address of an empty SQLite database, for what is the same whatever the database."""
    url = address(f"sqlite:///{tmp_path / 'chat.db'}")
    prepare(url, seeded=False)
    return url


@pytest.fixture
def settings(url: URL) -> Settings:
    """Settings without any MCP server."""
    return Settings(url=url, secret=SECRET)


@pytest.fixture
def with_chat(url: URL) -> Callable[[Callable[[ChatService], Coroutine[Any, Any, T]]], T]:
    """`with_chat(work)` gives what `await work(ChatService)` gives, in a loop and with connections of its own."""

    def run(work: Callable[[ChatService], Coroutine[Any, Any, T]]) -> T:
        async def working() -> T:
            async with connect(url) as db:
                return await work(ChatService(db))

        return asyncio.run(working())

    return run


class Visitor:
    """A browser without a screen: it keeps cookies, and sends the token of the page it was on."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **how: Any) -> Any:
        """Open a page."""
        response = self.client.get(path, **how)
        found = re.search(r'name="csrf" value="([^"]+)"', response.text)
        self.token = found[1] if found else self.token
        return response

    def post(self, path: str, **fields: str) -> Any:
        """Send a form of the page."""
        return self.client.post(path, data={"csrf": self.token, **fields}, follow_redirects=False)

    def sign_in(self, name: str) -> Visitor:
        """Sign in under a name."""
        self.get("/login")
        assert self.post("/login", name=name).status_code == 303
        self.get("/chats/new")
        return self

    def begin(self, text: str) -> int:
        """Begin a chat, and give its number when its answer is complete."""
        place = self.post("/chats", text=text).headers["location"]
        self.answered(place)
        return int(place.rpartition("/")[2])

    def answered(self, place: str) -> str:
        """Wait for the answer that is being written in a chat; gives the stream of it."""
        return str(self.client.get(f"{place}/answer").text)


@pytest.fixture
def open_app(settings: Settings) -> Iterator[Callable[..., Callable[[], Visitor]]]:
    """`open_app(model=…, servers=…)` starts an app, and gives what makes visitors of it."""
    opened: list[TestClient] = []

    def start(model: Model | None = None, **changed: Any) -> Callable[[], Visitor]:
        app = make_app(replace(settings, **changed), model=model)
        first = TestClient(app, raise_server_exceptions=False)
        opened.append(first.__enter__())

        def visitor() -> Visitor:
            another = TestClient(app, raise_server_exceptions=False)
            another.portal = first.portal
            return Visitor(another)

        return visitor

    yield start
    for client in opened:
        client.__exit__(None, None, None)
