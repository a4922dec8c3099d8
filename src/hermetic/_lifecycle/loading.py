"""What a query, a refresh and an expire leave loaded."""

from __future__ import annotations

from dataclasses import replace

from .flushing import autoflush, unusable
from .instance import InstanceState
from .outcome import FINE, UNKNOWN, Outcome, emits, raises
from .records import Expired, InstanceLoaded, Refreshed
from .schema import LoaderOption, Mapping
from .states import States
from .undoing import expired as all_expired

EAGER = ("joined", "selectin", "subquery", "immediate")
EAGER_OPTIONS = ("joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager")


def brought(mapping: Mapping, options: tuple[LoaderOption, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The attributes that a load brings, and those that its options forbid to read."""
    mine = [option for option in options if len(option.path) == 1]
    columns = {name for name, column in mapping.columns.items() if not column.deferred}
    only = {option.path[0] for option in mine if option.kind == "load_only"}
    if only:
        columns = only
    columns |= {name for name, column in mapping.columns.items() if column.primary_key}
    lazy: dict[str, str] = {name: relation.lazy for name, relation in mapping.relations.items()}
    blocked = set()
    for option in mine:
        for name in named(mapping, option):
            if name in mapping.columns:
                columns = column_option(columns, option.kind, name)
                if option.kind == "raiseload":
                    blocked.add(name)
            elif name in lazy:
                lazy[name] = RELATION_OPTIONS.get(option.kind, lazy[name])
    loaded = columns | {name for name, how in lazy.items() if how in (*EAGER, "noload")}
    blocked |= {name for name, how in lazy.items() if how in ("raise", "raise_on_sql")}
    return frozenset(loaded), frozenset(blocked)


RELATION_OPTIONS = dict.fromkeys(EAGER_OPTIONS, "joined") | {
    "lazyload": "select", "raiseload": "raise", "noload": "noload", "defaultload": "select",
}  # fmt: skip


def named(mapping: Mapping, option: LoaderOption) -> tuple[str, ...]:
    if option.path[0] != "*":
        return option.path
    return tuple(mapping.columns) if option.kind in ("defer", "undefer", "load_only") else tuple(mapping.relations)


def column_option(columns: set[str], kind: str, name: str) -> set[str]:
    if kind in ("defer", "raiseload"):
        return columns - {name}
    return columns | {name}


def loaded(life: States, record: InstanceLoaded) -> Outcome:
    """Take in an instance that a query brought; one that is there already keeps what it has and gains the rest."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    if refusal := unusable(session):
        return refusal
    life.begin(session)
    names, blocked = brought(record.mapping, record.options)
    old = life.instances.get(record.instance)
    if old is not None and old.session == record.session and not record.populate_existing:
        names, blocked = names | old.loaded, blocked & old.blocked
        state = replace(old, loaded=names, blocked=blocked, expired=old.expired - names, unsure=old.unsure - names)
    else:
        state = InstanceState(
            record.instance,
            record.mapping,
            "persistent",
            session=record.session,
            loaded=names,
            options=record.options,
            blocked=blocked,
        )
    life.put(state)
    return FINE


def refreshed(life: States, record: Refreshed) -> Outcome:
    """Load an instance again: the named attributes, or every column and eager relation, dropping lazy collections."""
    session, state = life.sessions.get(record.session), life.instances.get(record.instance)
    if session is None or state is None or state.status == "unknown":
        return UNKNOWN
    if state.status != "persistent" or state.session != record.session:
        return raises("InvalidRequestError", state.status)
    if refusal := unusable(session):
        return refusal
    first = autoflush(life, session)
    if first.effect == "raises":
        return first
    life.begin(life.sessions[session.key])
    state = life.instances[state.key]
    if record.attributes is None:
        fresh = all_expired(state, "expire")
        names = brought(state.mapping, state.options)[0]
        state = replace(fresh, loaded=names, expired=frozenset(), expired_by=None, blocked=state.blocked)
    else:
        state = replace(
            state,
            loaded=state.loaded | record.attributes,
            written=state.written - record.attributes,
            expired=state.expired - record.attributes,
        )
    life.put(state)
    return emits("refresh")


def expire(life: States, record: Expired) -> Outcome:
    """Forget what is loaded, unsaved writes included, of one instance or of all."""
    session = life.sessions.get(record.session)
    if session is None or (record.instance is not None and record.instance not in life.instances):
        return UNKNOWN
    keys = [state.key for state in life.attached(session.key) if state.status == "persistent"]
    if record.instance is not None:
        if record.instance not in keys:
            return raises("InvalidRequestError", life.instances[record.instance].status)
        keys = [record.instance]
    for key in keys:
        state = life.instances[key]
        if record.attributes is None:
            life.put(all_expired(state, "expire"))
        else:
            life.put(partly_expired(state, record.attributes))
    clean = [key for key in keys if not life.instances[key].written]
    life.sessions[session.key] = replace(session, dirty=tuple(key for key in session.dirty if key not in clean))
    return FINE


def partly_expired(state: InstanceState, names: frozenset[str]) -> InstanceState:
    return replace(
        state,
        loaded=state.loaded - names,
        written=state.written - names,
        refused=state.refused - names,
        expired=state.expired | names,
        expired_by="expire",
    )
