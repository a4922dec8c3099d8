"""What a load, a refresh and an expire leave loaded."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .instance import ExpiredBy, InstanceState
from .schema import LoaderOption, Mapping

EAGER = ("joined", "selectin", "subquery", "immediate")
EAGER_OPTIONS = ("joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager")
FORBIDDEN = ("raise", "raise_on_sql")
RELATION_OPTIONS = {
    **dict.fromkeys(EAGER_OPTIONS, "joined"),
    "lazyload": "select",
    "defaultload": None,
    "raiseload": "raise",
    "noload": "noload",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a load does with each attribute: brings it, leaves it out, or forbids it."""

    brings: frozenset[str]
    defers: frozenset[str]
    forbids: frozenset[str]


def plan(mapping: Mapping, options: tuple[LoaderOption, ...]) -> Plan:
    """What a query with these options does with the attributes of a class."""
    mine = [option for option in options if len(option.path) == 1]
    columns = {name for name, column in mapping.columns.items() if not column.deferred}
    if only := {option.path[0] for option in mine if option.kind == "load_only"}:
        columns = only
    lazy: dict[str, str] = {name: relation.lazy for name, relation in mapping.relations.items()}
    forbidden = set()
    for option in sorted(mine, key=lambda option: option.path[0] != "*"):
        for name in named(mapping, option):
            if name in lazy:
                lazy[name] = RELATION_OPTIONS.get(option.kind) or lazy[name]
            elif option.kind == "undefer":
                columns.add(name)
            elif option.kind in ("defer", "raiseload"):
                columns.discard(name)
                forbidden |= {name} if option.kind == "raiseload" else set()
    columns |= {name for name, column in mapping.columns.items() if column.primary_key}
    deferred = mapping.columns.keys() - columns - forbidden
    forbidden |= {name for name, how in lazy.items() if how in FORBIDDEN}
    brought = columns | {name for name, how in lazy.items() if how in (*EAGER, "noload")}
    return Plan(frozenset(brought), frozenset(deferred), frozenset(forbidden))


def named(mapping: Mapping, option: LoaderOption) -> tuple[str, ...]:
    """The attributes that an option speaks of."""
    if option.path[0] != "*":
        return option.path
    return tuple(mapping.columns) if option.kind in ("defer", "undefer") else tuple(mapping.relations)


def forbidden_by_class(mapping: Mapping) -> frozenset[str]:
    return frozenset(name for name, relation in mapping.relations.items() if relation.lazy in FORBIDDEN)


def deferred_by_class(mapping: Mapping) -> frozenset[str]:
    return frozenset(name for name, column in mapping.columns.items() if column.deferred)


def without(contents: InstanceState, names: frozenset[str]) -> InstanceState:
    """The instance without what is known of the content of some attributes."""
    mapping = contents.mapping
    related, targets = contents.related, contents.targets
    if not names.isdisjoint(related):
        related = {name: keys for name, keys in related.items() if name not in names}
    if targets:
        targets = {name: to for name, to in targets.items() if mapping.relations[name].column not in names}
    if names.isdisjoint(contents.written):
        return replace(contents, related=related, targets=targets)
    return replace(
        contents,
        related=related,
        targets=targets,
        before={name: keys for name, keys in contents.before.items() if name not in names},
        gained={name: keys for name, keys in contents.gained.items() if name not in names},
        dropped={name: keys for name, keys in contents.dropped.items() if name not in names},
    )


def all_expired(state: InstanceState, by: ExpiredBy) -> InstanceState:
    """The instance with every attribute expired and every unsaved write gone."""
    every = frozenset((*state.mapping.columns, *state.mapping.relations))
    return replace(
        without(state, every),
        loaded=frozenset(),
        written=frozenset(),
        refused=frozenset(),
        unchanged=frozenset(),
        unsure=frozenset(),
        blocked=forbidden_by_class(state.mapping),
        deferred=deferred_by_class(state.mapping),
        expired=every,
        expired_by=by,
        is_stale=True,
    )


def partly_expired(state: InstanceState, names: frozenset[str]) -> InstanceState:
    """The instance with some attributes expired; a relationship is then simply not loaded any more."""
    columns = names & state.mapping.columns.keys()
    return replace(
        without(state, names),
        loaded=state.loaded - names,
        written=state.written - names,
        refused=state.refused - names,
        unsure=state.unsure - names,
        blocked=state.blocked - columns | forbidden_by_class(state.mapping),
        deferred=state.deferred - columns | deferred_by_class(state.mapping),
        expired=state.expired | columns,
        expired_by="expire",
    )


def replayed(state: InstanceState, names: frozenset[str]) -> InstanceState:
    """The instance after its expired attributes were loaded again, under the options of its first load."""
    again = plan(state.mapping, state.options)
    relations = names & state.mapping.relations.keys()
    gained = (names & state.mapping.columns.keys()) | (again.brings & relations)
    left_empty = {one.path[0] for one in state.options if one.kind == "noload" and len(one.path) == 1} & relations
    return replace(
        aimed(state, gained),
        loaded=state.loaded | gained,
        related={**state.related, **dict.fromkeys(left_empty, ())} if left_empty else state.related,
        blocked=state.blocked | (again.forbids & relations),
        deferred=state.deferred - names | deferred_by_class(state.mapping),
        expired=frozenset(),
        expired_by=None,
        is_stale=False,
    )


def aimed(state: InstanceState, names: frozenset[str]) -> InstanceState:
    """The instance with what its freshly loaded foreign keys name, as far as an observer told it."""
    fresh = {
        relation.name: (*state.stored[relation.name], None)[0]
        for relation in state.mapping.relations.values()
        if relation.column in names and relation.name in state.stored
    }
    return replace(state, targets={**state.targets, **fresh}) if fresh else state


def gained(state: InstanceState, names: frozenset[str]) -> InstanceState:
    """The instance with attributes loaded by a query of their own."""
    expired = state.expired - names
    return replace(
        aimed(state, names),
        loaded=state.loaded | names,
        unsure=state.unsure - names,
        expired=expired,
        deferred=state.deferred - names | deferred_by_class(state.mapping),
        blocked=state.blocked - names | forbidden_by_class(state.mapping),
        expired_by=state.expired_by if expired else None,
        is_stale=False,
    )
