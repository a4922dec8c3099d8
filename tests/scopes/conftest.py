"""A Database of either kind, on SQLite, PostgreSQL and MariaDB, filled with the shop."""

from __future__ import annotations

from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from tests.world import Base, Customer, Order

from .twin import Twin

URLS = {
    "sync-sqlite": "sqlite:///{folder}/shop.db",
    "async-memory": "sqlite+aiosqlite://",
    "sync-postgresql": "postgresql+psycopg:{server}",
    "async-postgresql": "postgresql+asyncpg:{server}",
    "sync-mariadb": "mariadb+pymysql:{server}",
    "async-mariadb": "mariadb+asyncmy:{server}",
}

SERVERS = {
    "sync-postgresql": "postgres",
    "async-postgresql": "postgres",
    "sync-mariadb": "mariadb",
    "async-mariadb": "mariadb",
}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that is a coroutine is run by its Twin, from the first line to the last in one event loop."""
    if not iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
    db: Twin = arguments["db"]

    async def whole() -> None:
        await db.create(Base.metadata)
        async with db.begin() as session:
            ada = Customer(name="Ada", email="ada@shop.example", credit=100)
            session.add(Order(customer=ada, total=35, notes="by hand"))
        try:
            await pyfuncitem.obj(**arguments)
        finally:
            await db.dispose()

    db.play(whole())
    return True


@pytest.fixture(params=URLS)
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Twin:
    """The database of a test."""
    name: str = request.param
    server = request.getfixturevalue(SERVERS[name]) if name in SERVERS else ""
    return Twin(URLS[name].format(folder=tmp_path, server=server), is_async=name.startswith("async"))
