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

## When it is fine
- The endpoint, dependency or tool is a plain `def`: FastAPI and Starlette run it in a thread.
- A thread does the work: `asyncio.to_thread`, `run_in_threadpool`, `anyio.to_thread.run_sync`, `run_in_executor`.
- `await session.run_sync(work)` of an `AsyncSession`: inside `work` the session is synchronous and does not block.
- Opening alone: `with SessionLocal() as session:` sends nothing.
- A script whose loop has nothing else to do.

## Known gaps
- A callback registered with a framework that Hermetic does not know counts as neither.

## Sources
- SQLAlchemy, "Asynchronous I/O (asyncio)": "Synopsis - ORM", "Running Synchronous Methods and Functions under asyncio".
- FastAPI, "Concurrency and async / await": "Path operation functions", "Dependencies".
"""

from __future__ import annotations

from .._catalogue import Hazard

hazard = Hazard(__name__, code="HM401", severity="warning", since="0.1", seen_by=("check",))
