"""A function that would take the caller's session is called without it, and opens one of its own.

## What it does
Reports the call of a function that takes a session and opens one itself when it gets none (`session=None`, or a
decorator such as `@with_session`), when the caller has a session with work that is not committed and does
not hand it over.

## Why it hurts
There are two transactions where one was meant. The callee does not see what the caller has done so far; what it writes
stays when the caller rolls back. Where both touch the same row, or the database is SQLite, the callee waits for a lock
that its own caller holds, and neither can go on.

## Example
```python
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop import Customer, Order, SessionLocal


def spent_by(customer_id: int, session: Session | None = None) -> int:
    query = select(func.sum(Order.total)).where(Order.customer_id == customer_id)
    if session is not None:
        return session.scalar(query)
    with SessionLocal() as own:
        return own.scalar(query)


def place(customer_id: int, total: int) -> None:
    with SessionLocal() as session:
        session.add(Order(customer_id=customer_id, total=total))
        session.flush()
        session.get_one(Customer, customer_id).credit = 1000 - spent_by(customer_id)
        session.commit()
```

## Use instead
```python
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop import Customer, Order, SessionLocal


def spent_by(customer_id: int, session: Session | None = None) -> int:
    query = select(func.sum(Order.total)).where(Order.customer_id == customer_id)
    if session is not None:
        return session.scalar(query)
    with SessionLocal() as own:
        return own.scalar(query)


def place(customer_id: int, total: int) -> None:
    with SessionLocal() as session:
        session.add(Order(customer_id=customer_id, total=total))
        session.flush()
        session.get_one(Customer, customer_id).credit = 1000 - spent_by(customer_id, session)
        session.commit()
```

## When it is fine
- The caller's session has nothing to commit: it was committed before the call, or it only reads.
- What the callee writes must stay even when the caller fails: an audit trail, a heartbeat, the state of a job.
- The callee works on another database.
- The decorator takes its session from a `scoped_session`, or only commits the one that all share: there is one session.

## Known gaps
- A callee that always opens its own session and cannot be given one is *possible* only: it may be meant so.
- *Possible* only where nothing shows how the callee's session is made: by an annotation's word, or in another package.
- That a decorator over a `scoped_session` commits the caller's half-done work with its own, and detaches the caller's
  objects when it closes, is not told.
- A caller that has only read is not reported, though the two sessions may see different states of the database.
- Whether both sessions belong to the same database is not looked up.
- While a program runs it is told when the second session reads or writes a table in which the first has uncommitted
  rows, or waits in vain for its lock. A table that only `text()` or a loader option names is not seen, nor a caller that
  handed its work to another thread or task. Where no timeout ends the wait for a lock, nothing is told.
- A callee that reaches its own session by way of a third function is followed, but told as one that always opens its own.

## Sources
- SQLAlchemy, "Session Basics": "When do I construct a Session, when do I commit it, and when do I close it?"
- SQLAlchemy, "Contextual/Thread-local Sessions".
- Apache Airflow, `airflow.utils.session.provide_session`.
- SQLite, "File Locking And Concurrency": RESERVED and PENDING locks.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.measured import SessionBeside
from .._lifecycle.records import (
    Added,
    AttributeWritten,
    Deleted,
    Executed,
    Flushed,
    Merged,
    SessionNested,
    SessionRecord,
)

hazard = Hazard(__name__, code="HM107", severity="warning", since="0.1", seen_by=("check", "watch"))


_WHY = {
    "decorator": "gets a session of its own from its decorator",
    "parameter": "opens a session of its own",
    "own": "works on a session of its own",
}


@hazard.on(SessionNested)
def works_beside(moment: Moment) -> Iterator[Sighting]:
    """A callee works on a session of its own while its caller's has work to commit."""
    record = moment.record
    assert isinstance(record, SessionNested)
    if moment.session is None or "via" in moment.where.notes:
        return
    history = moment.history()
    mine = [known for known in history if isinstance(known, SessionRecord) and known.session == record.session]
    work = next(
        (known for known in reversed(mine) if isinstance(known, (Added, Deleted, Merged, Flushed, Executed))), None
    )
    written = next((known for known in reversed(history) if isinstance(known, AttributeWritten)), None)
    begun = work or written
    yield Sighting(
        message=f"{record.what}() {_WHY[record.how]}, while the session here has work that it neither sees nor shares",
        fix=f"hand the session over: {record.what}(…, {record.parameter}=…)" if record.parameter else None,
        confidence="possible" if record.how == "own" or "promised" in moment.where.notes else "likely",
        story=(*(((begun, "not committed yet"),) if begun else ()), (record, "a second session")),
    )


@hazard.on(SessionBeside)
def worked_beside(moment: Moment) -> Iterator[Sighting]:
    """A callee worked on a session of its own, and did not see the rows of its caller or waited for the caller's lock."""
    record = moment.record
    assert isinstance(record, SessionBeside)
    name = moment.text(record.site).removeprefix("await ").partition("(")[0]
    if record.is_locked_out:
        what = "waits in vain, on a session of its own, for a lock that the session here holds"
    else:
        what = f"works on {' and '.join(record.tables)} with a session of its own, which does not see what the session here has written"
    yield Sighting(
        message=f"{name}() {what}",
        fix="hand the session over, or commit before the call",
        story=(
            *(((record.work, "not committed yet"),) if record.work else ()),
            (record, "calls what opens a second session"),
            (
                record.other,
                "the second session waits for the first" if record.is_locked_out else "asks without seeing it",
            ),
        ),
    )
