"""A program that is killed leaves its work done once or not at all, and whoever asks by the key is told which."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.clients import killed_clients
from tests.faults.server import Server
from tests.faults.tellers import Stack

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no signal 9 here")


@pytest.mark.parametrize("driver", ["pysqlite", "aiosqlite"])
def test_on_sqlite(tmp_path: Path, driver: str) -> None:
    """A file that several programs in a row have died over."""
    file = f"{tmp_path}/bank.db"
    result = killed_clients(f"sqlite+{driver}:///{file}", f"sqlite:///{file}", Stack(driver, None), kills=2, seed=1)

    assert (True, True) == (result.is_clean, result.done > 0), result


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_on_postgresql(server: Server, driver: str) -> None:
    """The server may be in the middle of the COMMIT of a client that is dead."""
    url = server.url.replace("psycopg", driver)
    result = killed_clients(url, server.url, Stack(driver, None), kills=2, seed=1)

    assert (True, True) == (result.is_clean, result.done > 0), result
