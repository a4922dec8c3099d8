"""Keeps in mind, along a path, which sessions asked for row locks that the database keeps until their transaction ends."""

from __future__ import annotations

from ..._lifecycle.records import Committed, Executed, Record, Refreshed, RolledBack, SessionClosed
from .state import State

_CONCERNED = frozenset({Executed, Refreshed, SessionClosed, Committed, RolledBack})


def note_row_locks(state: State, record: Record) -> None:
    """A record happened: it may lock rows, or end the transaction that did."""
    if type(record) not in _CONCERNED:
        return
    match record:
        case Executed(session=key, locks_rows=True) | Refreshed(session=key, locked=True):
            state.mark("rows-locked", key)
        case SessionClosed(session=key) | Committed(session=key, nested=False) | RolledBack(session=key, nested=False):
            state.marks -= {("rows-locked", key)}
        case _:
            pass


def holds_rows(state: State) -> bool:
    """Whether a transaction of this path keeps row locks that it asked for."""
    return any(name == "rows-locked" for name, _ in state.marks)
