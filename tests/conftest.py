"""What every test can ask for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]

settings.register_profile("unhurried", deadline=None)  # a busy machine is no reason to fail
settings.load_profile("unhurried")


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
