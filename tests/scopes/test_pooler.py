"""Behind pgbouncer in transaction mode, where each transaction may meet another connection of the server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from tests.world import Tag

from .twin import Twin

SETTINGS = """
[databases]
shop = host={host} dbname={database} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = 3
unix_socket_dir =
"""


@pytest.fixture(scope="module")
def pooler(postgres: str) -> Iterator[str]:
    """The address of a pgbouncer before the server, without a scheme; skipped where Debian's package is not installed."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    port, server = free_port(), make_url(f"postgresql:{postgres}")
    told = {"host": server.query.get("host", server.host), "database": server.database, "user": server.username}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # as root it runs under the user of the server
        file = Path(folder) / "pgbouncer.ini"
        file.write_text(SETTINGS.format(**told, port=port))
        owner = Path(str(told["host"])).owner()
        process = subprocess.Popen([program, "-q", *(["-u", owner] if os.getuid() == 0 else []), str(file)])
        try:
            wait_for(port)
            yield f"//{server.username}@127.0.0.1:{port}/shop"
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture(params=["psycopg", "asyncpg"])
def db(pooler: str, request: pytest.FixtureRequest) -> Twin:
    driver = request.param
    return Twin(
        f"postgresql+{driver}:{pooler}",
        is_async=driver == "asyncpg",
        pooler="transaction",
        pool_size=10,
        statement_timeout_s=7,
    )


async def test_statements_are_repeated_on_other_connections(db: Twin) -> None:
    """Often enough for a driver to prepare them, and with more clients than connections."""
    async with db.begin() as session:
        session.add_all([Tag(label=str(number)) for number in range(5)])
    counts = []
    for _ in range(30):
        async with db.read() as session:
            counts.append(len((await session.scalars(select(Tag).where(Tag.label != "x"))).all()))

    assert [5] * 30 == counts


async def test_a_unit_is_whole(db: Twin) -> None:
    """Savepoints, hooks and keys are as they are without it."""
    seen: list[str] = []

    async def work(session: Any) -> str:
        session.add(Tag(label="once"))
        return "done"

    async with db.begin() as session:
        session.after_commit(seen.append, "kept")
        with pytest.raises(ZeroDivisionError):
            async with db.begin():
                session.add(Tag(label="lost"))
                raise ZeroDivisionError
    given = [await db.run(work, once="key"), await db.run(work, once="key")]
    async with db.read() as session:
        labels = list((await session.scalars(select(Tag.label))).all())

    assert (["kept"], ["done", "done"], ["once"]) == (seen, given, labels)


async def test_a_read_scope_leaves_nothing_on_the_connection(db: Twin) -> None:
    """The next transaction on the same connection may write, and this one may not."""
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with db.read() as session:
            await session.execute(text("DELETE FROM tags"))
    async with db.begin() as session:
        session.add(Tag(label="after"))
    async with db.read() as session:
        assert ["after"] == list((await session.scalars(select(Tag.label))).all())


async def test_timeouts_hold_for_the_transaction(db: Twin) -> None:
    """They are told to each transaction, since the connection is somebody else's afterwards."""
    names = ["statement_timeout", "idle_in_transaction_session_timeout"]
    async with db.begin() as session:
        told = [await session.scalar(text(f"SHOW {name}")) for name in names]

    assert ["7s", "1min"] == told
