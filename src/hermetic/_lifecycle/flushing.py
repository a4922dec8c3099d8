"""What a flush does, whether asked for or made by the session itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .arriving import doubtful, every
from .instance import NOTHING, InstanceState
from .letting_go import children, let_go
from .outcome import FINE, SEVERAL, TANGLED, Outcome, emits, raises
from .records import Key
from .refreshing import identify, lacks_identity, may_lack_identity, others
from .session import SessionState
from .states import States
from .synchronizing import adopted, changes_row, doubt, entangle, has_changes, is_near, linked, moved, pointed
from .undoing import has_rivals, undo


def flush(life: States, key: Key, *, fails: bool = False, awaited: bool = True) -> Outcome:
    """Send what waits to the database; a refusal undoes the transaction and leaves the session failed."""
    session = life.sessions[key]
    if not fails and not (session.pending or session.dirty or session.deleted):
        return FINE
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    session = own(life, life.begin(key))
    if is_tangled(life, session):
        life.lose_track(key)
        return TANGLED
    sends = fails or bool(session.pending or session.deleted) or some_change(life, session)
    if not sends and session.is_async and not awaited and (sends is None or len(session.savepoints) > 1):
        life.lose_track(key)
        return TANGLED
    if sends is not False and (problem := refusal(life, session, fails=fails, awaited=awaited)):
        if (problem.because == "gone" and session.pending) or has_rivals(life, session):
            # Which of the new instances were sent before the row was missed cannot be told.
            life.lose_track(key)
            return TANGLED
        fail(life, key)
        return problem
    write_out(life, session)
    if sends is None:
        return Outcome("unknown", because="aside")
    return emits("flush") if sends else FINE


def own(life: States, session: SessionState) -> SessionState:
    """The session without what waits in it under a key that was announced anew since; that is written all the same."""
    lists = {name: getattr(session, name) for name in ("pending", "dirty", "deleted")}
    kept = {
        name: tuple(key for key in keys if life.instances[key].session == session.key) for name, keys in lists.items()
    }
    return session if kept == lists else life.change_session(session.key, **kept, uncommitted=True)


def is_tangled(life: States, session: SessionState) -> bool:
    """Whether DELETEs meet changed collections in a way of which SQLAlchemy's answer depends on its order of work.

    A changed collection that is not loaded is loaded for the DELETE, and may then not contain what it is to let go; an
    instance that a collection took in is not deleted in this flush, but in the next; raiseload may forbid what a DELETE
    among others asks; of two new instances with one identity either may come first; a new instance may lack its primary
    key; a collection may hold an instance twice; and a DELETE of a row that is gone may ask for its foreign keys.
    """
    deleted = [life.instances[key] for key in session.deleted]
    if any(state.row_exists is False and lacks_foreign_key(state) for state in deleted):
        return True
    if any(state.written - state.loaded for state in deleted):
        return True
    is_crowd = len(deleted) > 1 or bool(session.pending or session.dirty)
    if (is_crowd or any(children(life, state) for state in deleted)) and any(may_forbid(state) for state in deleted):
        return True
    if any(may_lack_identity(life.instances[key]) for key in session.pending):
        return True
    identities = [life.instances[key].identity for key in session.pending]
    identities += {life.instances[key].identity for key in last_deleted(session)}
    if any(one is not None and identities.count(one) > 1 for one in identities):
        return True
    if any(life.identified(session.key, life.instances[key].identity) for key in session.pending):
        return True
    written = [life.instances[key] for key in (*session.pending, *session.dirty, *session.deleted)]
    if any(state.unsure & state.written & state.mapping.relations.keys() for state in written):
        return True
    if any(is_near(life, state, other) for state in written for other in adopted(life, state)):
        return True
    owners = (life.instances[key] for key in (*session.pending, *session.dirty))
    return any(not taken.isdisjoint(session.deleted) for owner in owners for taken in map(set, owner.gained.values()))


def may_forbid(state: InstanceState) -> bool:
    """Whether raiseload forbids a relationship of an instance, now or after its refresh."""
    again = {option.path[0] for option in state.options if option.kind == "raiseload" and len(option.path) == 1}
    return not state.mapping.relations.keys().isdisjoint((state.blocked | again) - state.loaded)


def lacks_foreign_key(state: InstanceState) -> bool:
    """Whether a foreign key of an instance is not loaded."""
    return any(column.foreign_key and column.name not in state.loaded for column in state.mapping.columns.values())


def last_deleted(session: SessionState) -> set[Key]:
    return {*session.deleted}.union(*(point.deleted for point in session.savepoints))


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
        return SEVERAL
    return problems.pop() if problems else None


def refusals(life: States, session: SessionState) -> Iterator[Outcome]:
    """What is wrong with each row of a flush; which is met first depends on the order of its statements."""
    pending = [life.instances[key] for key in session.pending]
    for state in pending:
        if lacks_identity(state):
            yield raises("InvalidRequestError", "keyless")
        elif state.refused or state.row_exists:
            yield raises("IntegrityError", "refused")
    for key in (*session.pending, *session.dirty):
        if key not in session.deleted:
            yield from link_refusals(life, life.instances[key])
    for key in session.deleted:
        yield from unlink_refusals(life, life.instances[key])
    for key in linked(life, session, [one for one in session.dirty if one not in session.deleted]):
        if life.instances[key].row_exists is False and lacks_identity(life.instances[key]):
            yield raises("ObjectDeletedError", "gone")
    for key in {*session.dirty, *session.deleted}:
        state = life.instances[key]
        changes = key not in session.deleted and changes_row(life, state)
        if state.row_exists is False and lacks_identity(state):
            yield raises("ObjectDeletedError", "gone")
        elif state.row_exists is False and (links(life, key) if key in session.deleted else changes):
            yield raises("StaleDataError", "gone")
        elif state.refused and changes:
            yield raises("IntegrityError", "refused")


def link_refusals(life: States, state: InstanceState) -> Iterator[Outcome]:
    """What is wrong with the rows of a many-to-many: one to insert that is there, one to delete that is not."""
    for name, relation in state.mapping.relations.items():
        if name not in state.written or not relation.many_to_many or name not in state.stored:
            continue
        stored = state.stored[name]
        for other in moved(life, state, name):
            is_gain = other.key in state.gained.get(name, ())
            if is_near(life, state, other) and is_gain == (other.identity in stored):
                yield raises("IntegrityError", "refused") if is_gain else raises("StaleDataError", "gone")


def unlink_refusals(life: States, state: InstanceState) -> Iterator[Outcome]:
    """What is wrong with the rows of a many-to-many that a DELETE takes along, as far as the instance remembers them."""
    for name, relation in state.mapping.relations.items():
        if not relation.many_to_many or name not in state.stored or state.row_exists is not True:
            continue
        old = [key for key in state.holds(name) if key in life.instances and key not in state.gained.get(name, ())]
        others = [life.instances[key] for key in old if is_near(life, state, life.instances[key])]
        if any(other.identity not in state.stored[name] for other in others):
            yield raises("StaleDataError", "gone")


def links(life: States, key: Key) -> bool:
    """Whether rows of a many-to-many are to be deleted with an instance, as far as it remembers them."""
    state = life.instances[key]
    return any(
        relation.many_to_many and other in life.instances and life.instances[other].session == state.session
        for name, relation in state.mapping.relations.items()
        for other in state.holds(name)
    )


def doubt_around(life: States, session: SessionState) -> None:
    """What a DELETE loads of the instances around it hangs on the order of its work, and on their options."""
    for key in session.deleted:
        life.put(doubtful(life.instances[key]))
        state = life.instances[key]
        for name in state.mapping.relations:
            let_go_of = (other for other in state.dropped.get(name, ()) if other in life.instances)
            for other in (*others(life, state, name), *let_go_of):
                life.put(doubtful(life.instances[other]))


def fail(life: States, key: Key) -> None:
    """Undo a flush that was refused; how far it came with new instances before that cannot be told."""
    for pending in life.sessions[key].pending:
        state = life.instances[pending]
        columns = state.mapping.columns.values()
        partly = frozenset(column.name for column in columns if column.server_default or column.foreign_key)
        life.put(replace(state, unsure=state.unsure | partly - state.loaded))
    session = life.sessions[key]
    entangle(life, (*session.pending, *session.dirty, *session.deleted))
    for changed in life.sessions[key].dirty:
        doubt(life, life.instances[changed])
    for deleted in life.sessions[key].deleted:
        for other in children(life, life.instances[deleted]):
            life.put(doubtful(other))
    for state in life.attached(key):
        foreign = {name for name, column in state.mapping.columns.items() if column.foreign_key}
        reached = (state.expired | state.mapping.relations.keys() | foreign) - state.loaded
        life.put(replace(state, unsure=state.unsure | reached))
    undo(life, key)
    life.change_session(key, phase="failed")


def write_out(life: States, session: SessionState) -> None:
    """Note what a flush that the database took leaves behind."""
    changed = [key for key in session.dirty if key not in session.deleted]
    orphans = {child for key in session.deleted for child in let_go(life, key)}.difference(session.deleted)
    entangle(life, (*changed, *session.pending, *session.deleted))
    updated = {*orphans, *(key for key in changed if changes_row(life, life.instances[key]))}
    needed = list(dict.fromkeys((*changed, *updated, *linked(life, session, changed))))
    stale = [key for key in needed if lacks_identity(life.instances[key])]
    for key in needed:
        identify(life, key)
    for key in updated:
        life.put(recomputed(life.instances[key]))
    for key in session.pending:
        life.put(inserted(life.instances[key]))
    for key in {*session.pending, *changed, *updated}:
        life.put(saved(pointed(life, life.instances[key])))
    for key in session.deleted:
        life.change(key, status="deleted", was_deleted=True, row_exists=False)
    if stale and any(life.instances[key].options for key in stale):
        # One refresh may bring what another one asks for, and the order of the two is not known.
        for key in {*stale, *session.pending, *changed}:
            life.change(key, unsure=every(life.instances[key]))
        if any(len(option.path) > 1 for key in stale for option in life.instances[key].options):
            for state in life.attached(session.key):
                life.put(doubtful(state) if state.is_stale else state)
    if session.deleted:
        doubt_around(life, session)
    last = session.savepoints[-1]
    last = replace(
        last,
        inserted=last.inserted.union(session.pending),
        changed=last.changed.union(session.dirty, orphans, session.pending),
        deleted=last.deleted.union(session.deleted),
    )
    life.change_session(
        session.key, pending=(), dirty=(), deleted=(), uncommitted=True, savepoints=(*session.savepoints[:-1], last)
    )


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
        unchanged=frozenset(),
        before=NOTHING,
        gained=NOTHING,
        dropped=NOTHING,
        is_stale=False,
    )


def recomputed(state: InstanceState) -> InstanceState:
    """After an UPDATE, what the database computed in it is expired."""
    stale = frozenset(name for name, column in state.mapping.columns.items() if column.onupdate)
    stale -= state.written - state.unchanged
    return replace(
        state,
        loaded=state.loaded - stale,
        expired=state.expired | stale,
        expired_by="flush" if stale else state.expired_by,
    )
