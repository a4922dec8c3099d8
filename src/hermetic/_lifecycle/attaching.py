"""How instances come to a session and leave it: made, added, deleted, merged, expunged."""

from __future__ import annotations

from dataclasses import replace

from .instance import InstanceState, Status
from .outcome import FINE, UNKNOWN, Outcome, emits, raises
from .records import Added, Deleted, Expunged, InstanceCreated, Key, Merged
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
        )
    )
    return FINE


def added(life: States, record: Added) -> Outcome:
    """Attach an instance: a transient one waits for its INSERT, a detached one comes back as it is."""
    session, state = life.sessions.get(record.session), life.instances.get(record.instance)
    if session is None or state is None:
        return UNKNOWN
    if state.session is not None and state.session != record.session:
        return raises("InvalidRequestError", "attached")
    session = life.begin(session)
    if state.status == "transient":
        life.put(replace(state, status="pending", session=session.key))
        life.sessions[session.key] = replace(session, pending=(*session.pending, state.key))
    elif state.status == "detached":
        life.put(replace(state, status="persistent", session=session.key))
        if state.written:
            life.sessions[session.key] = replace(session, dirty=(*session.dirty, state.key))
    elif state.status == "unknown":
        life.put(replace(state, session=session.key))
    elif state.key in session.deleted:
        life.sessions[session.key] = replace(session, deleted=without(session.deleted, state.key))
    return FINE


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
    session = life.begin(session)
    life.put(replace(state, status="persistent", session=session.key))
    if state.key not in session.deleted:
        life.sessions[session.key] = replace(session, deleted=(*session.deleted, state.key))
    return FINE


def expunged(life: States, record: Expunged) -> Outcome:
    """Take one instance, or all, out of a session; what was not flushed of them is lost."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if record.instance is None:
        states = list(life.attached(session.key))
    elif (state := life.instances.get(record.instance)) is None or state.status == "unknown":
        return UNKNOWN
    elif state.session != session.key:
        return raises("InvalidRequestError", state.status)
    else:
        states = [state]
    outcome = lost_by_leaving(session, states)
    for state in states:
        detach(life, state)
    return outcome


def lost_by_leaving(session: SessionState, states: list[InstanceState]) -> Outcome:
    """What is lost when these instances leave the session before a flush."""
    keys = [state.key for state in states]
    for because, waiting in (("pending", session.pending), ("dirty", session.dirty), ("deleted", session.deleted)):
        if lost := tuple(key for key in keys if key in waiting):
            return Outcome("loses-write", because=because, lost=lost)
    return FINE


def detach(life: States, state: InstanceState) -> None:
    """Let an instance go: a pending one is transient again, the others are detached."""
    if state.session is None:
        return
    if (session := life.sessions.get(state.session)) is not None:
        life.sessions[session.key] = replace(
            session,
            pending=without(session.pending, state.key),
            dirty=without(session.dirty, state.key),
            deleted=without(session.deleted, state.key),
        )
    status: Status = "transient" if state.status == "pending" else "detached"
    life.put(replace(state, status=status, session=None, last_session=state.session))


def merged(life: States, record: Merged) -> Outcome:
    """Copy a source onto an instance of the session; the source stays as it is, and later writes to it are lost."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    source = None if record.source is None else life.instances.get(record.source)
    mapping = record.mapping or (source.mapping if source else None)
    session = life.begin(session)
    if record.result not in life.instances and mapping is not None:
        columns = frozenset(name for name, column in mapping.columns.items() if not column.deferred)
        written = source.loaded & mapping.columns.keys() if source else frozenset()
        life.put(
            InstanceState(
                record.result, mapping, "persistent", session=session.key, loaded=columns | written, written=written
            )
        )
        life.sessions[session.key] = replace(session, dirty=(*session.dirty, record.result))
    return emits("merge")
