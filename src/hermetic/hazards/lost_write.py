"""Added, changed or flushed work is never committed and disappears without a word.

## What it does
Reports a write of a session that the function owns when a path reaches the end of the session without a commit, an
`add` that `expunge` takes back before the flush, a change to an object that no session holds any more, and a change to
the argument of `merge()` instead of its result.

## Why it hurts
Closing a session rolls back. There is no error and no warning: the object has its new value, an `id` even, if it was
flushed, the response says 201, and the row is not there. A detached object takes every assignment and keeps it to
itself.

## Example
```python
from shop import Order, SessionLocal


def place_order(customer_id: int, total: int) -> int:
    with SessionLocal() as session:
        order = Order(customer_id=customer_id, total=total)
        session.add(order)
        session.flush()
        return order.id
```

## Use instead
```python
from shop import Order, SessionLocal


def place_order(customer_id: int, total: int) -> int:
    with SessionLocal.begin() as session:
        order = Order(customer_id=customer_id, total=total)
        session.add(order)
        session.flush()
        return order.id
```

## Automatic fix
- `--fix` (safe): the result of an ignored `merge()` is bound to the name of its argument.
- `--fix --unsafe`: `commit()` at the end of the `with`, or `session.begin()` around one that returns; not where the
  session is committed or rolled back on another path.

## When it is fine
- The session is a parameter: its owner commits. `flush()` in a helper is right.
- The block commits by itself: `Session.begin()`, a context manager or dependency that commits after its `yield`.
- The path ends in an exception, one that was caught on the way, or in `rollback()`: not keeping the work is the point.
- The engine commits each statement at once (`isolation_level="AUTOCOMMIT"`).
- A preview or test that rolls back on purpose.
- Objects built to be shown, not stored: created and never added.

## Known gaps
- A context manager from a library that is not part of the check is believed to commit.
- A detached object that is changed and then returned, by itself or in another object, is not reported: its new owner may
  merge or add it, or only show it.
- Core statements in a text that Hermetic cannot read (`text(sql)`) count as reads.
- While a program runs, a change to a detached object is told when the object is thrown away or the program ends: one
  that another process stores, or a statement of your own, is told too, and so is one to the value that was there.

## Sources
- SQLAlchemy, "Session Basics": "Closing", "Committing", "Framing out a begin / commit / rollback block".
- SQLAlchemy, "State Management": "Quickie Intro to Object States", "Merging", "Expunging".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.records import (
    Added,
    AttributeWritten,
    Deleted,
    Executed,
    Expunged,
    Key,
    Merged,
    Record,
    ScopeLeft,
    SessionClosed,
)

hazard = Hazard(__name__, code="HM203", severity="error", since="0.1", seen_by=("check", "watch"))


@hazard.on(SessionClosed)
def closed_without_commit(moment: Moment) -> Iterator[Sighting]:
    """A session closed in peace with work that no commit followed."""
    record, session = moment.record, moment.session
    assert isinstance(record, SessionClosed)
    if session is None or session.phase == "failed" or moment.outcome.effect != "loses-write" or _is_excused(moment):
        return
    write = _lost(moment.history(), record.session, moment.outcome.lost)
    if write is None:
        return
    is_left = "by-return" in moment.where.notes
    yield Sighting(
        message=f"{moment.text(write.site)} is "
        + ("not committed before a `return` leaves the block" if is_left else "never committed")
        + ": closing the session throws it away",
        fix="commit before the session closes, or open the scope with SessionLocal.begin()",
        confidence="proven",
        story=((write, "written"), (record, "closed without a commit")),
        at=write,
        remedy=Remedy("commit", (record,)),
    )


@hazard.on(ScopeLeft)
def left_without_commit(moment: Moment) -> Iterator[Sighting]:
    """A function that opened a session ends with work in it."""
    record, session = moment.record, moment.session
    assert isinstance(record, ScopeLeft)
    if session is None or record.by != "return" or _is_excused(moment):
        return
    if not (session.uncommitted or session.pending or session.dirty or session.deleted):
        return
    write = _lost(moment.history(), record.session, (*session.pending, *session.dirty, *session.deleted))
    if write is None:
        return
    yield Sighting(
        message=f"{moment.text(write.site)} is never committed",
        fix="commit before the function ends",
        confidence="likely",
        story=((record, "opened"), (write, "written, and no commit follows")),
        at=write,
    )


@hazard.on(Expunged)
def expunged_before_the_flush(moment: Moment) -> Iterator[Sighting]:
    """An instance taken out of its session with work that was never flushed."""
    if moment.outcome.effect != "loses-write":
        return
    record = moment.record
    assert isinstance(record, Expunged)
    write = _lost(moment.history(), record.session, moment.outcome.lost or (record.instance,))
    yield Sighting(
        message=f"{moment.text((write or record).site)} is thrown away: the instance leaves its session before a flush",
        fix="flush or commit before expunging",
        story=(*(((write, "written"),) if write else ()), (record, "expunged before the flush")),
        at=write,
    )


@hazard.on(AttributeWritten)
def written_while_detached(moment: Moment) -> Iterator[Sighting]:
    """A change to an instance that no session watches; or to the argument of a merge whose result was thrown away.

    Whether a session takes a detached instance in later is known at the end of the path ("ended") only.
    """
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeWritten)
    if instance is None or instance.session is not None:
        return
    merge = next((r for r in moment.history() if isinstance(r, Merged) and r.source == record.instance), None)
    if merge is not None and not merge.result_is_used:
        is_compared = "compared" in moment.where.notes
        yield Sighting(
            message="the result of merge() is thrown away: changes to its argument are never stored"
            if not is_compared
            else f"{moment.text(merge.site)} has copied its argument, which was changed afterwards: `{record.attribute}` is never stored",
            fix=f"{moment.text(record.site).partition('.')[0] or 'merged'} = {moment.text(merge.site)}",
            confidence="proven",
            story=((merge, "the attached copy is thrown away"), (record, "written to the detached original")),
            at=merge,
            remedy=Remedy("merge-result", (merge,)),
        )
    elif "ended" in moment.where.notes:
        closed = next((r for r in reversed(moment.history()) if _detaches(r, instance.last_session)), None)
        yield Sighting(
            message=f"{moment.text(record.site)} is set on a detached instance: no session will store it",
            fix="change it inside the session, or merge() it into a new one and use the result",
            confidence="likely",
            story=(*(((closed, "detached"),) if closed else ()), (record, "changed")),
        )


def _is_excused(moment: Moment) -> bool:
    """An error, on its way out or caught, loses the work on purpose; unknown hands or the database may have kept it."""
    return bool({"raising", "handling", "handled", "shared", "autocommit"} & set(moment.where.notes))


def _detaches(record: Record, session: Key | None) -> bool:
    return isinstance(record, (SessionClosed, Expunged)) and record.session == session


def _lost(history: Sequence[Record], session: Key, lost: Sequence[Key | None]) -> Record | None:
    """The first write that is lost, else the last one on the session; a copy that was merged to be used is none."""
    for record in history:
        if isinstance(record, (Added, Deleted, AttributeWritten)) and record.instance in lost:
            return record
        if isinstance(record, Merged) and record.result in lost and not record.result_is_used:
            return record
    writes = (record for record in reversed(history) if _writes(record) and getattr(record, "session", None) == session)
    return next(writes, None)


def _writes(record: Record) -> bool:
    return isinstance(record, (Added, Deleted)) or (isinstance(record, Executed) and record.writes)
