"""What merging an instance into a session does."""

from __future__ import annotations

from dataclasses import replace

from .arriving import fresh
from .flushing import flush
from .instance import InstanceState
from .loading import deferred_by_class, forbidden_by_class
from .outcome import FINE, TANGLED, UNKNOWN, Outcome, emits, is_stopped
from .querying import ask, unusable
from .records import InstanceLoaded, Key, Merged
from .refreshing import lacks_identity
from .session import SessionState
from .states import States
from .unexpiring import refresh_expired


def merged(life: States, record: Merged) -> Outcome:
    """Copy a source onto an instance of the session; the source stays as it is, and later writes to it are lost."""
    session = life.sessions.get(record.session)
    if session is None:
        return UNKNOWN
    flushed = flush(life, session.key) if session.autoflush else FINE
    if is_stopped(flushed):
        return flushed
    source = None if record.source is None else life.instances.get(record.source)
    if source is None or source.identity is None:
        return merge_something(life, session, record, source)
    if source.loaded & source.mapping.relations.keys() or source.unsure or lacks_key(source):
        # It goes on with all that the source's relationships hold.
        return tangled(life, session.key)
    return merge_known(life, session, record, source, flushed)


def merge_known(
    life: States, session: SessionState, record: Merged, source: InstanceState, flushed: Outcome
) -> Outcome:
    """Merge an instance whose identity is known, after the autoflush."""
    target = life.identified(session.key, source.identity)
    if target is not None and target.key == source.key:
        return flushed
    if target is not None:
        # The history of a primary key is always kept, so that setting it loads it.
        needs_key = lacks_identity(target) and not lacks_identity(source)
        life.put(with_options_of(source, target))
        first = refresh_expired(life, target.key, autoflushes=False, awaited=True) if needs_key else flushed
        if not is_stopped(first):
            copy_onto(life, source, life.instances[target.key], record)
        return first
    if flushed.effect != "fine":
        # What the flush refreshed may have brought the row already.
        return tangled(life, session.key)
    if problem := ask(life, session.key, "merge", autoflushes=False, awaited=True):
        return problem
    if lacks_identity(source) and not source.row_exists:
        return tangled(life, session.key)
    if source.row_exists and not just_deleted(life, session.key, source):
        row = InstanceLoaded(
            session=session.key, instance=record.result, mapping=source.mapping, identity=source.identity
        )
        copy_onto(life, source, with_options_of(source, fresh(row)), record)
    else:
        new = InstanceState(
            record.result, source.mapping, "pending", session=session.key, identity=source.identity, row_exists=False
        )
        life.change_session(session.key, pending=(*life.sessions[session.key].pending, record.result))
        copy_onto(life, source, with_options_of(source, new), record)
    return emits("merge")


def tangled(life: States, session: Key) -> Outcome:
    life.lose_track(session)
    return TANGLED


def lacks_key(source: InstanceState) -> bool:
    """Whether an instance that was never stored does not know its primary key either."""
    return source.status in ("transient", "pending") and lacks_identity(source)


def just_deleted(life: States, session: Key, source: InstanceState) -> bool:
    """Whether the session sent the DELETE of a row, which observers may not have told yet."""
    return any(
        state.was_deleted and state.row_exists is False and state.identity == source.identity
        for state in life.attached(session)
    )


def with_options_of(source: InstanceState, target: InstanceState) -> InstanceState:
    """The instance under the options of the source's load, and with what these defer or forbid where they do."""
    by_class = (deferred_by_class(source.mapping), forbidden_by_class(source.mapping))
    chosen = any(len(one.path) == 1 and one.kind in ("defer", "load_only", "raiseload") for one in source.options)
    target = replace(target, options=source.options, via=source.via)
    if chosen or source.deferred - by_class[0] or source.blocked - by_class[1]:
        return replace(target, deferred=source.deferred, blocked=source.blocked)
    if source.expired:
        # Options that name every attribute leave a trace on the source which expiring it does not wipe out.
        return replace(target, unsure=target.unsure | target.deferred - by_class[0])
    return target


def copy_onto(life: States, source: InstanceState, target: InstanceState, record: Merged) -> None:
    """Set what is loaded of the source on the instance of the session; what neither has is expired there."""
    names = source.loaded.intersection(source.mapping.columns)
    missing = source.mapping.columns.keys() - names - target.loaded - target.deferred
    missing -= deferred_by_class(source.mapping)
    changed = names if record.changed is None else record.changed | (names & target.expired - target.loaded)
    is_there = target.status == "persistent"
    life.put(
        replace(
            target,
            loaded=target.loaded | names,
            written=target.written | names,
            unchanged=(target.unchanged | names) - changed,
            refused=target.refused - names | (source.refused & names),
            expired=target.expired | missing if is_there else target.expired,
        )
    )
    if names:
        life.mark_dirty(target.key)


def merge_something(life: States, session: SessionState, record: Merged, source: InstanceState | None) -> Outcome:
    """The general answer: a SELECT, and an attached instance with everything loaded that the source had."""
    if problem := unusable(session):
        return problem
    life.begin(session.key)
    mapping = record.mapping or (source.mapping if source else None)
    if mapping is None:
        return emits("merge")
    row = InstanceLoaded(session=session.key, instance=record.result, mapping=mapping)
    result = fresh(row)
    names = source.loaded.intersection(mapping.columns) if source else frozenset()
    life.put(replace(result, loaded=result.loaded | names, written=names))
    life.mark_dirty(record.result)
    return emits("merge")
