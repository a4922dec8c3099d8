"""A synchronous session does its work on the event loop's thread.

## What it does
Reports the first statement, flush or commit of a synchronous `Session` (or of a connection of a synchronous engine)
inside an `async def`, or in a plain function that it calls, when no thread hop stands between.

## Why it hurts
While the database answers, the event loop does nothing else: every other request, timer and heartbeat of the process
waits too. With one slow query the health check fails; with a pool that has run dry the loop waits for a connection
that only the stopped tasks could give back.

## Example
```python
from sqlalchemy import select

from shop import Product, SessionLocal


async def in_stock() -> list[str]:
    with SessionLocal() as session:
        return list(session.scalars(select(Product.name).where(Product.stock > 0)))
```

## Use instead
```python
from sqlalchemy import select

from shop import AsyncSessionLocal, Product


async def in_stock() -> list[str]:
    async with AsyncSessionLocal() as session:
        return list(await session.scalars(select(Product.name).where(Product.stock > 0)))
```

## Automatic fix
`--fix --unsafe`: `async def` becomes `def` for a FastAPI endpoint that awaits nothing and that nobody calls.

## When it is fine
- The endpoint, dependency or tool is a plain `def`: FastAPI and Starlette run it in a thread.
- A thread does the work: `asyncio.to_thread`, `run_in_threadpool`, `anyio.to_thread.run_sync`, `run_in_executor`.
- `await session.run_sync(work)` of an `AsyncSession`: inside `work` the session is synchronous and does not block.
- Opening alone: `with SessionLocal() as session:` sends nothing.
- A script whose loop has nothing else to do.

## Known gaps
- A callback registered with a framework that Hermetic does not know counts as neither.
- While a program runs, what a session does between its statements (rows made into objects, say) is looked at from time
  to time and in requests only: short stretches may be missed.

## Sources
- SQLAlchemy, "Asynchronous I/O (asyncio)": "Synopsis - ORM", "Running Synchronous Methods and Functions under asyncio".
- FastAPI, "Concurrency and async / await": "Path operation functions", "Dependencies".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.measured import LoopBlocked
from .._lifecycle.records import (
    AttributeRead,
    BlockingWork,
    Committed,
    Executed,
    Flushed,
    InstanceRecord,
    Refreshed,
    SessionOpened,
    SessionRecord,
)

hazard = Hazard(__name__, code="HM401", severity="warning", since="0.1", seen_by=("check", "watch"))


@hazard.on(Executed, Flushed, Committed, Refreshed, AttributeRead)
def blocks_the_loop(moment: Moment) -> Iterator[Sighting]:
    """Work of a synchronous session on the event loop's thread."""
    record = moment.record
    if not moment.where.on_event_loop or "via-async" in moment.where.notes or not _works(moment):
        return
    key = record.session if isinstance(record, SessionRecord) else moment.instance.session if moment.instance else None
    session = moment.life.sessions.get(key)
    if session is None or session.is_async:
        return
    opened = next((r for r in moment.history() if isinstance(r, SessionOpened) and r.session == key), None)
    yield Sighting(
        message=f"{moment.text(record.site).partition('(')[0]} blocks the event loop: the session is synchronous",
        fix="use AsyncSession, make the function a plain def, or run it through asyncio.to_thread",
        confidence="proven",
        remedy=Remedy("plain-def", (record,)),
        story=(*(((opened, "a synchronous session"),) if opened else ()), (record, "blocks every other task")),
    )


@hazard.on(BlockingWork)
def calls_what_blocks(moment: Moment) -> Iterator[Sighting]:
    """A call of a function that does synchronous database work, on the event loop's thread."""
    record = moment.record
    assert isinstance(record, BlockingWork)
    if not moment.where.on_event_loop:
        return
    inner = SessionOpened(session=None, site=record.inner)
    yield Sighting(
        message=f"{record.what} on the event loop: the session in it is synchronous",
        fix=f"await asyncio.to_thread({record.what.partition('(')[0]}, …)",
        confidence="proven",
        remedy=Remedy("plain-def", (record,)),
        story=((record, "called on the event loop"), (inner, "blocks every other task")),
    )


def _works(moment: Moment) -> bool:
    """Whether a record really goes to the database."""
    session = moment.session
    match moment.record:
        case InstanceRecord() if not isinstance(moment.record, Refreshed):
            return moment.outcome.effect == "emits-sql"
        case Executed():
            return "staged" not in moment.where.notes
        case Flushed() | Committed():
            return session is not None and bool(
                session.phase != "idle" or session.pending or session.dirty or session.deleted
            )
        case _:
            return True


@hazard.on(LoopBlocked)
def stood_still(moment: Moment) -> Iterator[Sighting]:
    """The event loop was seen to stand still while a synchronous session worked."""
    record = moment.record
    assert isinstance(record, LoopBlocked)
    opened = moment.last_in(record.session, SessionOpened)
    yield Sighting(
        message=f"{moment.text(record.site).partition('(')[0]} blocked the event loop for {record.ms:.0f} ms: the session is synchronous",
        fix="use AsyncSession, make the function a plain def, or run it through asyncio.to_thread",
        story=(*(((opened, "a synchronous session"),) if opened else ()), (record, "blocks every other task")),
    )
