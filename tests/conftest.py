"""What every test can ask for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.browsers import accessible, browser, chromium, page, phone
from tests.mariadb import mariadb_database, mariadb_server
from tests.servers import postgres, postgres_server

__all__ = [
    "accessible",
    "browser",
    "chromium",
    "mariadb_database",
    "mariadb_server",
    "page",
    "phone",
    "postgres",
    "postgres_server",
]

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
