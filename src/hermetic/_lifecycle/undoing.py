"""What a rollback gives back and what it expires."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from .instance import InstanceState
from .session import SessionState
from .states import States


def undo(life: States, session: SessionState) -> None:
    """Undo the innermost savepoint, or the transaction: new instances leave, deleted ones return, the rest expires."""
    last = session.savepoints[-1] if session.savepoints else None
    inserted = frozenset(session.pending).union(last.inserted if last else ())
    is_nested = len(session.savepoints) > 1
    for state in life.attached(session.key):
        if state.key in inserted:
            life.put(forgotten(state))
        elif not is_nested or state.written or (last and state.key in last.changed | last.deleted):
            life.put(expired(state, "rollback"))
    life.sessions[session.key] = replace(session, pending=(), dirty=(), deleted=(), savepoints=session.savepoints[:-1])


def forgotten(state: InstanceState) -> InstanceState:
    """An instance whose INSERT was undone: transient again, with its values."""
    return replace(
        state, status="transient", session=None, last_session=state.session, written=state.loaded, expired=frozenset()
    )


def expired(state: InstanceState, by: Literal["commit", "rollback", "expire"]) -> InstanceState:
    """The instance with every attribute expired and every unsaved write gone."""
    return replace(
        state,
        status="persistent",
        loaded=frozenset(),
        written=frozenset(),
        refused=frozenset(),
        blocked=frozenset(name for name in state.blocked if is_always_blocked(state, name)),
        unsure=frozenset(),
        expired=frozenset((*state.mapping.columns, *state.mapping.relations)),
        expired_by=by,
    )


def is_always_blocked(state: InstanceState, name: str) -> bool:
    relation = state.mapping.relations.get(name)
    return relation is not None and relation.lazy in ("raise", "raise_on_sql")
