"""Pages are cut from rows that have no certain order: some repeat on the next page, some are on none.

## What it does
Reports a SELECT with an OFFSET, `slice()` or `paginate()` that has no ORDER BY, and one whose collections are loaded by
`subqueryload` under a LIMIT without an order. An ORDER BY of columns that are not unique, such as a date, is *possible*.

## Why it hurts
Without ORDER BY the database gives rows in whatever order its plan of the moment yields, and each page is a query with
a plan of its own: an index more, a vacuum, an updated row, a second worker, and row 10 stands on both pages while row 11
stands on none. The export is short of it, the import makes it twice, and on the developer's small table all is well.

## Example
```python
from sqlalchemy import select

from shop import Order, SessionLocal


def page(number: int, size: int) -> list[int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).offset((number - 1) * size).limit(size)).all()
        return [order.id for order in orders]
```

## Use instead
```python
from sqlalchemy import select

from shop import Order, SessionLocal


def page(number: int, size: int) -> list[int]:
    with SessionLocal() as session:
        newest = select(Order).order_by(Order.created_at.desc(), Order.id)
        orders = session.scalars(newest.offset((number - 1) * size).limit(size)).all()
        return [order.id for order in orders]
```

## Automatic fix
`--fix --unsafe`: `.order_by()` with the primary key, where there is no order at all and the query is in sight.

## When it is fine
- The order ends in the primary key or another unique column, or is an expression or variable that may do so; together
  with what the conditions pin down it may also hold a unique constraint of several columns.
- A LIMIT without an OFFSET: a cap, a batch of a queue, any one row, a test whether there is one.
- The offset is 0 or None, or drawn at random: a sample is no page.
- The query is for one row by its primary key.

## Known gaps
- An ORDER BY whose columns come from a variable, a string or an expression is taken for a total one.
- A unique constraint that only the database knows is not seen.
- A statement that is cut in one function and built in another, a page inside a subquery, `query[10:20]`, and a page by
  key (`where(Order.id > last)`) without an order are missed.

## Sources
- PostgreSQL, "LIMIT and OFFSET": "using different LIMIT/OFFSET values to select different subsets of a query result will
  give inconsistent results unless you enforce a predictable result ordering with ORDER BY".
- SQLAlchemy, "Relationship Loading Techniques": "The Importance of Ordering" (of `subqueryload` with LIMIT).
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.source import PageAsked

hazard = Hazard(__name__, code="HM502", severity="warning", since="0.1", seen_by=("check", "watch"))


@hazard.on(PageAsked)
def cut_from_no_order(moment: Moment) -> Iterator[Sighting]:
    """A part of a result that is told by position, where nothing says which row stands where."""
    record = moment.record
    assert isinstance(record, PageAsked)
    if record.order == "total" or "via" in moment.where.notes:
        return
    key = f"{record.entity}.id" if record.entity != "row" else "a unique column"
    if not record.skips:
        message = (
            f"the subquery for {record.subqueries[0]} may pick other rows than this LIMIT did: no order says which"
        )
    elif record.order == "none":
        message = "this page has no ORDER BY: rows may repeat or be missing between pages"
    else:
        message = (
            "this page is ordered by a column that is not unique: rows alike in it may change places between pages"
        )
    yield Sighting(
        message=message,
        fix=f"end the order with a unique column: .order_by(…, {key})",
        confidence="likely" if record.order == "none" else "possible",
        story=((record, "a part of the rows, by their position"),),
        remedy=Remedy("order-by", (record,), (record.entity, *record.keys)) if record.order == "none" else None,
    )
