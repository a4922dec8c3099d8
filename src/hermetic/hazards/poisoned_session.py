"""A failed flush or commit is swallowed and the session is used again without a rollback.

## What it does
Follows every session past a `try` whose handler catches an error of a flush or commit and goes on. If the next step
needs the database (a statement, another flush, a commit, an attribute that has expired) and no `rollback()`, `close()`
or savepoint stands between, that step is reported. So are a commit in a `finally` that keeps half of the work when a
line above it failed, and a commit after a refused statement whose error was swallowed.

## Why it hurts
When a flush fails, its transaction is over, and the session refuses to work until it is told to roll back:
`PendingRollbackError: This Session's transaction has been rolled back due to a previous exception during flush`. The
error appears at the next use, often far from the swallowed one. Even `log.warning("%s", order.id)` in the handler
raises it: the failure has expired the objects, and reading one needs a SELECT.

A `commit()` in a `finally` runs after every failure too: it stores what came before it, and where the session itself
has failed it raises, and covers the first error. And what `session.execute()` was refused does not spoil the session,
but PostgreSQL aborts the transaction: it answers the later `COMMIT` with a rollback, no error is raised, and all that
was done before is gone.

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

Inside of `with Session.begin():` or `with session.begin():` a `rollback()` is no cure: with its transaction the block is
over, and whatever is asked of the session before the block's end raises
`InvalidRequestError: Can't operate on closed transaction inside context manager`. Only a savepoint helps there.

## Automatic fix
`--fix --unsafe`: `rollback()` first in the handler, where one handler goes on and the transaction has no block of its
own. What was flushed before goes with it.

## When it is fine
- The handler rolls back, closes the session, re-raises, or leaves the function.
- The flush stands in a savepoint, `with session.begin_nested():`, and the error is caught outside of it.
- The error is not the database's: a `KeyError` or `ValueError` raised before anything was flushed.
- What failed was a SELECT, or a statement given to `session.execute()` with nothing done before it: the session itself
  is not spoiled by those.
- The `finally` commits only what it writes itself, the end of a job, say; or nothing is left to commit when a line above
  has failed.
- After the failure the session only forgets: `expunge()`, `close()`, reading an attribute that was never flushed.

## Known gaps
- A failure swallowed inside `with Session.begin():` raises nothing at all, the block just ends without its commit; it
  is reported only when the session is used again inside the block.
- Which calls of unknown callees may flush is not guessed.
- A commit after a refused statement is *likely* where the project speaks of PostgreSQL, elsewhere *possible*; that a
  SELECT fails is not expected.
- A commit in a `finally` that stands in a helper is not seen.
- After a `rollback()` inside of `with session.begin():` only statements are told, not attributes that are read.
- While a program runs, an error that a driver raises outside of a session's statements is not seen.

## Sources
- SQLAlchemy, error code `7s2a`: "This Session's transaction has been rolled back due to a previous exception during
  flush" (PendingRollbackError).
- PostgreSQL, "COMMIT", "ROLLBACK"; error class 25, `25P02` in_failed_sql_transaction.
- SQLAlchemy, "Session Basics": "Rolling Back"; "Transactions and Connection Management": "Using SAVEPOINT".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.records import (
    Added,
    AttributeRead,
    Committed,
    Executed,
    Flushed,
    InstanceLoaded,
    InstanceRecord,
    Merged,
    Record,
    Refreshed,
    RolledBack,
    SessionClosed,
    SessionOpened,
    SessionRecord,
    TransactionBegan,
)

hazard = Hazard(
    __name__, code="HM201", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("7s2a",)
)


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
    error, cure = _consequence(moment, failed)
    is_block = "in-block" in moment.where.notes
    yield Sighting(
        message=f"{what} raises {error} when {moment.text(failed.site).partition('(')[0]} has failed: "
        + ("the transaction of the `with` block is over" if is_block else "nobody rolled back"),
        fix=cure,
        confidence="likely" if "via" in moment.where.notes else "proven",
        remedy=None if is_block else Remedy("rollback", (failed,)),
        story=((failed, "fails, and the error is caught"), (record, "used without a rollback")),
    )


@hazard.on(Executed)
def used_after_its_transaction(moment: Moment) -> Iterator[Sighting]:
    """A statement after a `rollback()` that was to cure a failed flush, inside of the block of the transaction."""
    record, notes = moment.record, moment.where.notes
    assert isinstance(record, Executed)
    if "over" not in notes:
        return
    history = [r for r in moment.history() if isinstance(r, SessionRecord) and r.session == record.session]
    undone = next((r for r in reversed(history) if isinstance(r, RolledBack) and not r.nested), None)
    failed = next((r for r in reversed(history) if _failed(r)), None)
    if undone is None or failed is None:
        return
    yield Sighting(
        message=f"{moment.text(record.site).partition('(')[0]} raises InvalidRequestError: {moment.text(undone.site)} has ended the transaction of the `with` block",
        fix=_SAVEPOINT,
        confidence="likely" if "via" in notes else "proven",
        story=((failed, "fails, and the error is caught"), (undone, "rolled back"), (record, "used in the same block")),
    )


_SAVEPOINT = "put the changes into `with session.begin_nested():` and catch the error around it"


def _consequence(moment: Moment, failed: Record) -> tuple[str, str]:
    """The error of a session whose flush failed, and what helps: nothing does after it where the transaction has a block.

    Who commits by hand has no such block, wherever the session comes from.
    """
    notes, record = moment.where.notes, moment.record
    if "in-block" in notes:
        is_pending = isinstance(record, (Committed, TransactionBegan))
        return "PendingRollbackError" if is_pending else "InvalidRequestError", _SAVEPOINT
    opened = any(isinstance(known, SessionOpened) and not known.received for known in moment.history())
    if (opened and "promised" not in notes) or (isinstance(failed, Committed) and not failed.nested):
        return "PendingRollbackError", "call rollback() first thing in the except block"
    return (
        "PendingRollbackError (InvalidRequestError inside `with session.begin():`)",
        f"{_SAVEPOINT}; or call rollback() first thing in the except block, where no `with session.begin():` is around",
    )


@hazard.on(Committed)
def commits_half(moment: Moment) -> Iterator[Sighting]:
    """A commit in a `finally`, on a path where a line above it failed with work begun."""
    record, session = moment.record, moment.session
    assert isinstance(record, Committed)
    if record.nested or record.fails or "half-done" not in moment.where.notes or moment.outcome.code == "7s2a":
        return
    work = next((known for known in reversed(moment.history()) if moment.leaves_work(known, record.session)), None)
    if session is None or work is None:
        return
    yield Sighting(
        message="this commit runs also when a line above it has failed, and keeps half of the work",
        fix="commit as the last line of the try block, roll back in an except block, close in the finally",
        confidence="likely",
        story=((work, "begun"), (record, "committed after a failure")),
    )


@hazard.on(Committed)
def commits_nothing(moment: Moment) -> Iterator[Sighting]:
    """A commit of a transaction in which a statement was refused and nobody rolled back."""
    record = moment.record
    assert isinstance(record, Committed)
    if record.nested or record.fails or moment.outcome.code == "7s2a" or "autocommit" in moment.where.notes:
        return
    refused = moment.last_in(record.session, Executed, RolledBack, Committed, SessionClosed, Refreshed, InstanceLoaded)
    if not isinstance(refused, Executed) or not refused.fails:
        return
    yield Sighting(
        message=f"PostgreSQL keeps nothing of this transaction when {moment.text(refused.site).partition('(')[0]} was refused: its commit is a rollback, without an error",
        fix="put the statement into `with session.begin_nested():`, or roll back in the except block",
        confidence="likely" if "postgresql" in moment.where.notes else "possible",
        story=((refused, "refused, and the error is caught"), (record, "commits nothing")),
    )


def _failed(record: Record) -> bool:
    return isinstance(record, SessionRecord) and bool(getattr(record, "fails", False))
