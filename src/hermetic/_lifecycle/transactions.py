"""How a session's transactions begin and end."""

from __future__ import annotations

from .attaching import detach
from .flushing import flush
from .loading import all_expired
from .outcome import FINE, TANGLED, UNKNOWN, Outcome, is_stopped, raises
from .querying import unusable
from .records import Committed, Flushed, Key, RolledBack, SessionClosed, SessionOpened, TransactionBegan
from .session import Savepoint, SessionState
from .states import States
from .undoing import has_rivals, undo


def opened(life: States, record: SessionOpened) -> Outcome:
    """A session under this key from now on; instances of an older one under the same key are let go."""
    for state in life.attached(record.session):
        detach(life, state.key)
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
        life.begin(session.key)
        return FINE
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    life.begin(session.key)
    outcome = flush(life, session.key)
    if is_stopped(outcome):
        return outcome
    session = life.sessions[session.key]
    life.change_session(session.key, savepoints=(*session.savepoints, Savepoint()))
    return outcome


def flushed(life: States, record: Flushed) -> Outcome:
    if record.session not in life.sessions:
        return UNKNOWN
    return flush(life, record.session, fails=record.fails)


def committed(life: States, record: Committed) -> Outcome:
    """Flush and commit, or release the innermost savepoint; a commit may expire what the session holds."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    if problem := unusable(session) if session.phase == "closed" else None:
        return problem
    outcome = flush(life, session.key, fails=record.fails)
    if is_stopped(outcome):
        return outcome
    if record.nested and len(session.savepoints) > 1:
        release(life, session.key)
        return outcome
    finish(life, session.key)
    return outcome


def finish(life: States, key: Key) -> None:
    """Note a commit: what was deleted is detached and the rest expires, where the session expires on commit."""
    session = life.sessions[key]
    if session.expire_on_commit:
        deleted = frozenset[Key]().union(*(savepoint.deleted for savepoint in session.savepoints))
        for state in life.attached(key):
            if state.key in deleted:
                detach(life, state.key)
            elif state.status == "persistent":
                life.put(all_expired(state, "commit"))
    life.change_session(key, phase="idle", uncommitted=False, savepoints=(), commits=session.commits + 1)


def release(life: States, key: Key) -> None:
    session = life.sessions[key]
    *outer, parent, last = session.savepoints
    joined = Savepoint(parent.inserted | last.inserted, parent.changed | last.changed, parent.deleted | last.deleted)
    life.change_session(key, savepoints=(*outer, joined))


def rolled_back(life: States, record: RolledBack) -> Outcome:
    """Undo everything, or the innermost savepoint; what the session holds expires whatever `expire_on_commit` says."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if session.phase in ("idle", "closed"):
        return FINE
    while True:
        session = life.sessions[session.key]
        if session.phase != "failed" or session.pending or session.dirty or session.deleted:
            if has_rivals(life, session):
                life.lose_track(session.key)
                return TANGLED
            undo(life, session.key)
        outer = life.sessions[session.key].savepoints[:-1]
        is_over = not outer
        life.change_session(
            session.key,
            phase="idle" if is_over else "in-transaction",
            uncommitted=session.uncommitted and not is_over,
            savepoints=outer,
        )
        if is_over or record.nested:
            return FINE


def closed(life: States, record: SessionClosed) -> Outcome:
    """Roll back, and let every instance go as it is; what no commit stored is lost."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    outcome = lost_by_closing(session)
    for state in life.attached(session.key):
        if state.status == "pending" or life.is_mapped(state):
            detach(life, state.key)
    life.change_session(session.key, phase="closed", uncommitted=False, pending=(), dirty=(), deleted=(), savepoints=())
    return outcome


def lost_by_closing(session: SessionState) -> Outcome:
    """The writes that a session leaves behind unsaved; the first kind found names the cause."""
    flushed = tuple(key for point in session.savepoints for key in (*point.inserted, *point.changed, *point.deleted))
    kinds = (
        ("pending", session.pending),
        ("dirty", session.dirty),
        ("deleted", session.deleted),
        ("flushed", flushed if session.uncommitted else ()),
    )
    lost = tuple(dict.fromkeys(key for _, keys in kinds for key in keys))
    if lost:
        return Outcome("loses-write", because=next(because for because, keys in kinds if keys), lost=lost)
    return Outcome("loses-write", because="executed") if session.uncommitted else FINE
