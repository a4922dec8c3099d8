"""One unit of work is committed in several pieces: a failure between them leaves half of it.

## What it does
Reports a commit in the middle of a function that changes more rows of the same session afterwards and commits again,
when both changes belong to one act: the same call, the same scope, no loop over independent items between them.

## Why it hurts
What the first commit stored cannot be rolled back. If anything after it fails (a missing row, a constraint, a timeout,
a deployment), the money has left one account and reached no other, and no exception handler can put it back.

## Example
```python
from shop import Product, SessionLocal


def move_stock(from_id: int, to_id: int, quantity: int) -> None:
    with SessionLocal() as session:
        source = session.get_one(Product, from_id)
        source.stock -= quantity
        session.commit()

        target = session.get_one(Product, to_id)
        target.stock += quantity
        session.commit()
```

## Use instead
```python
from shop import Product, SessionLocal


def move_stock(from_id: int, to_id: int, quantity: int) -> None:
    with SessionLocal.begin() as session:
        source = session.get_one(Product, from_id)
        source.stock -= quantity

        target = session.get_one(Product, to_id)
        target.stock += quantity
```

## When it is fine
- A loop that commits after each item or batch on purpose, so that a restart goes on where it stopped.
- A second commit in a `finally`: it runs also when something fails between the two.
- A state that others must see before slow work begins: `job.status = "running"`, commit, work, `"done"`, commit. Where
  nothing in sight waits between the two, but the state's name says that something goes on, it is *possible*.
- A second commit whose failure is answered by undoing the first: `except Exception: delete_secret(id); raise`.
- A commit with a comment that gives a reason ("so that …", "ensure …"), behind it, or above it and about the commit or
  the transaction: taken as meant, and only *possible*.
- A block that commits at its end what was committed in it before: nothing is left for the second commit.
- A set-up that runs at each start (`initdb`, a `lifespan`): what is missing, the next start makes good; only *possible*.
- A helper that fetches a row, or creates and commits it: whoever tries again finds it; only *possible*.
- A session bound to a connection that was handed in, as in a mapper event: its commit leaves the caller's transaction open.
- A commit on each of two branches, or in a helper's early return: only one of them runs.
- A number that the database gives is needed: not a reason. `session.flush()` fetches it without a commit.

## Known gaps
- Two functions that each commit and are called one after the other are reported only when they share the session.
- Whether two writes belong together is a guess; the finding is *likely*, never *proven*, and only *possible* where one
  call both commits and writes on, or where a handler around the second commit does something before it raises.
- A commit of a decorator that hands on no session (`@transaction`) is not counted beside one in the function.
- While a program runs, pieces that two sessions commit are not taken together.

## Sources
- SQLAlchemy, "Session Basics": "When do I construct a Session, when do I commit it, and when do I close it?"
- SQLAlchemy, "Session Basics": "Flushing", "Committing".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import (
    Added,
    AttributeWritten,
    Committed,
    Deleted,
    Executed,
    Record,
    RolledBack,
    SessionOpened,
    Waited,
)

hazard = Hazard(__name__, code="HM202", severity="warning", since="0.1", seen_by=("check", "watch"))


_SETTLED = frozenset({"handling", "finally", "joined"})


_MEANT = frozenset({"undone", "explained", "once", "unserved"})


@hazard.on(Committed)
def committed_in_pieces(moment: Moment) -> Iterator[Sighting]:
    """A second commit of writes on a path that committed writes before, with nothing between that asks for it."""
    record, session = moment.record, moment.session
    assert isinstance(record, Committed)
    if (
        session is None
        or record.nested
        or record.fails
        or moment.where.scope_depth
        or _SETTLED & set(moment.where.notes)
    ):
        return
    if not (session.uncommitted or session.pending or session.dirty or session.deleted):
        return
    first, between = _last_commit(moment.history(), record)
    if first is None or any(isinstance(r, (Waited, RolledBack)) for r in between):
        return
    writes = [r for r in between if _writes(r)]
    if not writes or first.site == record.site:
        return
    is_meant = bool(_MEANT & set(moment.where.notes)) or all(r.site == record.site for r in writes)
    yield Sighting(
        message="this commit leaves half of the work behind when something fails before the next one",
        fix="commit once, at the end; flush() gives ids before it",
        confidence="possible" if is_meant or all(r.site == first.site for r in writes) else "likely",
        story=((first, "first commit"), (writes[0], "more of the same work"), (record, "second commit")),
        at=first,
    )


def _last_commit(history: Sequence[Record], record: Committed) -> tuple[Committed | None, Sequence[Record]]:
    """The commit of writes before `record` on the same session, and what came between the two."""
    last: Committed | None = None
    between: Sequence[Record] = ()
    for index in range(len(history) - 1, -1, -1):
        known = history[index]
        if last is not None and _writes(known):
            return last, between
        if not isinstance(known, (Committed, RolledBack, SessionOpened)) or known.session != record.session:
            continue
        if isinstance(known, SessionOpened):
            break
        if known.nested:
            continue
        if isinstance(known, RolledBack) or known.fails:
            break
        last, between = known, history[index + 1 :]
    return None, ()


def _writes(record: Record) -> bool:
    return isinstance(record, (Added, AttributeWritten, Deleted)) or (isinstance(record, Executed) and record.writes)
