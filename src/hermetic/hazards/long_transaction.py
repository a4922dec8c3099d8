"""A transaction, with its connection, is kept open across slow work that needs no database.

## What it does
Reports an HTTP request, a call of a language model or of an MCP tool, a sleep, a subprocess or a stream to the client
that happens after a session has begun a transaction (its first statement does) and before it commits, rolls back or
closes.

## Why it hurts
The connection is missing from the pool for as long as the other side takes, and the row locks are held for as long.
Ten slow payments are enough to stop an application whose pool has ten connections; a database shows them as "idle in
transaction", and cannot clean up behind them.

## Example
```python
from urllib.request import urlopen

from shop import Order, SessionLocal


def ship(order_id: int, courier_url: str) -> None:
    with SessionLocal() as session:
        order = session.get_one(Order, order_id)
        label = urlopen(f"{courier_url}?order={order.id}&total={order.total}").read().decode()
        order.notes = label
        session.commit()
```

## Use instead
```python
from urllib.request import urlopen

from shop import Order, SessionLocal


def ship(order_id: int, courier_url: str) -> None:
    with SessionLocal() as session:
        total = session.get_one(Order, order_id).total
    label = urlopen(f"{courier_url}?order={order_id}&total={total}").read().decode()
    with SessionLocal.begin() as session:
        session.get_one(Order, order_id, with_for_update=True).notes = label
```

## When it is fine
- Nothing was asked of the session yet: a session that has run no statement holds no connection.
- The transaction is over: `commit()`, `rollback()` or `close()` stands before the wait.
- The wait is the database's own work, or that of a replica or cache in the same room (Redis).
- The connection is there to keep a lock by name (`pg_advisory_lock`, `GET_LOCK`) for as long as the job takes.
- A row lock that the job needs from its beginning to its end (`with_for_update`, or an UPDATE that changes nothing):
  only possible, for it may be on purpose, but for a sleep; mind that whoever waits for the row waits for the other side too.
  So where a function waits with a session that it was given, and all its callers took such a lock.
- What an application does once, when it starts (its lifespan, what only that calls), or in a migration: only possible.

## Known gaps
- How long a call takes is not known: the list of clients that count as slow is fixed, your own can be added in the
  configuration.
- A task that is started runs by itself: where it is awaited later, its waits are not seen. How slowly a client reads what
  is streamed to it is not asked.
- A callee given by a variable, or behind a plug-in, is not seen.

## Sources
- SQLAlchemy, "Session Basics" and "Transactions and Connection Management": autobegin, and when a connection is let go.
- SQLAlchemy, "Connection Pooling"; error code `3o7r`: QueuePool limit of size x overflow y reached.
- PostgreSQL, "Client Connection Defaults": `idle_in_transaction_session_timeout`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.measured import TransactionIdled
from .._lifecycle.records import (
    AttributeRead,
    Committed,
    Executed,
    InstanceLoaded,
    Key,
    Merged,
    Record,
    Refreshed,
    RolledBack,
    SessionClosed,
    SessionOpened,
    SessionRecord,
    Waited,
)

hazard = Hazard(__name__, code="HM205", severity="warning", since="0.1", seen_by=("check", "watch"), is_cost=True)


_KINDS = {
    "http": "an HTTP call",
    "mail": "a mail server",
    "model": "a language model",
    "sleep": "a sleep",
    "process": "a subprocess",
    "file": "a file",
    "await": "an await",
    "stream": "a stream to the client",
    "client": "the client",
}


@hazard.on(Waited)
def waits_inside(moment: Moment) -> Iterator[Sighting]:
    """A wait for the outside world with a transaction, and so a connection, in hand."""
    record = moment.record
    assert isinstance(record, Waited)
    if "task" in moment.where.notes:
        return  # whoever starts a task does not wait for it
    history = moment.history()
    for key, session in moment.life.sessions.items():
        if session.phase != "in-transaction":
            continue
        mine = [r for r in history if isinstance(r, SessionRecord) and r.session == key]
        if any(isinstance(r, Executed) and r.locks for r in mine):
            continue
        work = next((r for r in reversed(mine) if isinstance(r, (Executed, InstanceLoaded))), None)
        if work is None and not session.uncommitted:
            continue
        first = _at_work(moment, key, history) or work or mine[-1]
        yield Sighting(
            message=f"the transaction stays open, with its connection, while {moment.text(record.site).partition('(')[0]} waits for {_KINDS[record.kind]}",
            fix="commit or close first, wait, then open a second transaction that checks again",
            confidence="possible"
            if record.kind == "await" or (record.kind != "sleep" and _holds_rows(mine))
            else "likely",
            is_lent=record.kind != "sleep" and not any(isinstance(r, SessionOpened) and not r.received for r in mine),
            story=((first, "the transaction is open"), (record, f"waits for {_KINDS[record.kind]}")),
        )
        return


def _at_work(moment: Moment, session: Key, history: Sequence[Record]) -> Record | None:
    """The latest work of the transaction that a session is in; what an expired attribute asks for, where nothing else did."""
    read: Record | None = None
    for record in reversed(history):
        match record:
            case SessionClosed() | Committed(nested=False, fails=False) | RolledBack(nested=False):
                if record.session == session:
                    break
            case Executed() | InstanceLoaded() | Merged() | Refreshed():
                if record.session == session:
                    return record
            case AttributeRead():
                known = moment.life.instances.get(record.instance)
                read = record if known is not None and known.session == session else read
    return read


def _holds_rows(mine: Sequence[SessionRecord]) -> bool:
    """Whether the transaction at work took row locks that it was meant to keep: these end with it, so it may be long on purpose."""
    for record in reversed(mine):
        match record:
            case SessionClosed() | Committed(nested=False, fails=False) | RolledBack(nested=False):
                return False
            case Executed(locks_rows=True) | Refreshed(locked=True):
                return True
    return False


@hazard.on(TransactionIdled)
def idled(moment: Moment) -> Iterator[Sighting]:
    """A transaction that was seen to ask nothing of the database for long."""
    record = moment.record
    assert isinstance(record, TransactionIdled)
    if any(isinstance(r, Executed) and r.locks for r in moment.history()):
        return
    meanwhile = f" while {record.what} was waited for" if record.what else ""
    yield Sighting(
        message=f"the transaction stayed open, with its connection, for {record.seconds:.1f} s{meanwhile}",
        fix="commit or close first, wait, then open a second transaction that checks again",
        story=(*(((record.since, "the transaction is open"),) if record.since else ()), (record, "waits meanwhile")),
    )
