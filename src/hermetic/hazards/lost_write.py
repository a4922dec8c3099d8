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

## When it is fine
- The session is a parameter: its owner commits. `flush()` in a helper is right.
- The block commits by itself: `Session.begin()`, a context manager or dependency that commits after its `yield`.
- The path ends in an exception or in `rollback()`: not keeping the work is the point.
- A preview or test that rolls back on purpose.
- Objects built to be shown, not stored: created and never added.

## Known gaps
- A context manager from a library that is not part of the check is believed to commit.
- Core statements in a text that Hermetic cannot read (`text(sql)`) count as reads.

## Sources
- SQLAlchemy, "Session Basics": "Closing", "Committing", "Framing out a begin / commit / rollback block".
- SQLAlchemy, "State Management": "Quickie Intro to Object States", "Merging", "Expunging".
"""

from __future__ import annotations

from .._catalogue import Hazard

hazard = Hazard(__name__, code="HM203", severity="error", since="0.1", seen_by=("check",))
