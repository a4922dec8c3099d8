"""What reading an attribute does."""

from __future__ import annotations

from collections.abc import Hashable

from .instance import InstanceState
from .loading import deferred_by_class, gained
from .outcome import FINE, TANGLED, UNKNOWN, Outcome, emits, raises
from .querying import ask
from .records import AttributeRead, Key
from .refreshing import lacks_identity
from .schema import Relation
from .states import States
from .unexpiring import refresh_expired, revisit


def read(life: States, record: AttributeRead) -> Outcome:
    """Read an attribute: fine when it is loaded, else a SELECT or an error by the state of its session."""
    state = life.instances.get(record.instance)
    if state is None or state.status == "unknown":
        return UNKNOWN
    return read_attribute(life, state, record.attribute)


def read_attribute(life: States, state: InstanceState, name: str) -> Outcome:
    if (
        name in state.unsure
        and (state.session is None or state.session in life.sessions)
        and state.status not in ("transient", "pending")
    ):
        if state.session is None:
            return Outcome("unknown", because="unsure")
        return tangled(life, state)
    if name in state.loaded:
        return FINE
    if name in state.unsure and name in state.expired:
        return Outcome("unknown", because="unsure")
    if name in state.mapping.columns:
        return read_column(life, state, name)
    relation = state.mapping.relations.get(name)
    if relation is not None:
        return read_relation(life, state, relation)
    return FINE if state.mapping.columns else UNKNOWN


def tangled(life: States, state: InstanceState) -> Outcome:
    life.lose_track(state.session)
    return TANGLED


def read_column(life: States, state: InstanceState, name: str) -> Outcome:
    """Read a column that is not loaded; an expired one brings back every expired one."""
    if name in state.expired and name not in deferred_by_class(state.mapping):
        if state.status == "pending":
            return raises("InvalidRequestError", "keyless") if lacks_identity(state) else tangled(life, state)
        return refresh_expired(life, state.key)
    if state.status in ("transient", "pending"):
        return FINE
    if name in state.blocked:
        return raises("InvalidRequestError", "raiseload")
    if name not in state.deferred and name not in deferred_by_class(state.mapping):
        return FINE
    because = "expired" if name in state.expired else "deferred"
    if state.session is None:
        return raises("DetachedInstanceError", because)
    if problem := ask(life, state.session, because):
        return problem
    if life.instances[state.key].row_exists is False:
        return raises("ObjectDeletedError", "gone")
    life.put(gained(life.instances[state.key], frozenset({name})))
    return emits(because)


def read_relation(life: States, state: InstanceState, relation: Relation) -> Outcome:
    """Read a relationship that is not loaded; the columns it goes by are refreshed first where they expired."""
    because = "expired" if relation.name in state.expired else "lazy"
    if relation.lazy in ("write_only", "dynamic") or state.status in ("transient", "pending"):
        return FINE
    if relation.name in state.blocked and relation.lazy != "raise_on_sql":
        return raises("InvalidRequestError", "raiseload")
    if state.session is None:
        return raises("DetachedInstanceError", because)
    if relation.column is not None:
        return follow(life, state, relation, because)
    if state.dropped.get(relation.name):
        # SQLAlchemy stumbles where what the collection is to let go is not in it.
        return tangled(life, state)
    first = read_attribute(life, state, key_column(state))
    if first.effect in ("raises", "unknown"):
        return first
    state = life.instances[state.key]
    if relation.name in state.loaded:
        return first
    return load_relation(life, state, relation, because)


def key_column(state: InstanceState) -> str:
    """A column that a collection's query goes by; the name of none where the class is not known."""
    return next((name for name, column in state.mapping.columns.items() if column.primary_key), "")


def follow(life: States, state: InstanceState, relation: Relation, because: str) -> Outcome:
    """Read a many-to-one: by its foreign key, from the session's identity map where it can."""
    first = read_attribute(life, state, relation.column or "")
    if first.effect in ("raises", "unknown"):
        return first
    state = life.instances[state.key]
    name = relation.name
    if name in state.loaded:
        return first
    if name not in state.targets:
        if first.effect == "fine" and (relation.column or "") not in state.loaded:
            return settle(life, state.key, name, first)
        return load_relation(life, state, relation, because)
    return find(life, state, relation, because, first, state.targets[name])


def find(
    life: States, state: InstanceState, relation: Relation, because: str, first: Outcome, identity: Hashable
) -> Outcome:
    if identity is None:
        return settle(life, state.key, relation.name, first)
    target = life.identified(state.session, identity)
    if target is None:
        return load_relation(life, state, relation, because)
    if not target.is_stale:
        return settle(life, state.key, relation.name, first)
    first = revisit(life, target.key)
    if first.effect in ("raises", "unknown"):
        return first
    if first.because == "gone":
        return load_relation(life, life.instances[state.key], relation, because)
    return settle(life, state.key, relation.name, first)


def settle(life: States, key: Key, name: str, outcome: Outcome) -> Outcome:
    """Note that a relationship is loaded now, and answer what that took."""
    life.put(gained(life.instances[key], frozenset({name})))
    return outcome


def load_relation(life: States, state: InstanceState, relation: Relation, because: str) -> Outcome:
    """Send a relationship's own SELECT."""
    if relation.lazy == "raise_on_sql":
        return raises("InvalidRequestError", "raiseload")
    if problem := ask(life, state.session, because):
        return problem
    return settle(life, state.key, relation.name, emits(because))
