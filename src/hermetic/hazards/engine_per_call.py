"""An engine is built on every call instead of once per process.

## What it does
Reports `create_engine`, `create_async_engine` or `engine_from_config`, and a session factory around a fresh engine,
in a place that runs once per call or per request: a function that is not cached, a route, a dependency, a tool, the
constructor of an object that is made per request.

## Why it hurts
The engine is the connection pool. A new one for each call means a new connection, a new handshake and an empty cache of
compiled statements each time, and the pool of the previous call stays open until it is collected. Under load the
database runs out of connections while every single pool believes it holds only one.

## Example
```python
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from shop import DATABASE_URL, Product


def price_of(sku: str) -> int:
    engine = create_engine(DATABASE_URL)
    with Session(engine) as session:
        return session.scalars(select(Product.price).where(Product.sku == sku)).one()
```

## Use instead
```python
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from shop import DATABASE_URL, Product

engine = create_engine(DATABASE_URL)


def price_of(sku: str) -> int:
    with Session(engine) as session:
        return session.scalars(select(Product.price).where(Product.sku == sku)).one()
```

## When it is fine
- The function is the program: `main`, a command, a migration's `env.py`, an application factory, a lifespan.
- Its result is kept: `functools.cache`, Streamlit's `cache_resource`, a module global filled on first use.
- It is disposed in the same function: a job that connects to a database named by its argument.
- Its address or credentials come from the caller: no engine can be made once. Only possible, for one that is kept by
  address, or disposed of, spares the next call its connection.
- A pytest fixture that builds a database for one test.
- `sessionmaker(engine)` around an engine that lives elsewhere: cheap, no pool of its own.

## Known gaps
- A cache written by hand in an unusual way (a dict by tenant in another module) may be taken for none.
- A factory that is called once by its only caller is silent only when that call is visible.
- A pool class that comes from elsewhere (`**options`, a variable) may be `NullPool`: such a finding is only possible.

## Sources
- SQLAlchemy, "Working with Engines and Connections" and "Connection Pooling": the engine is to be made once per
  database URL and process.
- SQLAlchemy, "Session Basics": "When do I make a sessionmaker?"
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import EngineCreated

hazard = Hazard(__name__, code="HM104", severity="warning", since="0.1", seen_by=("check", "watch"))


@hazard.on(EngineCreated)
def built_again_and_again(moment: Moment) -> Iterator[Sighting]:
    """An engine that is built whenever a function runs, and that nothing keeps or disposes of."""
    record = moment.record
    assert isinstance(record, EngineCreated)
    if "ended" not in moment.where.notes or record.place == "once" or record.escapes or record.pool == "NullPool":
        return
    is_doubtful = record.pool == "unknown" or record.is_given
    yield Sighting(
        message=f"{record.what}() runs at every call: each call gets a connection pool of its own",
        fix="dispose() of the engine before the function ends, or keep one for each address"
        if record.is_given
        else "build the engine once, at module level or at start-up, and pass it here",
        confidence="possible" if is_doubtful else "proven" if record.place == "per-request" else "likely",
        story=((record, "an engine for each call"),),
    )
