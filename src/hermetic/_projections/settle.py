"""Runs a prepared statement so that every filter of the session reaches every row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .prepare import Prepared, without_joins
from .run import joins_escape

Ran = TypeVar("Ran")


def settled(
    prepared: Prepared,
    run: Callable[[Prepared], Ran],
    context: Callable[[Ran], object],
    discard: Callable[[Ran], None] = lambda ran: None,
) -> tuple[Prepared, Ran]:
    """What `run` gives, and the form of the statement that gave it.

    A filter that would not reach a joined row is seen when the statement has been compiled; then it runs again with a
    query for every related row, and a statement that is kept does so from the start the next time. `discard` lets go
    of what ran in vain.
    """
    current = prepared.unjoined or prepared
    ran = run(current)
    if not joins_escape(current.step, context(ran)):
        return current, ran
    discard(ran)
    prepared.unjoined = current = without_joins(current)
    return current, run(current)
