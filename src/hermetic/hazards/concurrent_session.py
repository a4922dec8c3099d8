"""Several tasks use one `AsyncSession` at the same time.

## What it does
Reports `asyncio.gather`, a `TaskGroup`, `create_task`, `as_completed` or `wait` when two of the tasks they start, or a
started task and the code that goes on meanwhile, use the same session.

## Why it hurts
An `AsyncSession` is one connection and one transaction; its steps are not made to interleave. On a session that has no
connection yet SQLAlchemy notices and raises `InvalidRequestError` or `IllegalStateChangeError`. On a warm one it mostly
notices nothing: the statements run one after another, so nothing is gained, and a `commit`, `rollback` or autoflush of
one task takes effect in the middle of another.

## Example
```python
import asyncio

from sqlalchemy import func, select

from shop import AsyncSessionLocal, Customer, Order


async def dashboard() -> list[int]:
    async with AsyncSessionLocal() as session:
        return await asyncio.gather(
            session.scalar(select(func.count(Order.id))),
            session.scalar(select(func.count(Customer.id))),
        )
```

## Use instead
```python
import asyncio

from sqlalchemy import Select, func, select

from shop import AsyncSessionLocal, Customer, Order


async def count(statement: Select[tuple[int]]) -> int:
    async with AsyncSessionLocal() as session:
        return await session.scalar(statement)


async def dashboard() -> list[int]:
    return await asyncio.gather(
        count(select(func.count(Order.id))),
        count(select(func.count(Customer.id))),
    )
```

## When it is fine
- Each task opens a session of its own.
- The tasks of the `gather` do other work, and at most one of them uses the session while the function waits.
- The awaits stand one after the other; on one connection that is as fast.

## Known gaps
- A lock that comes as a parameter without annotation is not known as one.
- A callee that reaches the session through an object of an unknown class is not seen.
- A `ContextVar` or `async_scoped_session` whose scope function is not the current task is taken at its word.
- While a program runs, tasks are told only when they are in the session at the same moment.

## Sources
- SQLAlchemy, "Asynchronous I/O (asyncio)": "Using AsyncSession with Concurrent Tasks".
- SQLAlchemy, error code `isce`: IllegalStateChangeError and concurrency exceptions.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import SessionOpened, TasksStarted

hazard = Hazard(
    __name__, code="HM103", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("isce",)
)


@hazard.on(TasksStarted)
def used_at_once(moment: Moment) -> Iterator[Sighting]:
    """One AsyncSession in two coroutines that run at the same time."""
    record, session = moment.record, moment.session
    assert isinstance(record, TasksStarted)
    if session is None or not session.is_async:
        return
    opened = next((r for r in moment.history() if isinstance(r, SessionOpened) and r.session == record.session), None)
    yield Sighting(
        message=f"tasks that run at the same time share one AsyncSession ({record.what})",
        fix="give each task a session of its own, or await them one after the other",
        confidence="proven" if "gather" in record.what else "likely",
        story=(*(((opened, "opened"),) if opened else ()), (record, "used by several tasks at once")),
    )
