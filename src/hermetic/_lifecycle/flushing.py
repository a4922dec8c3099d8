"""What a flush does, whether asked for or made by the session itself."""

from __future__ import annotations

from dataclasses import replace

from .instance import InstanceState
from .outcome import FINE, UNKNOWN, Outcome, emits, raises
from .records import Executed, Flushed
from .session import SessionState
from .states import States
from .undoing import undo


def flushed(life: States, record: Flushed) -> Outcome:
    """Send what waits to the database; a refusal undoes the transaction and leaves the session failed."""
    session = life.sessions.get(record.session)
    return UNKNOWN if session is None else flush(life, session, fails=record.fails)


def flush(life: States, session: SessionState, *, fails: bool = False) -> Outcome:
    waiting = (*session.pending, *session.dirty, *session.deleted)
    if not waiting and not fails:
        return FINE
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    session = life.begin(session)
    if session.bound is False:
        fail(life, session)
        return raises("UnboundExecutionError", "unbound")
    if fails or any(key in life.instances and life.instances[key].refused for key in waiting):
        fail(life, session)
        return raises("IntegrityError", "refused")
    write_out(life, session)
    return emits("flush")


def fail(life: States, session: SessionState) -> None:
    undo(life, session)
    life.sessions[session.key] = replace(life.sessions[session.key], phase="failed")


def write_out(life: States, session: SessionState) -> None:
    for key in session.pending:
        if (state := life.instances.get(key)) is not None:
            life.put(inserted(state))
    for key in session.dirty:
        if (state := life.instances.get(key)) is not None:
            life.put(updated(state))
    for key in session.deleted:
        if (state := life.instances.get(key)) is not None:
            life.put(replace(state, status="deleted", written=frozenset()))
    last = session.savepoints[-1]
    last = replace(
        last,
        inserted=last.inserted.union(session.pending),
        changed=last.changed.union(session.dirty),
        deleted=last.deleted.union(session.deleted),
    )
    life.sessions[session.key] = replace(
        session, pending=(), dirty=(), deleted=(), uncommitted=True, savepoints=(*session.savepoints[:-1], last)
    )


def inserted(state: InstanceState) -> InstanceState:
    columns = frozenset(name for name, column in state.mapping.columns.items() if not column.deferred)
    return replace(state, status="persistent", loaded=state.loaded | columns | state.written, written=frozenset())


def updated(state: InstanceState) -> InstanceState:
    """After an UPDATE, what the database computed in it is expired."""
    stale = frozenset(name for name, column in state.mapping.columns.items() if column.onupdate) - state.written
    return replace(
        state,
        loaded=state.loaded - stale,
        expired=state.expired | stale,
        expired_by="flush" if stale else state.expired_by,
        written=frozenset(),
    )


def autoflush(life: States, session: SessionState) -> Outcome:
    return flush(life, session) if session.autoflush else FINE


def executed(life: States, record: Executed) -> Outcome:
    """Send a statement, after an autoflush."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if refusal := unusable(session):
        return refusal
    if record.autoflushes:
        first = autoflush(life, session)
        if first.effect == "raises":
            return first
    session = life.begin(life.sessions[session.key])
    if record.fails:
        return raises("IntegrityError", "refused")
    if record.writes:
        life.sessions[session.key] = replace(session, uncommitted=True)
    return emits("execute")


def unusable(session: SessionState) -> Outcome | None:
    """Why a session cannot run anything now; None when it can."""
    if session.bound is False:
        return raises("UnboundExecutionError", "unbound")
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    if session.phase == "closed" and not session.is_reusable:
        return raises("InvalidRequestError", "closed")
    return None
