"""A row is read, changed and written back with nothing that keeps others from doing the same in between.

## What it does
Reports a column that is set to its own old value with something done to it (`product.stock -= 1`,
`user.settings = {**user.settings, "theme": "dark"}`) when the row was read without a lock, when the lock was taken
after the read, or when a commit had let it go again; and a lock of the program that is let go before the commit of
what was done under it.

## Why it hurts
Two requests read `stock = 1`, both subtract one, both write `0`: two are sold, one was there. No error is raised, at
no isolation level below REPEATABLE READ. A lock helps only if it is taken with the read and held until the commit:
a row that is loaded already keeps its old values when it is asked for `with_for_update` (unless the query says
`populate_existing`), and whoever gets an `asyncio.Lock` that was let go before the commit reads the old row once more.

## Example
```python
from fastapi import FastAPI, HTTPException

from shop import Product, SessionLocal

app = FastAPI()


@app.post("/products/{product_id}/take")
def take(product_id: int, quantity: int) -> str:
    with SessionLocal() as session:
        product = session.get_one(Product, product_id)
        if product.stock < quantity:
            raise HTTPException(409, "sold out")
        product.stock -= quantity
        session.commit()
    return "taken"
```

## Use instead
```python
from fastapi import FastAPI, HTTPException
from sqlalchemy import update

from shop import Product, SessionLocal

app = FastAPI()


@app.post("/products/{product_id}/take")
def take(product_id: int, quantity: int) -> str:
    with SessionLocal.begin() as session:
        enough = update(Product).where(Product.id == product_id, Product.stock >= quantity)
        if session.execute(enough.values(stock=Product.stock - quantity)).rowcount == 0:
            raise HTTPException(409, "sold out")
    return "taken"
```

## When it is fine
- The row, or the one that it belongs to, was read `with_for_update` in the same transaction.
- The database computes: `product.stock = Product.stock - 1`, or an `update()` as above.
- The model has a `version_id_col`: the second writer gets a `StaleDataError`, and may try again.
- REPEATABLE READ (PostgreSQL) or SERIALIZABLE: the second writer gets an error. On MySQL only SERIALIZABLE does.
  A Hermetic `Database` has the first where it helps, and on SQLite one writer at a time.
- A lock by name (`pg_advisory_xact_lock`, one of the program's own, one in Redis) is held until after the commit.
- The transaction claims something by an UPDATE first (a lease, a fence): it has a row of its own locked since.
- Only one process ever writes the row: a tool for one user, a migration, one scheduler.

## Known gaps
- Whether a function can run twice at once is not proven: it is *likely* in a project that has a server or workers, and
  *possible* elsewhere. A row that has a single writer by design looks the same.
- A decision without a computed value (`if job.status == "new": job.status = "running"`) is reported only when a lock
  was taken too late or let go too early: nearly every program has such places.
- In a module that takes locks by name the finding is *possible*: a caller may hold one. After an INSERT, UPDATE or DELETE
  statement in the same transaction nothing is reported: it may be a claim.
- An isolation level is taken to hold for the whole project. A version counter is seen on the mapped class only.
- A helper that opens a session of its own is *possible*: it may be a step of a single worker, under a lease, or under a
  lock that its callers hold. A helper that is handed a session, and a route, task or tool, are *likely*.
- A value kept in a local variable (`n = product.stock; product.stock = n - 1`) is not followed.
- While a program runs, only what sessions of the same process commit is seen, through the ORM, and in flushes of at most
  200 rows.

## Sources
- PostgreSQL, "Transaction Isolation": "Read Committed Isolation Level", "Repeatable Read Isolation Level".
- SQLAlchemy, "Session API": `with_for_update` of `Session.get()`; "Configuring a Version Counter".
- SQLAlchemy, "Additional Persistence Techniques": "Embedding SQL Insert/Update Expressions into a Flush".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .._catalogue import Confidence, Hazard, Moment, Sighting
from .._lifecycle.measured import Overwritten
from .._lifecycle.records import (
    Added,
    AttributeWritten,
    Committed,
    Executed,
    InstanceLoaded,
    Key,
    Locked,
    Record,
    Refreshed,
    RolledBack,
    SessionOpened,
    SessionRecord,
    Unlocked,
)

hazard = Hazard(__name__, code="HM208", severity="warning", since="0.1", seen_by=("check", "watch"))


_SAFE = frozenset({"versioned", "strict", "locked"})


@dataclass(slots=True)
class Reading:
    """How a row was read: by which record, under which lock, and whether that lock came late or was let go."""

    record: Record | None = None
    lock: Record | None = None
    late: Record | None = None
    let_go: Record | None = None


@hazard.on(AttributeWritten)
def overwrites(moment: Moment) -> Iterator[Sighting]:
    """A value is computed from the row as it was, while nothing keeps others from changing it."""
    record, instance, notes = moment.record, moment.instance, moment.where.notes
    assert isinstance(record, AttributeWritten)
    if instance is None or instance.session is None or instance.status != "persistent" or _SAFE & set(notes):
        return
    is_computed = "computed" in notes and record.attribute in instance.mapping.columns
    is_decided = "constant" in notes and f"tested {record.attribute}" in notes
    if not (is_computed or is_decided):
        return
    history = moment.history()
    reading = _reading(moment, history, record.instance, instance.session)
    if reading.record is None or reading.lock is not None:
        return
    if reading.late is None and reading.let_go is None and not is_computed:
        return
    yield Sighting(
        message=f"{moment.text(record.site)} overwrites what others wrote since the row was read: {_cause(reading)}",
        fix="read the row with with_for_update() in the transaction that writes it, or let the database compute: "
        f"update(…).values({record.attribute}=…)",
        confidence=_confidence(moment, reading, instance.session),
        story=(
            (reading.record, "read"),
            *(((reading.late, "locked, but the values in memory stay"),) if reading.late else ()),
            *(((reading.let_go, "the lock is let go"),) if reading.let_go else ()),
            (record, "written back"),
        ),
    )


def _confidence(moment: Moment, reading: Reading, session: Key) -> Confidence:
    """Likely where several do the same at once, and nothing speaks for a lock that a caller holds or a single writer.

    A helper that opens a session of its own is often a step of one worker, under a lease or a lock held further out.
    """
    notes = moment.where.notes
    is_shared = "served" in notes or moment.where.on_event_loop
    if not is_shared or "locks-by-name" in notes:
        return "possible"
    opened = moment.last_in(session, SessionOpened)
    is_own = opened is not None and not opened.received
    is_locked = reading.late is not None or reading.let_go is not None
    return "possible" if is_own and not is_locked and "entry" not in notes else "likely"


def _cause(reading: Reading) -> str:
    if reading.late is not None:
        return "the lock was taken after the read, which it does not repeat"
    return "the lock was let go by the commit before" if reading.let_go is not None else "no lock, no version counter"


def _reading(moment: Moment, history: Sequence[Record], key: Key, session: Key) -> Reading:
    """How the row of an instance was read last."""
    found = Reading()
    for record in history:
        match record:
            case InstanceLoaded(instance=instance) | Refreshed(instance=instance) if instance == key:
                is_kept = isinstance(record, InstanceLoaded) and not record.populate_existing
                if found.record is not None and is_kept:
                    found.late = record if record.locked and found.lock is None else found.late
                else:
                    found = Reading(record, record if record.locked else found.lock)
            case InstanceLoaded(session=owner, locked=True) | Executed(session=owner, locks=True) if owner == session:
                found.lock = found.lock or record
            case Executed(session=owner, writes=True, autoflushes=True) if owner == session and not record.fails:
                # An UPDATE locks its rows: a claim or a fence on which the rest of the transaction rests.
                found.lock = found.lock or record
            case Committed(session=owner) | RolledBack(session=owner) if owner == session and not record.nested:
                is_lock_lost = found.lock is not None and found.record is not None
                found = Reading(found.record, let_go=record if is_lock_lost else None)
    return found


@hazard.on(Committed)
def unlocked_too_early(moment: Moment) -> Iterator[Sighting]:
    """A commit of what was done under a lock of the program, after that lock was let go."""
    record, session = moment.record, moment.session
    assert isinstance(record, Committed)
    if session is None or record.nested or record.fails or "locked" in moment.where.notes:
        return
    if not (session.uncommitted or session.pending or session.dirty):
        return
    taken: Locked | None = None
    done: Record | None = None
    let_go: Unlocked | None = None
    for known in moment.history():
        match known:
            case Locked():
                taken = known
            case Unlocked():
                let_go = known if done is not None else None
                taken = None
            case Committed() | RolledBack() if known.session == record.session and not known.nested:
                done = let_go = None
            case _ if taken is not None and _is_change(moment, known, record.session):
                done = known
    if done is None or let_go is None:
        return
    yield Sighting(
        message=f"{moment.text(let_go.site)} is let go before this commit: whoever gets it next reads the old row",
        fix="commit inside of the lock's block",
        confidence="likely",
        story=((done, "changed under the lock"), (let_go, "the lock is let go at the end of this block"), (record, "committed only now")),
    )  # fmt: skip


def _is_change(moment: Moment, record: Record, session: Key) -> bool:
    """Whether a record changes something through a session."""
    if isinstance(record, AttributeWritten):
        known = moment.life.instances.get(record.instance)
        return known is not None and known.session == session
    if not isinstance(record, SessionRecord) or record.session != session:
        return False
    return isinstance(record, Added) or (isinstance(record, Executed) and record.writes and not record.fails)


@hazard.on(Overwritten)
def overwrote(moment: Moment) -> Iterator[Sighting]:
    """A row was written that another transaction had changed since it was read."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, Overwritten)
    if instance is None or record.waited is not None:
        return  # a value that is trusted after a long wait: stale-read
    model, names = instance.mapping.name.rpartition(".")[2], " and ".join(record.attributes)
    read = moment.last_of(record.instance, InstanceLoaded, Refreshed)
    yield Sighting(
        message=f"{model}.{names} was changed and committed by another session since it was read here: that change is overwritten",
        fix="read the row with with_for_update() in the transaction that writes it, or let the database compute: "
        f"update(…).values({record.attributes[0]}=…)",
        story=(
            *(((read, "read"),) if read else ()),
            *(((record.other, "changed and committed by another session"),) if record.other else ()),
            (record, "written back"),
        ),
    )
