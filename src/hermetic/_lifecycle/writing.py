"""What setting an attribute, or changing a collection in place, does."""

from __future__ import annotations

from dataclasses import replace

from .attributes import read_attribute
from .cascading import admit, contains
from .instance import InstanceState
from .loading import gained
from .outcome import FINE, TANGLED, UNKNOWN, Outcome
from .records import AttributeWritten, Key
from .schema import Relation
from .states import States


def write(life: States, record: AttributeWritten) -> Outcome:
    """Set an attribute: noted for the next flush, or lost when the instance is detached."""
    state = life.instances.get(record.instance)
    if state is None:
        return UNKNOWN
    if state.status == "unknown":
        return UNKNOWN if state.identity is None else TANGLED
    if state.status == "deleted" and state.session in life.sessions:
        # Whether this begins a transaction hangs on what was written to it before its DELETE.
        life.lose_track(state.session)
        return TANGLED
    relation = state.mapping.relations.get(record.attribute)
    if relation is None:
        return write_column(life, state, record)
    if is_doubtful(life, state, relation, record.target):
        if state.session in life.sessions:
            life.lose_track(state.session)
        return TANGLED
    if relation.many and record.target is not None:
        outcome = change_collection(life, state, relation, record)
    else:
        outcome = point(life, state.key, relation, record.target)
    if state.status == "detached" and outcome.effect == "fine":
        return Outcome("loses-write", because="detached", lost=(state.key,))
    return outcome


def is_doubtful(life: States, state: InstanceState, relation: Relation, target: Key | None) -> bool:
    """Whether it is not known what either side of a relationship holds."""
    if {relation.name, relation.column} & state.unsure:
        return True
    other = life.instances.get(target) if target is not None else None
    back = other.mapping.relations.get(relation.back_populates or "") if other is not None else None
    return other is not None and back is not None and bool({back.name, back.column} & other.unsure)


def write_column(life: States, state: InstanceState, record: AttributeWritten) -> Outcome:
    if state.mapping.columns and record.attribute not in state.mapping.columns:
        return FINE
    name = frozenset({record.attribute})
    life.put(
        replace(
            state,
            written=state.written | name,
            loaded=state.loaded | name,
            unsure=state.unsure - name,
            refused=state.refused | name if record.refused else state.refused - name,
            unchanged=state.unchanged - name,
        )
    )
    if state.status == "detached":
        return Outcome("loses-write", because="detached", lost=(state.key,))
    life.mark_dirty(state.key)
    return FINE


def change_collection(life: States, state: InstanceState, relation: Relation, record: AttributeWritten) -> Outcome:
    """Add to a collection or take from it, which loads it first; the other side follows."""
    outcome = read_attribute(life, state, relation.name)
    if outcome.effect in ("raises", "unknown") or record.target is None:
        return outcome
    target, session = record.target, life.instances[state.key].session
    known = life.instances.get(target)
    if not record.removes and (problem := follow(life, session, known)):
        if state.status in ("transient", "pending"):
            life.put(replace(life.instances[state.key], loaded=state.loaded | {relation.name}))
        return problem
    if known is not None:
        mirror(life, state.key, relation, target, removes=record.removes)
    note(life, state.key, relation.name, target, removes=record.removes)
    return outcome


def follow(life: States, session: Key | None, other: InstanceState | None) -> Outcome | None:
    """What is put into a relationship follows its new owner into the session; None when that works."""
    if session is None or other is None or contains(other, session):
        return None
    return admit(life, session, other.key)


def mirror(life: States, key: Key, relation: Relation, target: Key, *, removes: bool) -> None:
    """Change the other side of a collection."""
    back = life.instances[target].mapping.relations.get(relation.back_populates or "")
    if back is None:
        return
    if back.many:
        note(life, target, back.name, key, removes=removes)
        return
    old = former(life, life.instances[target], back)
    if removes and old is not None and old != (key,):
        return
    if not removes and old and old != (key,):
        note(life, old[0], relation.name, target, removes=True)
    assign(life, target, back.name, old, () if removes else (key,))


def point(life: States, key: Key, relation: Relation, target: Key | None) -> Outcome:
    """Set a many-to-one, or replace a whole collection of which nothing more is known."""
    old = former(life, life.instances[key], relation)
    state = life.instances[key]
    new = () if target is None else (target,)
    if relation.many:
        old = state.related.get(relation.name)
    session = state.session
    known = None if target is None else life.instances.get(target)
    if old != new and (problem := follow(life, session, known)):
        return problem
    if old != new and relation.back_populates is not None:
        for other, removes in ((old, True), (new, False)):
            if other and other[0] in life.instances:
                note(life, other[0], relation.back_populates, key, removes=removes)
    assign(life, key, relation.name, old, new)
    return FINE


def former(life: States, state: InstanceState, relation: Relation) -> tuple[Key, ...] | None:
    """What a many-to-one held, as far as that is known without a query, and then loaded; None where it is not."""
    name = relation.name
    if name in state.loaded:
        return state.related.get(name)
    if state.session is None or relation.column not in state.loaded or name not in state.targets:
        return None
    identity = state.targets[name]
    target = life.identified(state.session, identity)
    if identity is not None and (target is None or target.is_stale):
        return None
    found = () if target is None else (target.key,)
    life.put(replace(gained(state, frozenset({name})), related={**state.related, name: found}))
    return found


def assign(life: States, key: Key, name: str, old: tuple[Key, ...] | None, new: tuple[Key, ...]) -> None:
    state = life.instances[key]
    life.put(
        replace(
            state,
            written=state.written | {name},
            loaded=state.loaded | {name},
            unsure=state.unsure - {name},
            related={**state.related, name: new},
            before={name: old, **state.before},
        )
    )
    life.mark_dirty(key)


def note(life: States, key: Key, name: str, other: Key, *, removes: bool) -> None:
    """Change a collection as its other side was changed; one that is not loaded keeps the change for later."""
    state = life.instances[key]
    is_there = name in state.loaded or state.status in ("transient", "pending")
    held = state.holds(name)
    taken, dropped = state.gained.get(name, ()), state.dropped.get(name, ())
    if removes and other in taken:
        taken = tuple(one for one in taken if one != other)
    elif removes and (other in held or name not in state.loaded):
        dropped = (*dropped, other)
    elif not removes and other in dropped:
        dropped = tuple(one for one in dropped if one != other)
    elif not removes and other not in held:
        taken = (*taken, other)
    now = tuple(one for one in held if one != other) if removes else (*held, other)
    life.put(
        replace(
            state,
            written=state.written | {name},
            loaded=state.loaded | {name} if is_there else state.loaded,
            related={**state.related, name: now} if is_there else state.related,
            before={name: state.related.get(name), **state.before} if is_there else state.before,
            gained={**state.gained, name: taken},
            dropped={**state.dropped, name: dropped},
            unsure=state.unsure | {name} if other in held and not removes else state.unsure,
        )
    )
    life.mark_dirty(key)
