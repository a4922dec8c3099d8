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

## Automatic fix
`--fix --unsafe`: `populate_existing` on the query that asks for the row again after the wait, where there is one.

## When it is fine
- The transaction was committed before the wait: the next read loads the row again (not with `expire_on_commit=False`).
- The row was locked by `with_for_update` when it was read: nobody else could change it (but see `long-transaction`).
- The update checks by itself: `update(Order).where(Order.status == "pending")` and a look at `rowcount`, or a
  `version_id_col`.
- The value cannot change: a primary key, a creation date.

## Known gaps
- Which values never change is not known beyond primary keys.
- A value copied to a local variable before the wait is followed only within the function.
- SQLAlchemy tells nobody of reads. While a program runs, it is told when after a long wait a column is written that
  another session of the same process changed and committed since it was loaded; without a wait that is a `lost-update`.
- What else than the attribute itself a value is computed from is not followed: only tests of other attributes count.

## Sources
- SQLAlchemy, "State Management": "Refreshing / Expiring"; "Session API": `with_for_update` of `Session.get()`.
- SQLAlchemy, "Configuring a Version Counter".
- PostgreSQL, "Transaction Isolation": "Repeatable Read Isolation Level".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.measured import Overwritten
from .._lifecycle.records import (
    AttributeRead,
    AttributeWritten,
    Committed,
    Expired,
    InstanceLoaded,
    Key,
    LookedUp,
    NextMember,
    Record,
    Refreshed,
    RolledBack,
    SessionClosed,
    Waited,
)

hazard = Hazard(__name__, code="HM304", severity="warning", since="0.1", seen_by=("check", "watch"))


@hazard.on(AttributeWritten)
def trusted_after_a_wait(moment: Moment) -> Iterator[Sighting]:
    """A write decided by a value that was loaded before a wait, without a lock or a fresh read after it."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeWritten)
    if instance is None or instance.session is None or "versioned" in moment.where.notes:
        return
    history = moment.history()
    if not any(isinstance(known, Waited) for known in history):
        return
    photograph = _photograph(moment, history, record.instance)
    trusted = _trusted(moment, record, photograph)
    if trusted is None:
        photograph, trusted = _elsewhere(moment, history, record)
    if trusted is None or photograph.waited is None or photograph.taken is None:
        return
    wait = photograph.waited
    yield Sighting(
        message=f"{moment.text(record.site)} is decided by a value read before {moment.text(wait.site).partition('(')[0]} waited",
        fix="end the transaction, wait, then load the row again with with_for_update() and check it there",
        confidence="possible" if wait.kind == "await" and not _is_about(moment, wait, photograph) else "likely",
        story=(
            (photograph.taken, "loaded"),
            (wait, "others may change the row meanwhile"),
            (trusted, "trusted"),
            (record, "written"),
        ),
        remedy=_remedy(history, wait, record.instance),
    )


@hazard.on(Overwritten)
def overwrote_after_a_wait(moment: Moment) -> Iterator[Sighting]:
    """A row was written after a long wait, in which another transaction had changed it."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, Overwritten)
    wait = record.waited
    if instance is None or wait is None:
        return
    model, names = instance.mapping.name.rpartition(".")[2], " and ".join(record.attributes)
    during = f"{wait.what}() waited" if wait.what else "the program waited"
    read = moment.last_of(record.instance, InstanceLoaded, Refreshed)
    yield Sighting(
        message=f"{model}.{names} was read before {during} {wait.seconds:.1f} s, and changed by another session since: "
        "that change is overwritten",
        fix="end the transaction, wait, then load the row again with with_for_update() and check it there",
        story=(
            *(((read, "loaded"),) if read else ()),
            (wait, "others may change the row meanwhile"),
            *(((record.other, "changed and committed by another session"),) if record.other else ()),
            (record, "written"),
        ),
    )


def _remedy(history: Sequence[Record], wait: Waited, key: Key) -> Remedy | None:
    """A fresh look at the row where it is asked for again after the wait, and the session answers from memory."""
    since = history[history.index(wait) + 1 :]
    again = [r for r in since if isinstance(r, LookedUp | InstanceLoaded) and r.instance == key]
    loaded = next((r for r in history if isinstance(r, InstanceLoaded) and r.instance == key), None)
    if not again or loaded is None or again[-1].populate_existing:
        return None
    return Remedy("populate-existing", (again[-1],), (loaded.mapping.name.rpartition(".")[2],))


def _is_about(moment: Moment, wait: Waited, photograph: Photograph) -> bool:
    """Whether something unknown was awaited with the instance in hand, and its value then tested: `await pay(order.id)`."""
    told = moment.text(wait.site)
    # What the awaited callee itself reads stands at the wait's own site: no sign that it was handed over.
    named = (moment.text(read.site) for read in photograph.before if read.site != wait.site)
    given = any(text and text in told for text in named)
    return given and any(f"tested {read.attribute}" in moment.where.notes for read in photograph.after)


@dataclass(slots=True)
class Photograph:
    """The values of an instance that are in memory: when they were taken, what was waited for since, who read them.

    `is_closed` tells that their session ended: who loads the row again has a new photograph.
    """

    taken: Record | None = None
    is_locked: bool = False
    is_closed: bool = False
    waited: Waited | None = None
    before: list[AttributeRead] = field(default_factory=list)
    after: list[AttributeRead] = field(default_factory=list)


def _photograph(moment: Moment, history: Sequence[Record], key: Key) -> Photograph:
    """The photograph of an instance at the end of a history."""
    found, was_expired = Photograph(), False
    known = moment.life.instances.get(key)
    holder = known and (known.session or known.last_session)
    for record in history:
        match record:
            case NextMember(instance=instance) if instance == key:
                found = (
                    Photograph()
                    if was_expired
                    else Photograph(found.taken, found.is_locked, found.is_closed, found.waited)
                )
            case InstanceLoaded(instance=instance) | Refreshed(instance=instance) if instance == key:
                is_load = isinstance(record, InstanceLoaded) and not record.populate_existing
                is_kept = found.taken is not None and is_load and not found.is_closed
                if not is_kept:
                    found = Photograph(record, record.locked)
                found.is_locked |= record.locked and found.waited is None
            case LookedUp(instance=instance) if instance == key and found.taken is None:
                found = Photograph(record)
            case Waited() if found.taken is not None:
                found.waited = found.waited or record
            case SessionClosed(session=session) if session == holder:
                found.is_closed = True
            case Committed() | RolledBack() | Expired():
                found.is_locked = False
                if _expires(moment, record, key):
                    found, was_expired = Photograph(), True
            case AttributeRead(instance=instance) if instance == key:
                if found.taken is None:
                    found = Photograph(record)
                (found.after if found.waited else found.before).append(record)
    return found


def _expires(moment: Moment, record: Committed | RolledBack | Expired, key: Key) -> bool:
    """Whether a record makes the next read of an instance ask the database."""
    instance, session = moment.life.instances.get(key), moment.life.sessions.get(record.session)
    if instance is None or record.session not in {instance.session, instance.last_session}:
        return False
    if isinstance(record, Expired):
        return record.instance in {None, key}
    if isinstance(record, Committed):
        return not record.nested and (session is None or session.expire_on_commit)
    return not record.nested


def _trusted(moment: Moment, record: AttributeWritten, photograph: Photograph) -> AttributeRead | None:
    """The read of an old value on which a write rests."""
    assert moment.instance is not None
    if photograph.is_locked or photograph.waited is None:
        return None
    notes, columns = moment.where.notes, moment.instance.mapping.columns
    reads = [*photograph.before, *photograph.after]
    last = reads[-1] if reads else None
    is_tested = last is not None and f"tested {last.attribute}" in notes
    if last is not None and last.attribute == record.attribute and (is_tested or "constant" not in notes):
        return last
    tested = (read for read in reversed(photograph.after) if f"tested {read.attribute}" in notes)
    return next(
        (read for read in tested if read.attribute in columns and not columns[read.attribute].primary_key), None
    )


def _elsewhere(
    moment: Moment, history: Sequence[Record], record: AttributeWritten
) -> tuple[Photograph, AttributeRead | None]:
    """A value computed from the same attribute of another object that stands for the row: one from an earlier session."""
    assert moment.instance is not None
    read = history[-1]
    if isinstance(read, AttributeRead) and read.instance != record.instance and read.attribute == record.attribute:
        other = moment.life.instances.get(read.instance)
        photograph = _photograph(moment, history, read.instance)
        if other is not None and other.mapping is moment.instance.mapping and other.session is None:
            return photograph, read
    return Photograph(), None
