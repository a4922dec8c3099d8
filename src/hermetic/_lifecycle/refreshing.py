"""What the refresh of an expired instance brings, and whom else it refreshes."""

from __future__ import annotations

from .instance import InstanceState
from .loading import deferred_by_class, replayed
from .records import Key
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
        if any(option.kind == "joinedload" and option.path == (name,) for option in state.options):
            continue
        target = life.identified(state.session, state.targets.get(name)) if state.session is not None else None
        if target is not None and target.is_stale:
            refresh(life, target.key, wanted(target))


def lacks_identity(state: InstanceState) -> bool:
    """Whether the primary key, by which a row is found, expired."""
    primary = {name for name, column in state.mapping.columns.items() if column.primary_key}
    return not primary.isdisjoint(state.expired - state.loaded)


def identify(life: States, key: Key) -> None:
    """An instance whose row is to be written needs its primary key, and is refreshed first where that expired."""
    state = life.instances[key]
    if lacks_identity(state):
        refresh(life, key, wanted(state))
