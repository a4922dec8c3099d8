"""What a flush does, whether asked for or made by the session itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace

from .instance import NOTHING, InstanceState
from .letting_go import let_go
from .outcome import FINE, Outcome, emits, raises
from .records import Key
from .refreshing import identify, lacks_identity
from .session import SessionState
from .states import States
from .undoing import undo


def flush(life: States, key: Key, *, fails: bool = False, awaited: bool = True) -> Outcome:
    """Send what waits to the database; a refusal undoes the transaction and leaves the session failed."""
    session = life.sessions[key]
    if not fails and not (session.pending or session.dirty or session.deleted):
        return FINE
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    session = life.begin(key)
    sends = fails or bool(session.pending or session.deleted) or some_change(life, session)
    if sends is not False and (problem := refusal(life, session, fails=fails, awaited=awaited)):
        fail(life, key)
        return problem
    write_out(life, session)
    if sends is None:
        return Outcome("unknown", because="aside")
    return emits("flush") if sends else FINE


def some_change(life: States, session: SessionState) -> bool | None:
    """Whether the unsaved writes of a session come to anything; None where that is not known."""
    answers = [has_changes(life, life.instances[key]) for key in session.dirty if key not in session.deleted]
    return True if True in answers else None if None in answers else False


def refusal(life: States, session: SessionState, *, fails: bool, awaited: bool) -> Outcome | None:
    """Why the database, or the driver before it, will not take this flush."""
    if session.bound is False:
        return raises("UnboundExecutionError", "unbound")
    if session.is_async and not awaited:
        return raises("MissingGreenlet", "flush")
    if fails:
        return raises("IntegrityError", "refused")
    problems = set(refusals(life, session))
    if len(problems) > 1:
        return Outcome("unknown", because="several")
    return problems.pop() if problems else None


def refusals(life: States, session: SessionState) -> Iterator[Outcome]:
    """What is wrong with each row of a flush; which is met first depends on the order of its statements."""
    pending = [life.instances[key] for key in session.pending]
    identities = [state.identity for state in pending if state.identity is not None]
    for state in pending:
        if state.refused or state.row_exists or identities.count(state.identity) > 1:
            yield raises("IntegrityError", "refused")
    for key in {*session.dirty, *session.deleted}:
        state = life.instances[key]
        changes = key not in session.deleted and changes_row(life, state)
        if state.row_exists is False and (changes or key in session.deleted) and lacks_identity(state):
            yield raises("ObjectDeletedError", "gone")
        elif state.row_exists is False and (changes or links(life, key)):
            yield raises("StaleDataError", "gone")
        elif state.refused and changes:
            yield raises("IntegrityError", "refused")


def links(life: States, key: Key) -> bool:
    """Whether rows of a many-to-many are to be deleted with an instance, as far as it remembers them."""
    state = life.instances[key]
    return any(
        relation.many_to_many and other in life.instances and life.instances[other].session == state.session
        for name, relation in state.mapping.relations.items()
        for other in state.holds(name)
    )


def fail(life: States, key: Key) -> None:
    """Undo a flush that was refused; how far it came with new instances before that cannot be told."""
    for pending in life.sessions[key].pending:
        state = life.instances[pending]
        columns = state.mapping.columns.values()
        partly = frozenset(column.name for column in columns if column.server_default or column.foreign_key)
        life.put(replace(state, unsure=state.unsure | partly - state.loaded))
    undo(life, key)
    life.change_session(key, phase="failed")


def has_changes(life: States, state: InstanceState) -> bool | None:
    """Whether an UPDATE, or a row of a many-to-many, comes of an instance's unsaved writes; None where it is not known."""
    if changes_row(life, state):
        return True
    answers = [collection_changes(life, state, name) for name in state.written & state.mapping.relations.keys()]
    return True if True in answers else None if None in answers else False


def collection_changes(life: States, state: InstanceState, name: str) -> bool | None:
    """Whether a changed collection makes the flush send something by itself."""
    relation = state.mapping.relations[name]
    if not relation.many:
        return False
    if name not in state.loaded or state.before.get(name) is None:
        return None if relation.many_to_many else False
    moved = set(state.before[name] or ()) ^ set(state.holds(name))
    others = [life.instances[key] for key in moved if key in life.instances]
    others = [other for other in others if other.session == state.session]
    if relation.many_to_many:
        return bool(others)
    back = relation.back_populates or ""
    return None if any(back not in other.written and other.status == "persistent" for other in others) else False


def changes_row(life: States, state: InstanceState) -> bool:
    if not state.mapping.columns or not state.written <= state.mapping.relations.keys():
        return True
    return any(moves_key(life, state, name) for name in state.written)


def moves_key(life: States, state: InstanceState, name: str) -> bool:
    """Whether a written many-to-one gives its foreign key another value."""
    relation = state.mapping.relations[name]
    if relation.many:
        return False
    if name not in state.related:
        return True
    target = state.related[name]
    if target and target[0] in life.instances and life.instances[target[0]].session != state.session:
        return False
    if target == state.before.get(name, "?"):
        return False
    if name not in state.targets:
        return True
    if not target:
        return state.targets[name] is not None
    other = life.instances.get(target[0])
    return other is None or other.identity != state.targets[name]


def write_out(life: States, session: SessionState) -> None:
    """Note what a flush that the database took leaves behind."""
    changed = [key for key in session.dirty if key not in session.deleted]
    orphans = [child for key in session.deleted for child in let_go(life, key)]
    updated = {*orphans, *(key for key in changed if changes_row(life, life.instances[key]))}
    for key in (*updated, *linked(life, session, changed)):
        identify(life, key)
    for key in updated:
        life.put(recomputed(life.instances[key]))
    for key in session.pending:
        life.put(inserted(life.instances[key]))
    for key in {*session.pending, *changed, *updated}:
        life.put(saved(pointed(life, life.instances[key])))
    for key in session.deleted:
        life.change(key, status="deleted", was_deleted=True, row_exists=False)
    last = session.savepoints[-1]
    last = replace(
        last,
        inserted=last.inserted.union(session.pending),
        changed=last.changed.union(changed, orphans, session.pending),
        deleted=last.deleted.union(session.deleted),
    )
    life.change_session(
        session.key, pending=(), dirty=(), deleted=(), uncommitted=True, savepoints=(*session.savepoints[:-1], last)
    )


def linked(life: States, session: SessionState, changed: list[Key]) -> Iterator[Key]:
    """The instances whose primary keys the rows of many-to-manys need."""
    for key in (*changed, *session.pending, *session.deleted):
        state = life.instances[key]
        names = state.mapping.relations.keys() & (state.loaded if key in session.deleted else state.written)
        for name in names:
            if not state.mapping.relations[name].many_to_many or name not in state.loaded:
                continue
            moved = set(state.holds(name)) if key in session.deleted else set(state.holds(name)) ^ {*(state.before.get(name) or ())}
            others = [other for other in moved if other in life.instances and life.is_mapped(life.instances[other])]
            yield from others
            if others and life.is_mapped(state):
                yield key


def inserted(state: InstanceState) -> InstanceState:
    """After an INSERT: what the database computed is there, or is expired where the INSERT does not bring it back."""
    computed = frozenset(
        name for name, column in state.mapping.columns.items() if column.server_default and name not in state.loaded
    )
    state = replace(state, status="persistent", row_exists=True, was_deleted=False)
    if state.mapping.fetches_defaults:
        return replace(state, loaded=state.loaded | computed)
    return replace(state, expired=state.expired | computed, expired_by="flush" if computed else state.expired_by)


def saved(state: InstanceState) -> InstanceState:
    """After its row was written: nothing unsaved, and the foreign keys known that relationships were written through."""
    keys = {
        relation.column
        for name, relation in state.mapping.relations.items()
        if name in state.written and relation.column is not None and name in state.targets
    }
    return replace(
        state,
        loaded=state.loaded | keys,
        expired=state.expired - state.loaded - keys,
        written=frozenset(),
        before=NOTHING,
        is_stale=False,
    )


def pointed(life: States, state: InstanceState) -> InstanceState:
    """The instance with its foreign keys set from the instances that its many-to-ones were given."""
    fresh: dict[str, Hashable] = {}
    for name in state.written & state.related.keys():
        if state.mapping.relations[name].column is not None:
            target = state.related[name]
            other = life.instances.get(target[0]) if target else None
            if target == state.before.get(name, "?") and other is not None:
                continue
            if other is None or other.session == state.session:
                fresh[name] = other.identity if other is not None else None
    if not fresh:
        return state
    stored = {name: () if to is None else (to,) for name, to in fresh.items()}
    return replace(state, targets={**state.targets, **fresh}, stored={**state.stored, **stored})


def recomputed(state: InstanceState) -> InstanceState:
    """After an UPDATE, what the database computed in it is expired."""
    stale = frozenset(name for name, column in state.mapping.columns.items() if column.onupdate) - state.written
    return replace(
        state,
        loaded=state.loaded - stale,
        expired=state.expired | stale,
        expired_by="flush" if stale else state.expired_by,
    )
