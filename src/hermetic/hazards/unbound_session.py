"""A session is opened with no engine to talk to.

## What it does
Reports a call of the bare classes `Session()` or `AsyncSession()` (or of a `sessionmaker()` that nobody binds) without
an engine, a connection or `binds`, when a statement is then run through it.

## Why it hurts
Nothing complains until the first statement: `UnboundExecutionError: Could not locate a bind configured on mapper …,
SQL expression or this Session`. The mistake comes from writing the class where the application's factory was meant.

## Example
```python
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import Product


def in_stock() -> list[str]:
    with Session() as session:
        return list(session.scalars(select(Product.name).where(Product.stock > 0)))
```

## Use instead
```python
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import Product, engine


def in_stock() -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Product.name).where(Product.stock > 0)))
```

## When it is fine
- `Session` is the name of a factory: `Session = sessionmaker(engine)`.
- The session is bound later: `session.bind = engine`, `Session.configure(bind=engine)`, a subclass with `get_bind`.
- Each statement brings its own: `session.execute(statement, bind_arguments={"bind": engine})`.
- The classes' metadata carries a bind, as in SQLAlchemy 1.

## Known gaps
- A factory configured in a module that is not part of the check is believed to be bound.

## Sources
- SQLAlchemy, "Session API": `Session.get_bind()` and the order in which it looks for an engine.
- SQLAlchemy, `sqlalchemy.exc.UnboundExecutionError`.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Sighting
from .._lifecycle.records import AttributeRead, Committed, Executed, Flushed, Refreshed, SessionOpened, SessionRecord

hazard = Hazard(__name__, code="HM105", severity="error", since="0.1", seen_by=("check",))


@hazard.on(Executed, Flushed, Committed, Refreshed, AttributeRead)
def nothing_to_talk_to(moment: Moment) -> Iterator[Sighting]:
    """A statement on a session that has no engine."""
    if moment.outcome.error != "UnboundExecutionError":
        return
    record = moment.record
    session = record.session if isinstance(record, SessionRecord) else None
    opened = next((r for r in moment.history() if isinstance(r, SessionOpened) and r.session == session), None)
    if opened is None:
        return
    yield Sighting(
        message=f"{moment.text(opened.site)} has no engine: its first statement raises UnboundExecutionError",
        fix="pass the engine, or call a sessionmaker that is bound to one",
        story=((opened, "made without an engine"), (record, "raises UnboundExecutionError")),
        at=opened,
    )
