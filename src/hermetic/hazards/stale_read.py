"""A value read before a long wait is trusted after it.

## What it does
Reports a decision on, or a write computed from, an attribute that was loaded before a wait for outside work (an HTTP
call, a model, a sleep, another task) in the same transaction, when nothing loaded it afresh under a lock in between.

## Why it hurts
The object in memory is a photograph. While the payment was running somebody cancelled the order; the code still sees
`pending`, writes `paid`, and the cancellation is overwritten. `refresh()` alone helps only under READ COMMITTED: under
REPEATABLE READ the transaction goes on seeing the old row, and without a lock the answer is old again a moment later.
Asking again with `get()` or a query does not help either: an object that is loaded keeps its values, even under
`with_for_update`, unless the query says `populate_existing`.

## Example
```python
from urllib.request import urlopen

from shop import Order, SessionLocal


def settle(order_id: int, payment_url: str) -> None:
    with SessionLocal() as session:
        order = session.get_one(Order, order_id)
        urlopen(f"{payment_url}?order={order.id}&total={order.total}")
        if order.status == "pending":
            order.status = "paid"
            session.commit()
```

## Use instead
```python
from urllib.request import urlopen

from shop import Order, SessionLocal


def settle(order_id: int, payment_url: str) -> None:
    with SessionLocal() as session:
        total = session.get_one(Order, order_id).total
    urlopen(f"{payment_url}?order={order_id}&total={total}")
    with SessionLocal.begin() as session:
        order = session.get_one(Order, order_id, with_for_update=True)
        if order.status == "pending":
            order.status = "paid"
```

## When it is fine
- The transaction was committed before the wait: the next read loads the row again (not with `expire_on_commit=False`).
- The row was locked by `with_for_update` when it was read: nobody else could change it (but see `long-transaction`).
- The update checks by itself: `update(Order).where(Order.status == "pending")` and a look at `rowcount`, or a
  `version_id_col`.
- The value cannot change: a primary key, a creation date.

## Known gaps
- Which values never change is not known beyond primary keys.
- A value copied to a local variable before the wait is followed only within the function.

## Sources
- SQLAlchemy, "State Management": "Refreshing / Expiring"; "Session API": `with_for_update` of `Session.get()`.
- SQLAlchemy, "Configuring a Version Counter".
- PostgreSQL, "Transaction Isolation": "Repeatable Read Isolation Level".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import (
    AttributeRead,
    AttributeWritten,
    InstanceLoaded,
    Key,
    Record,
    Refreshed,
    Waited,
)

hazard = Hazard(__name__, code="HM304", severity="warning", since="0.1", seen_by=("check",))


@hazard.on(AttributeWritten)
def trusted_after_a_wait(moment: Moment) -> Iterator[Sighting]:
    """A write decided by a value that was loaded before a wait, without a lock or a fresh read after it."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeWritten)
    if instance is None or instance.session is None:
        return
    history = moment.history()
    loaded = _last(history, record.instance, (InstanceLoaded, Refreshed))
    if loaded is None or getattr(loaded, "locked", False):
        return
    after = history[history.index(loaded) + 1 :]
    waited = next((r for r in after if isinstance(r, Waited)), None)
    if waited is None:
        return
    trusted = _last(after, record.instance, (AttributeRead,))
    if not isinstance(trusted, AttributeRead) or trusted.attribute != record.attribute:
        return
    yield Sighting(
        message=f"{moment.text(record.site)} is decided by a value read before {moment.text(waited.site).partition('(')[0]} waited",
        fix="end the transaction, wait, then load the row again with with_for_update() and check it there",
        confidence="likely",
        story=((loaded, "loaded"), (waited, "others may change the row meanwhile"), (trusted, "trusted"), (record, "written")),
    )


def _last(history: Sequence[Record], instance: Key, kinds: tuple[type[Record], ...]) -> Record | None:
    return next((r for r in reversed(history) if isinstance(r, kinds) and getattr(r, "instance", None) == instance), None)
