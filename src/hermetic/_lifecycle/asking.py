"""What queries bring: instances loaded, looked up, refreshed, expired."""

from __future__ import annotations

from dataclasses import replace

from .arriving import brought, doubtful, fresh
from .flushing import recomputed
from .instance import ExpiredBy, InstanceState
from .loading import (
    aimed,
    all_expired,
    deferred_by_class,
    forbidden_by_class,
    gained,
    partly_expired,
    plan,
)
from .outcome import FINE, TANGLED, UNKNOWN, Outcome, emits, raises
from .querying import ask, unusable
from .records import ContentSeen, Executed, Expired, InstanceLoaded, LookedUp, Refreshed
from .refreshing import follow_options, recall
from .session import Savepoint, SessionState
from .states import States
from .unexpiring import revisit


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
    life.put(brought(old if is_there else None, record, life.line))
    if is_there and record.populate_existing and not record.again:
        waiting = life.sessions[record.session].dirty
        life.change_session(record.session, dirty=tuple(key for key in waiting if key != record.instance))
    if record.rewritten:
        life.put(recomputed(life.instances[record.instance]))
        points = list(life.sessions[record.session].savepoints)
        # A savepoint that began with this flush does not undo it.
        level = -2 if len(points) > 1 and points[-1] == Savepoint() else -1
        points[level] = replace(points[level], changed=points[level].changed | {record.instance})
        life.change_session(record.session, savepoints=tuple(points))
    return FINE


def told_late(life: States, session: SessionState, record: InstanceLoaded, *, is_there: bool) -> Outcome:
    """Take in what a flush brought before its commit or failure, of which the model knows already."""
    if session.phase == "idle" and not session.expire_on_commit:
        life.put(brought(life.instances[record.instance] if is_there else None, record, life.line))
        if record.rewritten:
            life.put(recomputed(life.instances[record.instance]))
    elif not is_there and session.phase == "failed" and len(session.savepoints) > 1:
        life.put(doubtful(fresh(record)))
    elif not is_there:
        life.put(all_expired(fresh(record), "commit" if session.phase == "idle" else "rollback"))
    return FINE


def looked_up(life: States, record: LookedUp) -> Outcome:
    """`get`: from the identity map without a query where the instance is there and not expired."""
    if record.session not in life.sessions:
        return UNKNOWN
    state = life.instances.get(record.instance) if record.instance is not None else None
    is_there = state is not None and state.status == "persistent" and state.session == record.session
    if state is None or not is_there or record.populate_existing:
        return ask(life, record.session, "get", awaited=True) or emits("get")
    if not state.is_stale:
        return FINE
    return revisit(life, state.key, awaited=True)


def refreshed(life: States, record: Refreshed) -> Outcome:
    """Load an instance again: the named attributes, or every column and eager relation, dropping lazy collections."""
    state = life.instances.get(record.instance)
    if record.session not in life.sessions or state is None or state.status == "unknown":
        return UNKNOWN
    if not life.is_mapped(state) or state.session != record.session:
        return raises("InvalidRequestError", state.status)
    names = record.attributes
    session = life.sessions[record.session]
    is_busy = session.autoflush and (session.pending or session.dirty or session.deleted)
    if names and (goes_around(state, names) or (is_busy and names & state.mapping.relations.keys())):
        life.lose_track(record.session)
        return TANGLED
    if names:
        life.put(partly_expired(state, names))
    else:
        forget(life, state, "refresh")
    if problem := ask(life, record.session, "refresh", awaited=True):
        return problem
    if life.instances[state.key].row_exists is False:
        return raises("InvalidRequestError", "gone")
    reload(life, state, names)
    return Outcome("emits-sql", because="refresh", lost=(state.key,) if state.written else ())


def reload(life: States, state: InstanceState, names: frozenset[str] | None) -> None:
    """Note what a refresh brings of an instance that it expired."""
    emptied = life.instances[state.key]
    now = plan(state.mapping, state.options)
    if names:
        if not names <= state.mapping.columns.keys():
            names |= {name for name, column in state.mapping.columns.items() if column.primary_key}
            emptied = replace(emptied, written=emptied.written - names)
        life.put(gained(emptied, names - recursive(state)))
        chosen = {one.path[0] for one in state.options if one.kind in ("joinedload", "noload") and len(one.path) == 1}
        for name in names & state.mapping.relations.keys() - chosen:
            recall(life, state.key, state.mapping.relations[name])
    else:
        life.put(
            replace(
                aimed(emptied, now.brings),
                loaded=now.brings,
                expired=emptied.expired - now.brings,
                blocked=now.forbids | forbidden_by_class(state.mapping),
                deferred=now.defers | deferred_by_class(state.mapping),
                is_stale=False,
            )
        )
    follow_options(life, state.key, (names or now.brings) - recursive(state))


def goes_around(state: InstanceState, names: frozenset[str]) -> bool:
    """Whether a refresh by name joins a class to itself: the names then count for the other side, too."""
    joined = {one.path[0] for one in state.options if len(one.path) == 1 and one.kind == "joinedload"}
    itself = {name for name, relation in state.mapping.relations.items() if relation.target == state.mapping.name}
    return bool(names & joined & itself)


def recursive(state: InstanceState) -> frozenset[str]:
    """The many-to-ones back to a class that the load came by: a refresh by name takes them from the identity map."""
    chosen = {option.path[0] for option in state.options if len(option.path) == 1}
    above = {state.mapping.name, *(state.via or ())}
    return frozenset(
        name
        for name, relation in state.mapping.relations.items()
        if relation.column is not None and relation.target in above and name not in chosen
    )


def expire(life: States, record: Expired) -> Outcome:
    """Forget what is loaded, unsaved writes included, of one instance or of all."""
    session = life.sessions.get(record.session)
    if session is None or (record.instance is not None and record.instance not in life.instances):
        return UNKNOWN
    keys = [state.key for state in life.attached(session.key) if life.is_mapped(state)]
    if record.instance is not None:
        if record.instance not in keys:
            return raises("InvalidRequestError", life.instances[record.instance].status)
        keys = [record.instance]
    lost = []
    for key in keys:
        state = life.instances[key]
        if state.written if record.attributes is None else state.written & record.attributes:
            lost.append(key)
        if record.attributes:
            life.put(partly_expired(state, record.attributes))
        else:
            forget(life, state, "expire")
    return Outcome("loses-write", because="expired", lost=tuple(lost)) if lost else FINE


def forget(life: States, state: InstanceState, by: ExpiredBy) -> None:
    """Expire an instance whole; its session then has nothing of it to flush."""
    life.put(all_expired(state, by))
    session = life.session_of(state)
    if session is not None and state.key in session.dirty:
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
