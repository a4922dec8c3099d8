"""A join to a collection repeats its owner in every row, and what counts rows takes them for owners.

## What it does
Reports a `select()` whose collections come in the same rows (`joinedload`, `contains_eager`, `lazy="joined"`) and that
is fetched without `unique()`, or by `yield_per`; a LIMIT over the rows of `contains_eager`; and a plain join to a
collection whose owners are fetched as they come, repeated.

## Why it hurts
An order of five items takes five rows. Fetched without `unique()`, SQLAlchemy refuses: `InvalidRequestError: The unique()
method must be invoked on this Result, as it contains results that include joined eager loads against collections`. Under
a LIMIT of 10 the last order gets its first two items only, in an object that looks complete. SQLAlchemy wraps the
statement in a subquery for `joinedload`, never for a join that the program wrote.

## Example
```python
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from shop import Order, SessionLocal


def baskets() -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(joinedload(Order.items))).all()
        return {order.id: len(order.items) for order in orders}


def first_baskets(count: int) -> dict[int, int]:
    with SessionLocal() as session:
        joined = select(Order).join(Order.items).options(contains_eager(Order.items)).order_by(Order.id)
        orders = session.scalars(joined.limit(count)).unique().all()
        return {order.id: len(order.items) for order in orders}
```

## Use instead
```python
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from shop import Order, SessionLocal


def baskets() -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(joinedload(Order.items))).unique().all()
        return {order.id: len(order.items) for order in orders}


def first_baskets(count: int) -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(selectinload(Order.items)).order_by(Order.id).limit(count)).all()
        return {order.id: len(order.items) for order in orders}
```

## Automatic fix
`--fix` (safe): `.unique()` on the result, where it is fetched or gone over; without it the code does not run at all.

## When it is fine
- `unique()` on the result, before or after `scalars()`.
- `joinedload` under a LIMIT: SQLAlchemy puts the LIMIT into a subquery, for `select()` and for `Query`.
- A legacy `Query`, which makes its entities unique by itself; under a LIMIT it still counts rows.
- `first()` and `session.scalar()`: they take one entity, whole.
- A joined many-to-one: one row for each owner. A collection below `selectinload`: it comes in a query of its own.
- A join under DISTINCT or GROUP BY, or of which the rows are wanted: `select(Order, OrderItem)`.

## Known gaps
- A join with a condition on what was joined may leave one row for each owner: such a finding is only *possible*.
- Options that come from a variable may take a collection out of the join, so that a mapping's `lazy="joined"` is then
  not counted; results read by `mappings()` are not followed.
- A join with an alias, a table or a subquery is not understood.

## Sources
- SQLAlchemy, "Relationship Loading Techniques": "Joined Eager Loading", "Using contains_eager()".
- SQLAlchemy, "What's New in 1.4": "ORM Rows not uniquified by default".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.source import RowsFetched

hazard = Hazard(__name__, code="HM503", severity="error", since="0.1", seen_by=("check",))


@hazard.on(RowsFetched)
def rows_taken_for_owners(moment: Moment) -> Iterator[Sighting]:
    """Rows of a join that are fetched, counted or handed out as if each were another owner."""
    record = moment.record
    assert isinstance(record, RowsFetched)
    if "via" in moment.where.notes:
        return
    if record.collections:
        yield from _refused(record)
        yield from _cut_off(record)
    elif record.multiplied and record.fetch == "all":
        yield from _repeated(record)


def _refused(record: RowsFetched) -> Iterator[Sighting]:
    """A joined collection that SQLAlchemy will not fetch in this way."""
    name = f"{record.entity}.{record.collections[0]}"
    if record.streams:
        yield Sighting(
            message=f"yield_per cannot stream {name}, which is loaded by a join: this raises InvalidRequestError",
            fix=f"load it by selectinload({name}), or fetch without yield_per",
            story=((record, "the rows of one entity may be in two parts"),),
        )
    elif record.fetch != "first" and not record.is_unique and not record.is_legacy:
        yield Sighting(
            message=f"{name} is loaded by a join: fetching without unique() raises InvalidRequestError",
            fix=f"call .unique() on the result, or load it by selectinload({name})",
            story=((record, "each member of the collection repeats its owner"),),
            remedy=Remedy("unique", (record,)),
        )


def _cut_off(record: RowsFetched) -> Iterator[Sighting]:
    """A LIMIT that counts the rows of a join, and so leaves the last owner with a part of its collection."""
    if not record.limited or not record.taken or record.streams:
        return
    name = f"{record.entity}.{record.taken[0]}"
    yield Sighting(
        message=f"LIMIT counts the rows of the join: {name} is cut off where the last of them falls",
        fix=f"limit first, and load the collection by selectinload({name})",
        confidence="possible" if record.filtered else "likely",
        story=((record, "as many rows, not as many owners"),),
    )


def _repeated(record: RowsFetched) -> Iterator[Sighting]:
    """Owners fetched once for each member of a collection that was joined without being loaded."""
    name = record.multiplied[0]
    message = f"each {record.entity} comes as often as it has {name}"
    if record.is_unique or record.is_legacy:
        if not record.limited:
            return
        message = f"LIMIT counts the rows of the join with {name}: fewer {record.entity} come than it asks for"
    yield Sighting(
        message=message,
        fix=f"ask with .where({record.entity}.{name}.any()) instead of the join, or add .distinct()",
        confidence="possible" if record.filtered else "likely",
        story=((record, "one row for each member of the collection"),),
    )
