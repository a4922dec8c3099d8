"""What queries bring: instances loaded, looked up, refreshed, expired."""

from __future__ import annotations

from dataclasses import replace

from .flushing import recomputed
from .instance import InstanceState
from .loading import all_expired, deferred_by_class, partly_expired, plan, without
from .outcome import FINE, UNKNOWN, Outcome, emits, raises
from .querying import ask, unusable
from .records import ContentSeen, Executed, Expired, InstanceLoaded, LookedUp, Refreshed
from .schema import LoaderOption
from .session import SessionState
from .states import States


def executed(life: States, record: Executed) -> Outcome:
    """Send a statement, after an autoflush."""
    if record.session not in life.sessions:
        return UNKNOWN
    if problem := ask(life, record.session, "execute", autoflushes=record.autoflushes, awaited=True):
        return problem
    if record.fails:
        return raises("IntegrityError", "refused")
    if record.writes:
        life.change_session(record.session, uncommitted=True)
    return emits("execute")


def loaded(life: States, record: InstanceLoaded) -> Outcome:
    """Take in an instance that a query brought; one that is there already keeps what it has and gains the rest."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    old = life.instances.get(record.instance)
    is_there = old is not None and old.session == record.session and old.status == "persistent"
    if record.lazily or record.by_flush:
        if session.phase in ("idle", "failed"):
            return told_late(life, session, record, is_there=is_there)
    elif problem := unusable(session):
        return problem
    else:
        life.begin(record.session)
    life.put(brought(old if is_there else None, record))
    if record.by_flush and any(not relation.many for relation in record.mapping.relations.values()):
        life.put(recomputed(life.instances[record.instance]))
        *outer, last = life.sessions[record.session].savepoints
        last = replace(last, changed=last.changed | {record.instance})
        life.change_session(record.session, savepoints=(*outer, last))
    return FINE


def told_late(life: States, session: SessionState, record: InstanceLoaded, *, is_there: bool) -> Outcome:
    """Take in what a flush brought before its commit or failure, of which the model knows already."""
    if session.phase == "idle" and not session.expire_on_commit:
        life.put(brought(life.instances[record.instance] if is_there else None, record))
    elif not is_there:
        life.put(all_expired(fresh(record), "commit" if session.phase == "idle" else "rollback"))
    return FINE


def brought(old: InstanceState | None, record: InstanceLoaded) -> InstanceState:
    """The state that an instance's row leaves it in."""
    if old is None:
        return fresh(record)
    if record.again:
        return met_again(old, record)
    return populated(old, record) if record.populate_existing else completed(old, record)


def fresh(record: InstanceLoaded) -> InstanceState:
    """An instance that the session did not hold before."""
    now = plan(record.mapping, record.options)
    return InstanceState(
        record.instance,
        record.mapping,
        "persistent",
        session=record.session,
        loaded=now.brings,
        options=lasting(record.options),
        blocked=now.forbids,
        deferred=now.defers,
        identity=record.identity,
        row_exists=True,
    )


def met_again(old: InstanceState, record: InstanceLoaded) -> InstanceState:
    """The instance where one query meets it a second time: what the second path alone brings is added."""
    now = plan(record.mapping, record.options)
    columns = now.brings & record.mapping.columns.keys()
    loaded = old.loaded | columns | eager_by_query(record.options)
    options = lasting(record.options) if record.again == "shallower" else old.options
    return replace(old, loaded=loaded, expired=old.expired - loaded, options=options)


def eager_by_query(options: tuple[LoaderOption, ...]) -> frozenset[str]:
    """The relationships that options load by a query of their own, after the instances are there."""
    return frozenset(option.path[0] for option in options if len(option.path) == 1 and option.kind == "selectinload")


def completed(old: InstanceState, record: InstanceLoaded) -> InstanceState:
    """The instance with what it lacked taken from its row; a lazy load leaves out the queries for relationships."""
    now = plan(record.mapping, record.options)
    names = now.brings - old.written
    if record.lazily:
        names -= eager_by_query(record.options)
    return replace(
        old,
        loaded=old.loaded | names,
        unsure=old.unsure - names,
        expired=old.expired - names,
        blocked=old.blocked - names | (now.forbids - old.loaded),
        deferred=old.deferred - names | (now.defers - old.loaded),
        is_stale=False,
    )


def lasting(options: tuple[LoaderOption, ...]) -> tuple[LoaderOption, ...]:
    """The options that act again at later loads: those that name their attribute."""
    return tuple(option for option in options if "*" not in option.path)


def populated(old: InstanceState, record: InstanceLoaded) -> InstanceState:
    """The instance read anew from its row by `populate_existing`; unsaved writes are overwritten."""
    now = plan(record.mapping, record.options)
    relations = record.mapping.relations
    # What an option leaves out keeps its old value, collections aside; what the class leaves out is dropped.
    kept = now.defers - deferred_by_class(old.mapping) | {
        name for name in now.forbids if name not in relations or not relations[name].many
    }
    loaded = now.brings | (old.loaded & kept)
    reset = relations.keys() - now.brings - now.forbids
    return replace(
        without(old, old.loaded),
        loaded=loaded,
        written=frozenset(),
        refused=frozenset(),
        unsure=old.unsure & kept,
        blocked=now.forbids,
        deferred=now.defers,
        expired=old.expired - loaded - reset,
        options=lasting(record.options) if record.by_relation or lasting(record.options) else old.options,
        is_stale=False,
    )


def looked_up(life: States, record: LookedUp) -> Outcome:
    """`get`: from the identity map without a query where the instance is there and not expired."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    state = life.instances.get(record.instance) if record.instance is not None else None
    if state is not None and state.status == "persistent" and state.session == record.session:
        if not state.is_stale and not record.populate_existing:
            return FINE
    return ask(life, record.session, "get", awaited=True) or emits("get")


def refreshed(life: States, record: Refreshed) -> Outcome:
    """Load an instance again: the named attributes, or every column and eager relation, dropping lazy collections."""
    session, state = life.sessions.get(record.session), life.instances.get(record.instance)
    if session is None or state is None or state.status == "unknown":
        return UNKNOWN
    if state.status != "persistent" or state.session != record.session:
        return raises("InvalidRequestError", state.status)
    if record.attributes is None:
        life.put(all_expired(state, "refresh"))
    else:
        life.put(partly_expired(state, record.attributes))
    clean(life, state)
    if problem := ask(life, record.session, "refresh", awaited=True):
        return problem
    if state.row_exists is False:
        return raises("InvalidRequestError", "gone")
    fresh = life.instances[state.key]
    now = plan(state.mapping, state.options)
    names = now.brings if record.attributes is None else record.attributes
    life.put(
        replace(
            fresh,
            loaded=fresh.loaded | names,
            expired=fresh.expired - names if record.attributes else frozenset(),
            is_stale=False,
        )
    )
    return Outcome("emits-sql", because="refresh", lost=(state.key,) if state.written else ())


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
    lost = []
    for key in keys:
        state = life.instances[key]
        if state.written if record.attributes is None else state.written & record.attributes:
            lost.append(key)
        life.put(all_expired(state, "expire") if not record.attributes else partly_expired(state, record.attributes))
        clean(life, state)
    return Outcome("loses-write", because="expired", lost=tuple(lost)) if lost else FINE


def clean(life: States, state: InstanceState) -> None:
    """Let a session forget that an instance waited for its flush, once no write of it is left."""
    session = life.session_of(state)
    if session is not None and state.key in session.dirty and life.instances[state.key].is_stale:
        life.change_session(session.key, dirty=tuple(key for key in session.dirty if key != state.key))


def content_seen(life: States, record: ContentSeen) -> Outcome:
    """Take in facts that an observer tells of an instance's content."""
    state = life.instances.get(record.instance)
    if state is None:
        return UNKNOWN
    life.put(
        replace(
            state,
            related={**state.related, **record.related},
            targets={**state.targets, **record.targets},
            stored={**state.stored, **record.stored},
            row_exists=state.row_exists if record.row_exists is None else record.row_exists,
        )
    )
    return FINE
