"""What a DELETE does to the instances around the deleted one."""

from __future__ import annotations

from .instance import InstanceState
from .loading import gained
from .records import Key
from .refreshing import identify, others, recall, touch
from .schema import Relation
from .states import States
from .synchronizing import aim, doubt, is_near


def let_go(life: States, key: Key) -> list[Key]:
    """Load what a DELETE needs; the instances whose foreign keys it sets to NULL first."""
    identify(life, key)
    found: list[Key] = []
    for name, relation in life.instances[key].mapping.relations.items():
        if not relation.many:
            recall_unless_many(life, key, relation)
            continue
        if name not in life.instances[key].loaded:
            load_others(life, key, name)
        if not relation.many_to_many:
            for other in others(life, life.instances[key], name):
                if is_near(life, life.instances[key], life.instances[other]):
                    found.append(other)
                    is_kept = other not in life.sessions[life.instances[key].session].deleted
                    if relation.back_populates is not None and is_kept:
                        life.put(aim(life.instances[other], {relation.back_populates: None}))
                else:
                    doubt(life, life.instances[other])
    return found


def recall_unless_many(life: States, key: Key, relation: Relation) -> None:
    """A many-to-one is looked for before a DELETE; of several deleted instances, the first found may end the search."""
    state = life.instances[key]
    rivals = [other for other in life.sessions[state.session].deleted if life.instances[other].mapping is state.mapping]
    if len(rivals) > 1:
        life.change(key, unsure=state.unsure | {relation.name, relation.column or ""} - state.loaded)
    else:
        recall(life, key, relation, for_history=True)


def load_others(life: States, key: Key, name: str) -> None:
    """Load a collection of an instance that is to be deleted."""
    life.put(gained(life.instances[key], frozenset({name})))
    touch(life, key, name)


def children(life: States, state: InstanceState) -> list[InstanceState]:
    """The instances of the session whose foreign keys name one that is to be deleted."""
    names = [name for name, relation in state.mapping.relations.items() if relation.many and not relation.many_to_many]
    return [life.instances[key] for name in names for key in others(life, state, name)]
