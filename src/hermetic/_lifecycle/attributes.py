"""What reading and writing an attribute does."""

from __future__ import annotations

from dataclasses import replace

from .flushing import autoflush
from .instance import InstanceState
from .outcome import FINE, UNKNOWN, Outcome, emits, raises
from .records import AttributeRead, AttributeWritten
from .states import States


def read(life: States, record: AttributeRead) -> Outcome:
    """Read an attribute: fine when it is loaded, else a SELECT or an error by the state of its session."""
    state = life.instances.get(record.instance)
    if state is None or state.status == "unknown":
        return UNKNOWN
    return read_attribute(life, state, record.attribute)


def read_attribute(life: States, state: InstanceState, name: str) -> Outcome:
    if name in state.loaded or name in state.written or not is_mapped(state, name):
        return FINE if state.mapping.columns else UNKNOWN
    if name in state.unsure:
        life.put(replace(state, unsure=state.unsure - {name}, loaded=state.loaded | {name}))
        return UNKNOWN
    if state.status in ("transient", "pending"):
        return FINE
    if name in state.blocked:
        return raises("InvalidRequestError", "raiseload")
    return fetch(life, state, name)


def is_mapped(state: InstanceState, name: str) -> bool:
    """Whether reading the name can need the database at all."""
    relation = state.mapping.relations.get(name)
    if relation is not None:
        return relation.lazy not in ("write_only", "dynamic")
    return name in state.mapping.columns


def fetch(life: States, state: InstanceState, name: str) -> Outcome:
    """Read an attribute that is not loaded from the database, through the session that the instance belongs to."""
    because = cause(state, name)
    if state.session is None:
        return raises("DetachedInstanceError", because)
    session = life.session_of(state)
    if session is None:
        return UNKNOWN
    if session.bound is False:
        return raises("UnboundExecutionError", "unbound")
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    if session.is_async:
        life.begin(session)
        return raises("MissingGreenlet", because)
    flushed = autoflush(life, session)
    if flushed.effect == "raises":
        return flushed
    life.begin(life.sessions[session.key])
    bring(life, life.instances[state.key], name)
    return emits(because)


def cause(state: InstanceState, name: str) -> str:
    if name in state.expired:
        return "expired"
    return "deferred" if name in state.mapping.columns else "lazy"


def bring(life: States, state: InstanceState, name: str) -> None:
    """Note what a SELECT for one attribute loads: with an expired column, every expired column."""
    columns = state.expired & state.mapping.columns.keys()
    loaded, expired = state.loaded | {name}, state.expired - {name}
    if columns and (name in columns or name in state.mapping.relations):
        loaded, expired = loaded | columns, frozenset()
    life.put(replace(state, loaded=loaded, expired=expired, expired_by=state.expired_by if expired else None))


def write(life: States, record: AttributeWritten) -> Outcome:
    """Set an attribute: noted for the next flush, or lost when the instance is detached."""
    state = life.instances.get(record.instance)
    if state is None or state.status == "unknown":
        return UNKNOWN
    refused = state.refused | {record.attribute} if record.refused else state.refused - {record.attribute}
    name = frozenset({record.attribute})
    state = replace(
        state,
        written=state.written | name,
        loaded=state.loaded | name,
        expired=state.expired - name,
        unsure=state.unsure - name,
        refused=refused,
    )
    life.put(state)
    session = life.session_of(state)
    if state.status == "detached":
        return Outcome("loses-write", because="detached", lost=(state.key,))
    if session is None or not is_stored(state, record.attribute):
        return FINE
    session = life.begin(session)
    if state.status == "persistent" and state.key not in session.dirty:
        life.sessions[session.key] = replace(session, dirty=(*session.dirty, state.key))
    return FINE


def is_stored(state: InstanceState, name: str) -> bool:
    return not state.mapping.columns or name in state.mapping.columns or name in state.mapping.relations
