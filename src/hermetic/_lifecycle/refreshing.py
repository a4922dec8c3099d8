"""What the refresh of an expired instance brings, and whom else it refreshes."""

from __future__ import annotations

from .loading import deferred_by_class, replayed
from .instance import InstanceState
from .records import Key
from .states import States


def wanted(state: InstanceState) -> frozenset[str]:
    """The expired attributes that a refresh loads: those without an unsaved write, deferred columns aside."""
    return state.expired - state.written - deferred_by_class(state.mapping)


def refresh(life: States, key: Key, names: frozenset[str]) -> None:
    """Note a refresh; where it plays a selectinload of a many-to-one again, that other instance is refreshed too."""
    state = replayed(life.instances[key], names)
    life.put(state)
    for option in state.options:
        if len(option.path) > 1 or option.path[0] not in names or option.kind not in ("selectinload", "immediateload"):
            continue
        target = life.identified(state.session, state.targets.get(option.path[0]))
        if target is not None and target.is_stale:
            refresh(life, target.key, wanted(target))
