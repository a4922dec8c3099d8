"""A unit of work is repeated after an error that does not tell whether the first try took effect.

## What it does
Reports a retry (a loop that success leaves, `tenacity`, `backoff`, `stamina`, Celery's `autoretry_for`) around a commit,
on errors that may come after the commit took effect, when the work adds rows or counts up and down and nothing in it
would notice that it was done before. Also a retry whose rollback throws away work from before the loop, which the next
try then commits without.

## Why it hurts
A commit is a question and an answer. When the connection breaks between the two, `OperationalError` says the same as if
nothing had happened, while the order is stored. The second try stores it again: two orders, stock down by two, the
customer charged twice, and both in the log as one success.

## Example
```python
from sqlalchemy.exc import OperationalError

from shop import Order, Product, SessionLocal


def buy(customer_id: int, product_id: int) -> None:
    for _ in range(3):
        try:
            with SessionLocal.begin() as session:
                product = session.get_one(Product, product_id, with_for_update=True)
                product.stock -= 1
                session.add(Order(customer_id=customer_id, total=product.price))
            return
        except OperationalError:
            continue
```

## Use instead
```python
from sqlalchemy.exc import OperationalError

from shop import Order, Product, SessionLocal


def buy(order_id: int, customer_id: int, product_id: int) -> None:
    for _ in range(3):
        try:
            with SessionLocal.begin() as session:
                if session.get(Order, order_id) is not None:
                    return
                product = session.get_one(Product, product_id, with_for_update=True)
                product.stock -= 1
                session.add(Order(id=order_id, customer_id=customer_id, total=product.price))
            return
        except OperationalError:
            continue
```

## When it is fine
- The retry is for errors that mean "not committed": `IntegrityError`, `StaleDataError`, a class of your own; or the
  handler looks at the error (its SQLSTATE, `connection_invalidated`) and raises it when it cannot tell.
- The work is the same done twice: it sets values, merges, upserts, deletes, reads.
- The work is keyed: the new row has its primary key or another unique column given, or the work looks first whether
  such a row is there.
- The loop goes over different items, or goes on after a success: a worker, a poll.

## Known gaps
- Work in a function that opens a session of its own, and is only called in the loop, is not followed.
- That a condition lets the work run once only (`if order.status == "open"`) is seen for new rows, not for counters.
- On SQLite, "database is locked" is an OperationalError that always comes before the commit took effect; a program that
  only ever speaks to SQLite need not heed this.
- While a program runs it is told when the same line of the same task, thread or request commits again after a commit
  broke off without an answer, and an ORM object is stored anew with the same plain values and another key. What
  statements insert, what is counted up or down, and a retry in another process are not seen, nor what a rollback in the
  retry threw away. Whether the first commit took effect only the database knows.
- A unique constraint over several columns is not seen, nor what a handler in another function finds out of the error.

## Sources
- SQLAlchemy, "Dealing with Disconnects": "the Connection or Session in use ... must be re-established by the application
  from the start of the transaction".
- PostgreSQL, "Serialization Failure Handling": which SQLSTATEs (40001, 40P01) are safe to retry, from the start of the
  transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.measured import CommitRepeated
from .._lifecycle.records import (
    Added,
    AttributeRead,
    AttributeWritten,
    Committed,
    Deleted,
    Executed,
    InstanceCreated,
    InstanceLoaded,
    Merged,
    Record,
    RolledBack,
    SessionOpened,
)
from .._lifecycle.source import AttemptBegan, Retried

hazard = Hazard(__name__, code="HM207", severity="warning", since="0.1", seen_by=("check", "watch"))


@hazard.on(Retried)
def tried_again(moment: Moment) -> Iterator[Sighting]:
    """The next attempt at a unit of work that may be done already, or that is no longer whole."""
    record = moment.record
    assert isinstance(record, Retried)
    before, unit = _split(moment.history())
    lost = _left_over(before, record)
    if lost is not None and any(isinstance(r, RolledBack) and r.session == record.session for r in unit):
        yield Sighting(
            message="the rollback throws away what was done before the retry began; the next try commits without it",
            fix="begin the unit of work inside the retry, so that each try does all of it",
            confidence="likely",
            story=((lost, "done before"), (record, "undone by the failed try, and not repeated")),
        )
        return
    is_told_below = "via" in moment.where.notes
    work = _repeatable(unit) if record.is_doubtful and not is_told_below else None
    if work is None:
        return
    errors = " or ".join(error or "any error" for error in record.errors)
    yield Sighting(
        message=f"{record.what} repeats this commit after {errors}, which may come when the commit took effect",
        fix="give the work a key of its own and look for it first, or retry only errors that say it was not committed",
        confidence="likely",
        story=((work, "done once more"), (record, "it may have been stored by now")),
    )


@hazard.on(CommitRepeated)
def committed_again(moment: Moment) -> Iterator[Sighting]:
    """A row was stored by a second commit, after a first that may have stored it."""
    record = moment.record
    assert isinstance(record, CommitRepeated)
    yield Sighting(
        message=f"this commit repeats one that broke off with {record.error}, and stores the same {record.entity} again",
        fix="give the work a key of its own and look for it first, or retry only errors that say it was not committed",
        story=(
            (record.first, f"broke off: the {record.entity} may be stored"),
            (record, f"stores the {record.entity} under another key"),
        ),
    )


def _split(history: Sequence[Record]) -> tuple[Sequence[Record], Sequence[Record]]:
    """What happened before the attempt began, and since."""
    for index in range(len(history) - 1, -1, -1):
        if isinstance(history[index], AttemptBegan):
            first = next((at for at, r in enumerate(history) if r.site == history[index].site), index)
            return history[:first], history[index + 1 :]
    return (), history


def _left_over(before: Sequence[Record], record: Retried) -> Record | None:
    """Work of the same session that waited for a commit when the attempts began."""
    for earlier in reversed(before):
        if getattr(earlier, "session", None) != record.session:
            continue
        if isinstance(earlier, Committed | RolledBack | SessionOpened):
            return None
        if isinstance(earlier, Added | Deleted | Merged) or (isinstance(earlier, Executed) and earlier.writes):
            return earlier
    return None


def _repeatable(unit: Sequence[Record]) -> Record | None:
    """The work of a unit that has another effect when it is done twice; None if something in it would notice."""
    created = {r.instance: r for r in unit if isinstance(r, InstanceCreated)}
    seen = {r.mapping.name for r in unit if isinstance(r, InstanceLoaded)}
    work: Record | None = None
    for index, record in enumerate(unit):
        if isinstance(record, Added) and record.instance in created:
            new = created[record.instance]
            if new.mapping.name in seen or any(_is_key(new, name) for name in new.written):
                return None
            work = work or record
        elif (isinstance(record, Executed) and record.inserts) or _counts(record, unit[index - 1] if index else None):
            work = work or record
    return work


def _is_key(new: InstanceCreated, name: str) -> bool:
    column = new.mapping.columns.get(name)
    return column is not None and (column.primary_key or column.unique)


def _counts(record: Record, before: Record | None) -> bool:
    """Whether a value is made from the one before it: `product.stock -= 1`."""
    if not isinstance(record, AttributeWritten):
        return False
    is_read = isinstance(before, AttributeRead) and (before.instance, before.attribute) == (
        record.instance,
        record.attribute,
    )
    return record.relative or is_read
