"""What the refresh of an expired instance brings, and whom else it refreshes."""

from __future__ import annotations

from .arriving import beyond, completed
from .instance import InstanceState
from .loading import deferred_by_class, gained, replayed
from .records import Key
from .schema import Relation
from .states import States


def wanted(state: InstanceState) -> frozenset[str]:
    """The expired attributes that a refresh loads: those without an unsaved write, deferred columns aside."""
    return state.expired - state.written - deferred_by_class(state.mapping)


def refresh(life: States, key: Key, names: frozenset[str]) -> None:
    """Note what the refresh of an expired instance brings."""
    life.put(replayed(life.instances[key], names))
    follow_options(life, key, names)


def follow_options(life: States, key: Key, names: frozenset[str]) -> None:
    """Where a refresh loads a many-to-one from the identity map, a stale instance that it finds there is refreshed."""
    state = life.instances[key]
    for name in names & state.loaded & state.mapping.relations.keys():
        if any(option.kind == "noload" and option.path == (name,) for option in state.options):
            continue
        is_joined = any(option.kind == "joinedload" and option.path == (name,) for option in state.options)
        if is_joined or state.mapping.relations[name].many:
            touch(life, key, name)
            continue
        target = life.identified(state.session, state.targets.get(name)) if state.session is not None else None
        if target is not None and target.is_stale:
            refresh(life, target.key, wanted(target))


def lacks_identity(state: InstanceState) -> bool:
    """Whether the primary key, by which a row is found, expired."""
    return not primary_key(state).isdisjoint(state.expired - state.loaded)


def may_lack_identity(state: InstanceState) -> bool:
    """Whether it cannot be told if the primary key is there: a flush that failed may have refreshed it before."""
    return not primary_key(state).isdisjoint(state.unsure)


def primary_key(state: InstanceState) -> frozenset[str]:
    return frozenset(name for name, column in state.mapping.columns.items() if column.primary_key)


def identify(life: States, key: Key) -> None:
    """An instance whose row is to be written needs its primary key, and is refreshed first where that expired."""
    state = life.instances[key]
    if lacks_identity(state):
        refresh(life, key, wanted(state))


def recall(life: States, key: Key, relation: Relation, *, for_history: bool = False) -> None:
    """Load a many-to-one as far as its foreign key is NULL or the session holds its other side already.

    A foreign key that was never set counts as NULL, unless the question is what the many-to-one was before.
    """
    state = life.instances[key]
    if relation.column is None or (for_history and relation.name in state.loaded):
        return
    if relation.column not in state.loaded:
        if relation.column in state.expired:
            refresh(life, key, wanted(state))
        elif relation.column in state.deferred:
            life.put(gained(state, frozenset({relation.column})))
    state = life.instances[key]
    target = state.targets.get(relation.name)
    if relation.column not in state.loaded and for_history:
        return
    if relation.name not in state.loaded and (target is None or life.identified(state.session, target) is not None):
        life.put(gained(state, frozenset({relation.name})))


def touch(life: States, key: Key, name: str) -> None:
    """What a relationship's rows find in the session gains from them what it lacked."""
    state = life.instances[key]
    for other in others(life, state, name):
        life.put(completed(life.instances[other], beyond(state.options, name), lazily=True))


def others(life: States, state: InstanceState, name: str) -> list[Key]:
    """The instances of the session that a relationship is known to lead to."""
    if name in state.related:
        return [key for key in state.related[name] if key in life.instances]
    found = (life.identified(state.session, identity) for identity in state.stored.get(name, ()))
    return [other.key for other in found if other is not None]
