"""An attribute that needs a SELECT is read under an `AsyncSession`.

## What it does
Knows what each query of an `AsyncSession` loaded. A read of a lazy relationship, a deferred column, an attribute that a
commit or rollback expired, or one that an UPDATE left to the database, is reported, also in a callee or property that
the object was handed to.

## Why it hurts
A plain attribute cannot be awaited, so the SELECT behind it has no way to reach the driver: `MissingGreenlet:
greenlet_spawn has not been called; can't call await_only() here` (or a `StatementError` around it, by version and
driver). The most common form: `await session.commit()`, then `return order.total`.

## Example
```python
from shop import AsyncSessionLocal, Order


async def greeting(order_id: int) -> str:
    async with AsyncSessionLocal() as session:
        order = await session.get_one(Order, order_id)
        return f"Dear {order.customer.name}, order {order.id} is on its way."
```

## Use instead
```python
from sqlalchemy.orm import joinedload

from shop import AsyncSessionLocal, Order


async def greeting(order_id: int) -> str:
    async with AsyncSessionLocal() as session:
        order = await session.get_one(Order, order_id, options=[joinedload(Order.customer)])
        return f"Dear {order.customer.name}, order {order.id} is on its way."
```

## Automatic fix
`--fix --unsafe`: the loader option on the query, with its import, where the query is in sight and names the class.

## When it is fine
- The attribute was loaded: by an option, by the mapping, by `await session.refresh(order, ["customer"])`.
- `await order.awaitable_attrs.customer`, with `AsyncAttrs` on the base class.
- Inside `await session.run_sync(work)`: there a lazy load is allowed.
- After a commit, with `async_sessionmaker(engine, expire_on_commit=False)`; mind that a rollback expires all the same.
- A primary key that was just flushed, a column with a default in Python.

## Known gaps
- What an event listener or a hybrid property reads is followed only through plain attribute reads.
- After the session closed the same read is `detached-access`.

## Sources
- SQLAlchemy, error code `xd2s`: MissingGreenlet.
- SQLAlchemy, "Asynchronous I/O (asyncio)": "Preventing Implicit IO when Using AsyncSession".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.records import AttributeRead, Committed, InstanceLoaded, Record, RolledBack

hazard = Hazard(
    __name__, code="HM402", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("xd2s",)
)

_CURES = {
    "commit": "await session.refresh(…) first, or make the sessionmaker with expire_on_commit=False",
    "rollback": "read what you need before the rollback, or await session.refresh(…) after it",
}
"""By what expired the attribute: no setting keeps a rollback from it."""


@hazard.on(AttributeRead)
def loads_without_await(moment: Moment) -> Iterator[Sighting]:
    """A read under AsyncSession that would have to run a SELECT."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeRead)
    if moment.outcome.code != "xd2s" or instance is None or "response" in moment.where.notes:
        return
    story: list[tuple[Record, str]] = []
    remedy = None
    loaded = moment.last_of(record.instance, InstanceLoaded)
    if moment.outcome.because == "expired" or record.attribute in instance.expired:
        cause = moment.last_in(instance.session, Committed, RolledBack)
        story += [(cause, "expires every instance")] if cause else []
        fix = _CURES.get(instance.expired_by or "", "await session.refresh(…) first")
    else:
        story += [(loaded, f"loaded without `{record.attribute}`")] if loaded else []
        entity = instance.mapping.name.rpartition(".")[2]
        loader = "selectinload" if record.attribute in instance.mapping.relations else "undefer"
        fix = f"add .options({loader}({entity}.{record.attribute})) to the query"
        remedy = Remedy("loader-option", (loaded,), (loader, entity, record.attribute)) if loaded else None
    yield Sighting(
        message=f"{moment.text(record.site)} needs a SELECT that nobody awaits: it raises MissingGreenlet",
        fix=fix,
        confidence="proven",
        story=(*story, (record, "raises MissingGreenlet")),
        remedy=remedy,
    )
