"""Which other instances follow one into a session."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .instance import InstanceState
from .outcome import TANGLED, Outcome, raises
from .records import Key
from .states import States


def admit(life: States, session: Key, key: Key) -> Outcome | None:
    """Attach an instance and all that it holds and the session does not; None when that works, else what it raises."""
    if problem := attach(life, session, key):
        return problem
    for other in tuple(followers(life, session, life.instances[key], {key})):
        if problem := attach(life, session, other):
            return problem
    return None


def followers(life: States, session: Key, state: InstanceState, seen: set[Key]) -> Iterator[Key]:
    """What an instance's relationships hold, or held at the last flush, depth first."""
    for name in state.mapping.relations:
        if name not in state.loaded:
            continue
        before = state.before.get(name) or ()
        held = dict.fromkeys((*state.gained.get(name, ()), *state.holds(name), *before, *state.dropped.get(name, ())))
        found = [key for key in held if key in life.instances and key not in seen]
        found = [key for key in found if not contains(life.instances[key], session)]
        seen.update(found)
        for key in found:
            yield key
            yield from followers(life, session, life.instances[key], seen)


def contains(state: InstanceState, session: Key) -> bool:
    return state.session == session and state.status in ("pending", "persistent")


def attach(life: States, session: Key, key: Key) -> Outcome | None:
    """Attach one instance: a transient one waits for its INSERT, a detached one comes back as it is."""
    state = life.instances[key]
    is_odd = (
        state.status == "unknown"
        or (state.status == "detached" and state.unsure)
        # Inserted, deleted and rolled back: SQLAlchemy goes on taking it for deleted.
        or (state.status == "transient" and state.was_deleted)
    )
    if state.identity is not None and is_odd:
        life.lose_track(session)
        return TANGLED
    if state.status == "unknown":
        life.put(replace(state, session=session))
        return None
    if state.was_deleted and state.status != "transient":
        return raises("InvalidRequestError", "deleted")
    if state.session is not None and state.session != session:
        return raises("InvalidRequestError", "attached")
    life.begin(session)
    if state.status == "pending":
        return None
    if state.status == "transient":
        life.change(key, status="pending", session=session)
        others = tuple(other for other in life.sessions[session].pending if other != key)
        life.change_session(session, pending=(*others, key))
        return None
    twin = life.identified(session, state.identity)
    if twin is not None and twin.key != key:
        return raises("InvalidRequestError", "twin")
    if state.status == "detached":
        life.change(key, status="persistent", session=session)
        if state.written or state.is_touched:
            life.mark_dirty(key)
    elif key in life.sessions[session].deleted:
        deleted = tuple(other for other in life.sessions[session].deleted if other != key)
        life.change_session(session, deleted=deleted)
    return None
