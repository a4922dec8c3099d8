"""How instances come to a session and leave it: made, added, deleted, merged, expunged."""

from __future__ import annotations

from dataclasses import replace

from .cascading import admit
from .instance import InstanceState, Status
from .outcome import FINE, TANGLED, UNKNOWN, Outcome, raises
from .records import Added, Deleted, Expunged, InstanceCreated, Key
from .session import SessionState
from .states import States


def created(life: States, record: InstanceCreated) -> Outcome:
    life.put(
        InstanceState(
            record.instance,
            record.mapping,
            "transient",
            loaded=record.written,
            written=record.written,
            refused=record.refused,
            identity=record.identity,
        )
    )
    return FINE


def added(life: States, record: Added) -> Outcome:
    """Attach an instance and what it holds."""
    if record.session not in life.sessions or record.instance not in life.instances:
        return UNKNOWN
    return admit(life, record.session, record.instance) or FINE


def without(keys: tuple[Key, ...], key: Key) -> tuple[Key, ...]:
    return tuple(other for other in keys if other != key)


def deleted(life: States, record: Deleted) -> Outcome:
    """Mark an instance for the DELETE of the next flush."""
    session, state = life.sessions.get(record.session), life.instances.get(record.instance)
    if session is None or state is None or state.status == "unknown":
        return UNKNOWN
    if state.status in ("transient", "pending"):
        return raises("InvalidRequestError", state.status)
    if state.session is not None and state.session != record.session:
        return raises("InvalidRequestError", "attached")
    life.begin(session.key)
    if state.key in session.deleted:
        return FINE
    twin = life.identified(session.key, state.identity)
    if twin is not None and twin.key != state.key:
        return raises("InvalidRequestError", "twin")
    if state.was_deleted or (state.status == "detached" and state.unsure):
        # SQLAlchemy takes it into its identity map again, under a row that is not there.
        life.change(state.key, status="unknown", session=session.key)
        life.lose_track(session.key)
        return TANGLED
    if state.status == "detached":
        life.change(state.key, status="persistent", session=session.key)
        if state.written or state.is_touched:
            life.mark_dirty(state.key)
    life.change_session(session.key, deleted=(*life.sessions[session.key].deleted, state.key))
    return FINE


def expunged(life: States, record: Expunged) -> Outcome:
    """Take one instance, or all, out of a session; what was not flushed of them is lost."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if record.instance is None:
        states = [state for state in life.attached(session.key) if state.status == "pending" or life.is_mapped(state)]
    elif (state := life.instances.get(record.instance)) is None or state.status == "unknown":
        return UNKNOWN
    elif state.session != session.key:
        return raises("InvalidRequestError", state.status)
    else:
        states = [state]
    outcome = lost_by_leaving(session, [state.key for state in states])
    for state in states:
        detach(life, state.key)
    return outcome


def lost_by_leaving(session: SessionState, keys: list[Key]) -> Outcome:
    """What is lost when these instances leave the session before a flush."""
    waits = (("pending", session.pending), ("dirty", session.dirty), ("deleted", session.deleted))
    found = [(because, key) for because, waiting in waits for key in keys if key in waiting]
    if not found:
        return FINE
    return Outcome("loses-write", because=found[0][0], lost=tuple(dict.fromkeys(key for _, key in found)))


def detach(life: States, key: Key) -> None:
    """Let an instance go: a pending one is transient again, the others are detached."""
    state = life.instances[key]
    if state.session is None:
        return
    is_touched = False
    if (session := life.sessions.get(state.session)) is not None:
        points = session.savepoints
        if state.status == "deleted" and points:
            points = (*points[:-1], replace(points[-1], deleted=points[-1].deleted - {key}))
        is_touched = key in session.dirty
        life.change_session(
            session.key,
            pending=without(session.pending, key),
            dirty=without(session.dirty, key),
            deleted=without(session.deleted, key),
            savepoints=points,
        )
    status: Status = "transient" if state.status == "pending" else "detached"
    life.put(replace(state, status=status, session=None, last_session=state.session, is_touched=is_touched))
