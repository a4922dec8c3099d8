"""A session is opened and, on some path, never closed.

## What it does
Follows every session that the function owns, one it opened itself, to each place where the function can end: the last
line, an early `return`, an exception, a generator that nobody resumes. On each of them the session must be closed,
returned to a caller, or stored where somebody else closes it. What a `scoped_session` holds for a thread, a job or a
request must be removed by it, or by the program around it. In an asynchronous provider a cancellation is one of these
places: it arrives at the `yield` as a `CancelledError`, which `except Exception` does not catch.

## Why it hurts
An open session holds its transaction and, from the first statement on, a connection of the pool. Python's garbage
collector often hides the leak by freeing the session with its frame; a traceback that is kept, a reference cycle or an
asynchronous driver ends that luck. Then the pool runs dry: `TimeoutError: QueuePool limit of size 5 overflow 10
reached`, in code that did nothing wrong.

## Example
```python
from shop import Order, SessionLocal


def find_order(order_id: int) -> Order:
    session = SessionLocal()
    order = session.get(Order, order_id)
    if order is None:
        raise LookupError(f"no order {order_id}")
    session.close()
    return order
```

## Use instead
```python
from shop import Order, SessionLocal


def find_order(order_id: int) -> Order:
    with SessionLocal() as session:
        order = session.get(Order, order_id)
        if order is None:
            raise LookupError(f"no order {order_id}")
        return order
```

## Automatic fix
`--fix` (safe): the rest of the block moves into a `with`, where the session is used in that block only and no unfetched
rows leave it.

## When it is fine
- The session is a parameter: whoever opened it closes it.
- The function is a factory: it returns or yields the session, or stores it on an object that has a `close` of its own.
- A framework closes it: a `yield` dependency, `db.session` of Flask-SQLAlchemy, a `scoped_session` removed at teardown.
- `close()` stands in a `finally`, or the session was given to an `ExitStack`.

## Known gaps
- A session put into a list, a dict or an object of an unknown class counts as handed over.
- Of a `scoped_session`, a failure that goes around its `remove()` is seen only where something catches it; a registry
  that is handed to code out of sight counts as emptied there. Registries of `threading.local`, and tasks that a program
  starts by itself with a registry of tasks, are not followed.
- A cancellation is followed only from the `yield` of an asynchronous generator, not from every `await`.
- Connections taken from an engine are followed only when they are opened in the same function.
- While a program runs, a session that was dropped in its transaction, and a connection that was dropped without being
  closed, are told when the garbage collector finds them, which may be late. A connection that its pool gives to all of a
  thread or program (`SingletonThreadPool`, `StaticPool`) is not told.

## Sources
- SQLAlchemy, error code `3o7r`: QueuePool limit of size x overflow y reached, connection timed out.
- SQLAlchemy, "Session Basics": "Opening and Closing a Session", "When do I construct a Session, when do I commit it,
  and when do I close it?"
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.measured import ConnectionDropped, PoolExhausted
from .._lifecycle.records import RegistryLeft, ScopeLeft, SessionClosed, SessionOpened

hazard = Hazard(
    __name__, code="HM101", severity="warning", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("3o7r",)
)


_ENDS = {
    "return": "is still open when the function ends",
    "raise": "stays open when a line before its close fails",
    "cancel": "stays open when the task is cancelled",
    "collected": "was thrown away with its transaction open",
    "loop": "is still open when the loop makes the next one",
}


@hazard.on(ScopeLeft)
def left_open(moment: Moment) -> Iterator[Sighting]:
    """A session that did work, and that nobody closed or handed on."""
    record, session = moment.record, moment.session
    assert isinstance(record, ScopeLeft)
    if session is None or "shared" in moment.where.notes or record.by == "afterwards":
        return
    is_holding = session.phase in {"in-transaction", "failed"}
    is_used = is_holding or (record.by != "raise" and session.commits > 0)
    if not is_used and record.by != "cancel":
        return
    opened = moment.last_in(record.session, SessionOpened) or record
    yield Sighting(
        message=f"the session from {moment.text(record.site)} {_ENDS[record.by]}",
        fix=f"with {moment.text(record.site)} as session: …",
        confidence="proven" if is_holding and record.by not in {"raise", "cancel"} else "likely",
        remedy=Remedy("with-block", (record,), ("async",) if session.is_async else ()),
        story=(
            (opened, "opened, never closed"),
            *(((record, "taken over here"),) if record.site != opened.site else ()),
        ),
    )


@hazard.on(ConnectionDropped)
def dropped(moment: Moment) -> Iterator[Sighting]:
    """A connection that nobody closed: the pool gets it back, or loses it, when garbage is collected."""
    record = moment.record
    assert isinstance(record, ConnectionDropped)
    awaited = moment.text(record.site)
    text = awaited.removeprefix("await ")
    yield Sighting(
        message=f"the connection from {text} was thrown away without being closed",
        fix=f"{'async ' if awaited != text else ''}with {text} as connection: …",
        story=((record, "opened, never closed"),),
    )


@hazard.on(PoolExhausted)
def pool_ran_dry(moment: Moment) -> Iterator[Sighting]:
    """A connection was waited for in vain, since others keep theirs."""
    record = moment.record
    assert isinstance(record, PoolExhausted)
    longest = record.longest
    if longest is None:
        return
    yield Sighting(
        message=f"no connection was left in the pool: {record.held} are held, this one for {record.seconds:.1f} s",
        fix="close each session, or commit before slow work: with SessionLocal() as session: …",
        story=((longest, "holds a connection"), (record, "waits for one in vain")),
        at=longest,
    )


@hazard.on(ScopeLeft)
def used_again(moment: Moment) -> Iterator[Sighting]:
    """A session that had been closed begins anew in a stream or a background task, and nobody closes it a second time."""
    record = moment.record
    assert isinstance(record, ScopeLeft)
    opened = moment.last_in(record.session, SessionOpened)
    closed = moment.last_in(record.session, SessionClosed)
    if record.by != "afterwards" or opened is None or closed is None:
        return
    yield Sighting(
        message=f"the session from {moment.text(opened.site)} is closed before this uses it: it begins anew, and stays open",
        fix="open a session in what runs later: with SessionLocal() as session: …",
        confidence="likely",
        story=((opened, "opened"), (closed, "closed"), (record, "used again later, never closed")),
    )


_WORK = {"thread": "thread's work", "job": "job", "request": "request"}


@hazard.on(RegistryLeft)
def never_removed(moment: Moment) -> Iterator[Sighting]:
    """A registry keeps what it made for a thread or task, with its transaction, for whoever comes next."""
    record = moment.record
    assert isinstance(record, RegistryLeft)
    work = _WORK[record.how]
    when = f"when the {work} ends" if record.by == "return" else f"when a line of the {work} fails before the removal"
    yield Sighting(
        message=f"the session that {record.what} holds for this {work} is still open {when}",
        fix=f"call {record.what}.remove() in a finally around the {work}",
        confidence="possible" if "elsewhere" in moment.where.notes else "likely",
        story=((record, f"{record.what} opens a session for this {work}, and nobody removes it"),),
    )
