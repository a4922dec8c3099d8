"""What the relationships written on instances make a flush send, and which foreign keys they set."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from .instance import InstanceState
from .records import Key
from .refreshing import lacks_identity
from .schema import Relation
from .session import SessionState
from .states import States


def written_relations(state: InstanceState) -> list[Relation]:
    return [relation for name, relation in state.mapping.relations.items() if name in state.written]


def moved(life: States, state: InstanceState, name: str) -> list[InstanceState]:
    """What a collection took in and let go since the last flush."""
    keys = (*state.gained.get(name, ()), *state.dropped.get(name, ()))
    return [life.instances[key] for key in keys if key in life.instances]


def has_changes(life: States, state: InstanceState) -> bool | None:
    """Whether a flush sends something for an instance's unsaved writes; None where that is not known."""
    if changes_row(life, state) or lacks_identity(state):
        return True
    answers = [relation_changes(life, state, relation) for relation in written_relations(state)]
    return True if True in answers else None if None in answers else False


def changes_row(life: States, state: InstanceState) -> bool:
    """Whether an instance's row gets an UPDATE."""
    if not state.mapping.columns or not state.written - state.unchanged <= state.mapping.relations.keys():
        return True
    return any(moves_key(life, state, relation) for relation in written_relations(state))


def relation_changes(life: States, state: InstanceState, relation: Relation) -> bool | None:
    name = relation.name
    if not relation.many:
        return any(lacks_identity(life.instances[key]) for key in source(life, state, relation))
    if relation.many_to_many:
        return any(is_near(life, state, other) for other in moved(life, state, name))
    return None if entangled(life, state, relation) else False


def source(life: States, state: InstanceState, relation: Relation) -> tuple[Key, ...]:
    """The instance of the same session whose primary key a written many-to-one takes."""
    target = state.holds(relation.name)
    if not target or target[0] not in life.instances or target == state.before.get(relation.name):
        return ()
    return target if is_near(life, state, life.instances[target[0]]) else ()


def is_near(life: States, state: InstanceState, other: InstanceState) -> bool:
    """Whether an instance's own session holds another one, which a flush needs to write what is between them."""
    return other.session == state.session and (other.status == "pending" or life.is_mapped(other))


def moves_key(life: States, state: InstanceState, relation: Relation) -> bool:
    """Whether a written many-to-one gives its foreign key another value."""
    if relation.many:
        return False
    name = relation.name
    if name not in state.related:
        return True
    target = state.related[name]
    if target == state.before.get(name, "?"):
        return False
    if target and not source(life, state, relation):
        return False
    if name not in state.targets:
        return True
    identity = life.instances[target[0]].identity if target else None
    return identity != state.targets[name]


def linked(life: States, session: SessionState, changed: Iterable[Key]) -> Iterator[Key]:
    """The instances whose primary keys are needed to set foreign keys and to write rows of many-to-manys."""
    for key in (*changed, *session.pending):
        state = life.instances[key]
        for relation in written_relations(state):
            if not relation.many:
                yield from source(life, state, relation)
            elif relation.many_to_many:
                near = [other.key for other in moved(life, state, relation.name) if is_near(life, state, other)]
                yield from (*near, key) if near else ()
            elif state.gained.get(relation.name):
                yield key
    for key in session.deleted:
        state = life.instances[key]
        for relation in state.mapping.relations.values():
            if relation.many_to_many:
                others = (life.instances[other] for other in state.holds(relation.name) if other in life.instances)
                yield from (other.key for other in others if life.is_mapped(other))


def pointed(life: States, state: InstanceState) -> InstanceState:
    """The instance with its foreign keys set from the instances that its many-to-ones were given."""
    fresh: dict[str, Hashable] = {}
    for relation in written_relations(state):
        name = relation.name
        if relation.column is None or name not in state.related:
            continue
        target = source(life, state, relation)
        if target or (not state.related[name] and state.before.get(name, "?") != ()):
            fresh[name] = life.instances[target[0]].identity if target else None
    return aim(state, fresh)


def aim(state: InstanceState, fresh: dict[str, Hashable]) -> InstanceState:
    if not fresh:
        return state
    stored = {name: () if to is None else (to,) for name, to in fresh.items()}
    columns = {state.mapping.relations[name].column or "" for name in fresh}
    return replace(
        state,
        loaded=state.loaded | columns,
        written=state.written | columns,
        targets={**state.targets, **fresh},
        stored={**state.stored, **stored},
    )


def entangle(life: States, keys: Iterable[Key]) -> None:
    """Doubt the foreign keys of what one-to-manys took in or let go while its own side was expired or elsewhere."""
    for key in keys:
        state = life.instances[key]
        for relation in written_relations(state):
            for other in entangled(life, state, relation):
                doubt(life, other)


def entangled(life: States, state: InstanceState, relation: Relation) -> list[InstanceState]:
    if not relation.many or relation.many_to_many:
        return []
    back = relation.back_populates or ""
    return [
        other
        for other in moved(life, state, relation.name)
        if not is_near(life, state, other) or (back not in other.written and other.status == "persistent")
    ]


def adopted(life: States, state: InstanceState) -> list[InstanceState]:
    """What the one-to-manys of an instance took in or let go without that its own side is written."""
    return [other for relation in written_relations(state) for other in entangled(life, state, relation)]


def doubt(life: States, other: InstanceState) -> None:
    """Note that it cannot be told whether a flush set an instance's foreign key, and updated its row for that."""
    columns = other.mapping.columns.values()
    names = {column.name for column in columns if column.onupdate or column.foreign_key}
    life.change(other.key, unsure=other.unsure | names | maybe_refreshed(other))


def maybe_refreshed(state: InstanceState) -> frozenset[str]:
    """What a flush loads of an instance when it comes to need its primary key."""
    return state.expired - state.loaded if lacks_identity(state) else frozenset()
