"""What a rollback gives back and what it expires."""

from __future__ import annotations

from dataclasses import replace

from .instance import InstanceState, Status
from .loading import all_expired
from .records import Key
from .session import Savepoint, SessionState
from .states import States


def undo(life: States, key: Key) -> None:
    """Undo the innermost savepoint, or the transaction: new instances leave, deleted ones return, the rest expires."""
    session = life.sessions[key]
    last = session.savepoints[-1] if session.savepoints else Savepoint()
    is_nested = len(session.savepoints) > 1
    inserted = last.inserted.union(session.pending)
    for state in (life.instances[one] for one in inserted):
        if state.session in (key, None):
            life.put(forgotten(state))
    for state in (life.instances[one] for one in last.deleted):
        if state.status == "detached" and not state.was_deleted:
            life.put(replace(state, status="persistent", session=key))
    for state in life.attached(key):
        if state.status == "deleted" and (state.key in last.deleted or state.key in session.deleted):
            if (twin := life.identified(key, state.identity)) is not None:
                # The one that comes back takes its place in the identity map, and leaves it attached all the same.
                life.put(replace(twin, status="unknown"))
            life.change(state.key, status="persistent", was_deleted=False)
    for state in life.attached(key):
        is_touched = state.key in session.dirty or state.key in last.changed or bool(state.written)
        if state.status == "persistent" and (is_touched or not is_nested):
            life.put(all_expired(state, "rollback"))
    life.change_session(key, pending=(), dirty=(), deleted=())


def has_rivals(life: States, session: SessionState) -> bool:
    """Whether a rollback brings several deleted instances of one row back, of which any may get its place."""
    last = session.savepoints[-1] if session.savepoints else Savepoint()
    identities = [life.instances[key].identity for key in last.deleted.union(session.deleted)]
    return any(one is not None and identities.count(one) > 1 for one in identities)


def forgotten(state: InstanceState) -> InstanceState:
    """An instance whose INSERT was undone: transient again, with its values.

    SQLAlchemy keeps the changes of a collection that was not loaded, and may stumble over them later.
    """
    status: Status = "unknown" if state.written.intersection(state.mapping.relations) - state.loaded else "transient"
    return replace(state, status=status, session=None, last_session=state.session or state.last_session)
