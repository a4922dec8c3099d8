"""The tables are made by migrations, which say the same as the classes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.util.exc import CommandError
from sqlalchemy import Connection, inspect, text

from hermetic import AsyncDatabase
from hermetic_console import migrate
from hermetic_console.settings import with_driver


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table."""
    if request.param == "sqlite":
        return with_driver(f"sqlite:///{tmp_path}/empty.db")
    server = request.getfixturevalue("postgres_server")
    server.psql("DROP DATABASE IF EXISTS console_empty")
    server.psql("CREATE DATABASE console_empty")
    return with_driver(server.get_uri("console_empty"))


def run(url: str, *works: object) -> list[object]:
    """What works do with a connection, one after the other."""

    async def done() -> list[object]:
        async with AsyncDatabase(url) as db, db.engine.begin() as connection:
            return [await connection.run_sync(work) for work in works]

    return asyncio.run(done())


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def test_alembic_check_sees_no_difference(empty_url: str) -> None:
    """After the upgrade `alembic check` has nothing to add; a column that nobody migrated is told."""
    run(empty_url, migrate.upgrade, migrate.check)

    with pytest.raises(CommandError, match="New upgrade operations"):
        run(empty_url, lambda it: it.execute(text("ALTER TABLE servers DROP COLUMN note")), migrate.check)


def test_upgrade_and_downgrade(empty_url: str) -> None:
    """Up, down to nothing, and up again."""
    up, down, again = (
        run(empty_url, work, tables)[1]
        for work in (migrate.upgrade, lambda it: migrate.downgrade(it, "base"), migrate.upgrade)
    )

    assert {"users", "servers", "audit_logs"} < up
    assert ({"alembic_version"}, up) == (down, again)
