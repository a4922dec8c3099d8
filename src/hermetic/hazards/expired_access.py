"""Objects are read after a commit or rollback has expired them: one hidden SELECT for each.

## What it does
Reports a read of an expired attribute once per object: in a loop or comprehension over objects that a commit or
rollback has just expired, or in a loop that commits for each row and so expires all the rows still to come.

## Why it hurts
A commit forgets the values of every object in the session; the next read of each one sends its own SELECT. A list of
200 rows that cost one query before the commit costs 200 after it, and nothing in the code shows them. If a row was
deleted meanwhile, the read raises `ObjectDeletedError`.

## Example
```python
from sqlalchemy import select

from shop import Product, SessionLocal


def restock(quantity: int) -> dict[str, int]:
    with SessionLocal() as session:
        products = session.scalars(select(Product)).all()
        for product in products:
            product.stock += quantity
        session.commit()
        return {product.name: product.stock for product in products}
```

## Use instead
```python
from sqlalchemy import select

from shop import Product, SessionLocal


def restock(quantity: int) -> dict[str, int]:
    with SessionLocal() as session:
        products = session.scalars(select(Product)).all()
        for product in products:
            product.stock += quantity
        stocks = {product.name: product.stock for product in products}
        session.commit()
        return stocks
```

## When it is fine
- One object, read after its commit: a single SELECT, often wanted (the database may have changed the row).
- The factory says `expire_on_commit=False`; mind that a rollback expires all the same.
- The objects were loaded again by a query after the commit: one SELECT for all of them.
- Under `AsyncSession` the same read raises; that is `implicit-io`. After the close it is `detached-access`.

## Known gaps
- How many objects a collection holds is not known; a loop over a list counts as many.

## Sources
- SQLAlchemy, "Session Basics": "Committing"; "State Management": "Refreshing / Expiring", "What Actually Loads".
- SQLAlchemy, "Session API": the `expire_on_commit` parameter.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import AttributeRead, Committed, RolledBack

hazard = Hazard(__name__, code="HM302", severity="warning", since="0.1", seen_by=("check", "watch"))


@hazard.on(AttributeRead)
def refreshed_one_by_one(moment: Moment) -> Iterator[Sighting]:
    """A read of what a commit or rollback expired: a SELECT for each object that is read so."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeRead)
    if instance is None or moment.outcome.effect != "emits-sql" or moment.outcome.because != "expired":
        return
    if "response" in moment.where.notes or instance.expired_by not in {"commit", "rollback"}:
        return
    cause = moment.last_in(instance.session, Committed, RolledBack)
    yield Sighting(
        message=f"{moment.text(record.site)} was expired by the {instance.expired_by}: reading it runs a SELECT for this object alone",
        fix="read it before the commit, or make the sessionmaker with expire_on_commit=False",
        confidence="likely" if "per-item" in moment.where.notes else "possible",
        story=(*(((cause, f"expired by the {instance.expired_by}"),) if cause else ()), (record, "a hidden SELECT")),
    )
