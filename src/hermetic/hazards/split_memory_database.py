"""An in-memory SQLite database is reached from several threads, and each sees its own empty one.

## What it does
Reports an engine for an in-memory SQLite URL (`sqlite://`, `sqlite:///:memory:`) without `poolclass=StaticPool`
when its sessions are used from a second thread: a thread pool, a sync endpoint under a test client, a worker. Also one
whose pool opens connections as it likes (`QueuePool`, `NullPool`): there even one thread meets several databases.

## Why it hurts
The database lives inside one connection, and for such a URL SQLAlchemy's default pool opens one connection per thread.
The tables that the test's thread created do not exist in the server's thread: `OperationalError: no such table`.
`check_same_thread=False` only silences the driver's own guard; it does not bring the threads together.

## Example
```python
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from shop import Base, Order

engine = create_engine("sqlite:///:memory:", connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)


def count_orders() -> int:
    with Session(engine) as session:
        return session.scalars(select(func.count(Order.id))).one()


def report() -> int:
    with ThreadPoolExecutor() as pool:
        return pool.submit(count_orders).result()
```

## Use instead
```python
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import StaticPool, create_engine, func, select
from sqlalchemy.orm import Session

from shop import Base, Order

engine = create_engine("sqlite:///:memory:", connect_args={"check_same_thread": False}, poolclass=StaticPool)
Base.metadata.create_all(engine)


def count_orders() -> int:
    with Session(engine) as session:
        return session.scalars(select(func.count(Order.id))).one()


def report() -> int:
    with ThreadPoolExecutor() as pool:
        return pool.submit(count_orders).result()
```

## When it is fine
- One thread does everything: a script, a unit test that calls functions directly.
- `sqlite+aiosqlite://`: its default pool for a memory database is already the single connection.
- A file, even a temporary one: every connection opens the same database.
- A named memory database with a shared cache (`file:shop?mode=memory&cache=shared&uri=true`), kept alive by one user.

## Known gaps
- With `StaticPool` all threads share one connection, hence one transaction: right for tests, wrong for a server.
- A URL that comes from the environment is not known, and silent.

## Sources
- SQLAlchemy, "SQLite" dialect: "Threading/Pooling Behavior", "Using a Memory Database in Multiple Threads".
- SQLAlchemy, error code `e3q8`: OperationalError.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import EngineCreated

hazard = Hazard(
    __name__, code="HM106", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("e3q8",)
)


_SINGLE = frozenset({"StaticPool", "unknown"})


@hazard.on(EngineCreated)
def a_database_for_each_connection(moment: Moment) -> Iterator[Sighting]:
    """An in-memory SQLite database that threads will share, without a pool of one connection."""
    record = moment.record
    assert isinstance(record, EngineCreated)
    if record.is_async or not is_memory(record.url) or record.pool in _SINGLE or "ended" in moment.where.notes:
        return
    if not record.shares_threads and record.pool in {None, "SingletonThreadPool"}:
        return
    yield Sighting(
        message="each thread or connection gets an empty in-memory database of its own",
        fix="add poolclass=StaticPool, from sqlalchemy.pool",
        confidence="likely",
        story=((record, "in memory, and not one connection for all"),),
    )


def is_memory(url: str | None) -> bool:
    """Whether a URL names an in-memory SQLite database that is not shared by name."""
    if url is None or not url.startswith("sqlite"):
        return False
    if "mode=memory" in url:
        return "cache=shared" not in url
    return url.partition("://")[2] in {"", "/", "/:memory:"}
