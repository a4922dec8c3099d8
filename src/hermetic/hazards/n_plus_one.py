"""A relationship is loaded, or a query is sent, once for every row of a result.

## What it does
Reports a read of an unloaded relationship or deferred column, and a query on the same session, in a loop or
comprehension over the objects that an earlier query brought; also behind a property or helper that the loop calls.

## Why it hurts
One query for the list and one for each of its rows: a page of 100 orders is 101 round trips. It is fast on the
developer's ten rows and slow on the customer's ten thousand, and no single line looks guilty.

## Example
```python
from sqlalchemy import select

from shop import Order, SessionLocal


def quantities() -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order)).all()
        return {order.id: sum(item.quantity for item in order.items) for order in orders}
```

## Use instead
```python
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop import Order, SessionLocal


def quantities() -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(selectinload(Order.items))).all()
        return {order.id: sum(item.quantity for item in order.items) for order in orders}
```

## When it is fine
- The relationship came with the list, by an option or by the mapping (`lazy="selectin"`, `"joined"`, `"subquery"`).
- The loop is not over rows: pages, batches, retries, files, a queue that is polled.
- One write per item: an INSERT or UPDATE through the session is gathered into batches by the flush.
- The loop ends at the first row it finds.
- Under `AsyncSession` the lazy read raises instead; that is `implicit-io`.

## Known gaps
- A many-to-one whose targets are few and already in the session costs no query; that cannot be seen before it runs.
- How many rows there are is not known: `limit(1)` and `first()` are understood, a table of three rows is not.

## Sources
- SQLAlchemy, "Relationship Loading Techniques": "Lazy Loading" (the N plus one problem), "Select IN loading".
- SQLAlchemy, glossary: "N plus one problem".
"""

from __future__ import annotations

from .._catalogue import Hazard

hazard = Hazard(__name__, code="HM501", severity="warning", since="0.1", seen_by=("check",))
