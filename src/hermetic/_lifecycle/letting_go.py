"""What a DELETE does to the instances around the deleted one."""

from __future__ import annotations

from dataclasses import replace

from .arriving import beyond, completed
from .instance import InstanceState
from .loading import gained
from .records import Key
from .refreshing import identify, refresh, wanted
from .schema import Relation
from .states import States


def let_go(life: States, key: Key) -> list[Key]:
    """Load what a DELETE needs; the instances whose foreign keys it sets to NULL first."""
    identify(life, key)
    found: list[Key] = []
    for name, relation in life.instances[key].mapping.relations.items():
        if not relation.many:
            recall(life, key, relation)
            continue
        if name not in life.instances[key].loaded:
            load_others(life, key, name)
        if not relation.many_to_many:
            found += others(life, life.instances[key], name)
    return found


def recall(life: States, key: Key, relation: Relation) -> None:
    """A many-to-one is loaded before a DELETE as far as the session knows its other side already."""
    state = life.instances[key]
    name = relation.name
    if name in state.loaded or relation.column is None:
        return
    if sum(life.instances[other].mapping is state.mapping for other in life.sessions[state.session].deleted) > 1:
        life.change(key, unsure=state.unsure | {name})
        return
    if relation.column in state.expired - state.loaded:
        refresh(life, key, wanted(state))
    elif relation.column in state.deferred - state.loaded:
        life.put(gained(state, frozenset({relation.column})))
    state = life.instances[key]
    target = state.targets.get(name)
    if target is None or life.identified(state.session, target) is not None:
        life.put(gained(state, frozenset({name})))


def load_others(life: States, key: Key, name: str) -> None:
    """Load a collection of an instance that is to be deleted; what is there already gains what it lacked."""
    state = life.instances[key]
    life.put(gained(state, frozenset({name})))
    for other in others(life, state, name):
        life.put(completed(life.instances[other], beyond(state.options, name), lazily=True))


def others(life: States, state: InstanceState, name: str) -> list[Key]:
    if name in state.related:
        return list(state.related[name])
    found = (life.identified(state.session, identity) for identity in state.stored.get(name, ()))
    return [other.key for other in found if other is not None]
