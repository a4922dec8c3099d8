"""The bank loses no money and doubles none, whatever breaks while it works."""

from __future__ import annotations

import pytest

from tests.mariadb import MariaDB

from .copied import FORMS
from .scenarios import Result, as_copied, boundaries, broken_commits, storm, through_hermetic, upheaval, without_keys
from .server import Server
from .tellers import MARIADB_STACKS, Stack

STACKS = [
    Stack("psycopg", "SERIALIZABLE"),
    Stack("psycopg_async", "READ COMMITTED", lock=True),
    Stack("asyncpg", "REPEATABLE READ"),
]

MARIADB = [MARIADB_STACKS[0], MARIADB_STACKS[2], MARIADB_STACKS[3]]

each_stack = pytest.mark.parametrize("stack", STACKS, ids=str)


def nothing_is_wrong(result: Result) -> bool:
    """Whether the audit found nothing, faults were injected, and most orders were done all the same."""
    assert result.is_clean, result

    return bool(result.faults.total()) and result.done > result.failed


@each_stack
def test_connections_that_break_anywhere(server: Server, stack: Stack) -> None:
    """Reset, closed, silent, or cut off on one side only, after any byte."""
    assert nothing_is_wrong(storm(server, through_hermetic(stack), faults=8, seed=1))


@each_stack
def test_a_commit_that_breaks_at_its_boundaries(server: Server, stack: Stack) -> None:
    """Before it reaches the server, in the middle of it, after it and before the answer, in the middle of the answer."""
    breaks = list(boundaries(stack.driver, step=6, manners=("reset", "orphan", "late")))
    result = broken_commits(server, through_hermetic(stack), breaks, seed=2)

    assert nothing_is_wrong(result)
    assert len(breaks) == result.faults.total()


@each_stack
def test_what_is_told_of_a_commit_that_broke(server: Server, stack: Stack) -> None:
    """Without a key too: done is done, failed is not done, and OutcomeUnknown is said of all that may be either."""
    breaks = list(boundaries(stack.driver, step=6, manners=("reset", "orphan", "late")))
    result = broken_commits(server, without_keys(stack), breaks, seed=4)

    assert (True, True) == (result.is_clean, result.unknown >= len(breaks) // 2), result


@pytest.mark.parametrize("kind", ["pg_terminate_backend", "kill -9 of a backend"])
def test_a_server_that_is_struck(server: Server, kind: str) -> None:
    """A backend that is ended; one that is killed, with which the server ends all others and recovers."""
    assert nothing_is_wrong(upheaval(server, through_hermetic(STACKS[2]), kind, times=2, seed=3))


@pytest.mark.parametrize("form", FORMS)
def test_the_same_bank_as_it_is_copied(server: Server, form: str) -> None:
    """The bad form: under the same faults each of the ways in which it is commonly written is found out by the audit."""
    breaks = list(boundaries("psycopg", step=6, manners=("reset", "orphan", "late")))

    assert not broken_commits(server, as_copied(form), breaks, seed=2).is_clean


@pytest.mark.parametrize("stack", MARIADB, ids=str)
def test_on_mariadb(maria: MariaDB, stack: Stack) -> None:
    """Connections that break anywhere, commits that break at their boundaries, a server that ends connections and is killed."""
    hire = through_hermetic(stack)
    breaks = list(boundaries(stack.driver, step=5, manners=("reset", "orphan", "late")))

    assert nothing_is_wrong(storm(maria, hire, faults=8, seed=1))
    assert nothing_is_wrong(broken_commits(maria, hire, breaks, seed=2))
    assert nothing_is_wrong(upheaval(maria, hire, "KILL of a connection", times=4, seed=3))
    assert upheaval(maria, hire, "kill -9 of the server", times=1, seed=4).is_clean
