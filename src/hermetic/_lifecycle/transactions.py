"""How a session's transactions begin and end."""

from __future__ import annotations

from dataclasses import replace

from .attaching import detach
from .flushing import flush, unusable
from .outcome import FINE, UNKNOWN, Outcome, raises
from .records import Committed, RolledBack, SessionClosed, SessionOpened, TransactionBegan
from .session import Savepoint, SessionState
from .states import States
from .undoing import expired, undo


def opened(life: States, record: SessionOpened) -> Outcome:
    """A session under this key from now on; instances of an older one under the same key are let go."""
    for state in life.attached(record.session):
        detach(life, state)
    life.sessions[record.session] = SessionState(
        record.session,
        phase="unknown" if record.received else "idle",
        expire_on_commit=record.expire_on_commit,
        autoflush=record.autoflush,
        is_async=record.is_async,
        bound=record.bound,
        is_reusable=record.is_reusable,
    )
    return FINE


def began(life: States, record: TransactionBegan) -> Outcome:
    """Begin a transaction, or a savepoint after a flush."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if not record.nested:
        if session.phase in ("in-transaction", "failed"):
            return raises("InvalidRequestError", "begun")
        life.begin(session)
        return FINE
    if refusal := unusable(session):
        return refusal
    outcome = flush(life, session)
    if outcome.effect == "raises":
        return outcome
    session = life.begin(life.sessions[session.key])
    life.sessions[session.key] = replace(session, savepoints=(*session.savepoints, Savepoint()))
    return outcome


def committed(life: States, record: Committed) -> Outcome:
    """Flush and commit, or release the innermost savepoint; a commit may expire what the session holds."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    outcome = flush(life, session, fails=record.fails)
    if outcome.effect == "raises":
        return outcome
    session = life.sessions[session.key]
    if record.nested and len(session.savepoints) > 1:
        release(life, session)
        return outcome
    deleted = frozenset[object]().union(*(savepoint.deleted for savepoint in session.savepoints))
    for state in life.attached(session.key):
        if state.key in deleted:
            detach(life, state)
        elif session.expire_on_commit:
            life.put(expired(state, "commit"))
    life.sessions[session.key] = replace(
        life.sessions[session.key], phase="idle", uncommitted=False, savepoints=(), commits=session.commits + 1
    )
    return outcome


def release(life: States, session: SessionState) -> None:
    *outer, parent, last = session.savepoints
    joined = Savepoint(parent.inserted | last.inserted, parent.changed | last.changed, parent.deleted | last.deleted)
    life.sessions[session.key] = replace(session, savepoints=(*outer, joined))


def rolled_back(life: States, record: RolledBack) -> Outcome:
    """Undo everything, or the innermost savepoint; what the session holds is expired whatever `expire_on_commit` says."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    undo(life, session)
    if record.nested and len(session.savepoints) > 1:
        return FINE
    while life.sessions[session.key].savepoints:
        undo(life, life.sessions[session.key])
    life.sessions[session.key] = replace(life.sessions[session.key], phase="idle", uncommitted=False)
    return FINE


def closed(life: States, record: SessionClosed) -> Outcome:
    """Roll back, and let every instance go as it is; what no commit stored is lost."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    outcome = lost_by_closing(session)
    for state in life.attached(session.key):
        detach(life, state)
    life.sessions[session.key] = replace(
        life.sessions[session.key], phase="closed", uncommitted=False, pending=(), dirty=(), deleted=(), savepoints=()
    )
    return outcome


def lost_by_closing(session: SessionState) -> Outcome:
    for because, keys in (("pending", session.pending), ("dirty", session.dirty), ("deleted", session.deleted)):
        if keys:
            return Outcome("loses-write", because=because, lost=keys)
    if not session.uncommitted:
        return FINE
    lost = [key for point in session.savepoints for key in point.inserted | point.changed | point.deleted]
    return Outcome("loses-write", because="flushed" if lost else "executed", lost=tuple(lost))
