"""A failed flush or commit is swallowed and the session is used again without a rollback.

## What it does
Follows every session past a `try` whose handler catches an error of a flush or commit and goes on. If the next step
needs the database (a statement, another flush, a commit, an attribute that has expired) and no `rollback()`, `close()`
or savepoint stands between, that step is reported.

## Why it hurts
When a flush fails, its transaction is over, and the session refuses to work until it is told to roll back:
`PendingRollbackError: This Session's transaction has been rolled back due to a previous exception during flush`. The
error appears at the next use, often far from the swallowed one. Even `log.warning("%s", order.id)` in the handler
raises it: the failure has expired the objects, and reading one needs a SELECT.

## Example
```python
from sqlalchemy.exc import IntegrityError

from shop import Product, SessionLocal


def import_products(names: dict[str, str]) -> int:
    added = 0
    with SessionLocal() as session:
        for sku, name in names.items():
            try:
                session.add(Product(sku=sku, name=name))
                session.flush()
                added += 1
            except IntegrityError:
                print("already known:", sku)
        session.commit()
    return added
```

## Use instead
```python
from sqlalchemy.exc import IntegrityError

from shop import Product, SessionLocal


def import_products(names: dict[str, str]) -> int:
    added = 0
    with SessionLocal() as session:
        for sku, name in names.items():
            try:
                with session.begin_nested():
                    session.add(Product(sku=sku, name=name))
                added += 1
            except IntegrityError:
                print("already known:", sku)
        session.commit()
    return added
```

## When it is fine
- The handler rolls back, closes the session, re-raises, or leaves the function.
- The flush stands in a savepoint, `with session.begin_nested():`, and the error is caught outside of it.
- The error is not the database's: a `KeyError` or `ValueError` raised before anything was flushed.
- What failed was a SELECT, or a statement given to `session.execute()`: the session itself is not spoiled by those (on
  PostgreSQL the transaction is: "current transaction is aborted").
- After the failure the session only forgets: `expunge()`, `close()`, reading an attribute that was never flushed.

## Known gaps
- A failure swallowed inside `with Session.begin():` raises nothing at all, the block just ends without its commit; it
  is reported only when the session is used again inside the block.
- Which calls of unknown callees may flush is not guessed.

## Sources
- SQLAlchemy, error code `7s2a`: "This Session's transaction has been rolled back due to a previous exception during
  flush" (PendingRollbackError).
- SQLAlchemy, "Session Basics": "Rolling Back"; "Transactions and Connection Management": "Using SAVEPOINT".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import (
    Added,
    AttributeRead,
    Committed,
    Executed,
    Flushed,
    InstanceRecord,
    Merged,
    Record,
    Refreshed,
    SessionRecord,
    TransactionBegan,
)

hazard = Hazard(__name__, code="HM201", severity="error", since="0.1", seen_by=("check",), sqlalchemy_codes=("7s2a",))


@hazard.on(Executed, Flushed, Committed, Refreshed, Merged, TransactionBegan, AttributeRead, Added)
def used_after_a_failure(moment: Moment) -> Iterator[Sighting]:
    """A session whose flush failed, used before anybody rolled it back."""
    if moment.outcome.code != "7s2a":
        return
    failed = next((r for r in reversed(moment.history()) if _failed(r)), None)
    if failed is None:
        return
    record = moment.record
    what = (
        moment.text(record.site) if isinstance(record, InstanceRecord) else moment.text(record.site).partition("(")[0]
    )
    yield Sighting(
        message=f"{what} raises PendingRollbackError when {moment.text(failed.site).partition('(')[0]} has failed: nobody rolled back",
        fix="call rollback() first thing in the except block",
        confidence="likely" if "via" in moment.where.notes else "proven",
        story=((failed, "fails, and the error is caught"), (record, "used without a rollback")),
    )


def _failed(record: Record) -> bool:
    return isinstance(record, SessionRecord) and bool(getattr(record, "fails", False))
