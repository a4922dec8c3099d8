"""A relationship is loaded, or a query is sent, once for every row of a result.

## What it does
Reports a read of an unloaded relationship or deferred column, and a query on the same session, in a loop or
comprehension over the objects that an earlier query brought; also behind a property or helper that the loop calls.

## Why it hurts
One query for the list and one for each of its rows: a page of 100 orders is 101 round trips. It is fast on the
developer's ten rows and slow on the customer's ten thousand, and no single line looks guilty.

## Example
```python
from sqlalchemy import select

from shop import Order, SessionLocal


def quantities() -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order)).all()
        return {order.id: sum(item.quantity for item in order.items) for order in orders}
```

## Use instead
```python
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop import Order, SessionLocal


def quantities() -> dict[int, int]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(selectinload(Order.items))).all()
        return {order.id: sum(item.quantity for item in order.items) for order in orders}
```

## Automatic fix
`--fix --unsafe`: the loader option on the query, with its import, where the query is in sight and names the class.

## When it is fine
- The relationship came with the list, by an option or by the mapping (`lazy="selectin"`, `"joined"`, `"subquery"`).
- The loop is not over rows: pages, batches, retries, files, a queue that is polled.
- One write per item: an INSERT or UPDATE through the session is gathered into batches by the flush.
- The function that asks keeps its answers: `functools.cache`, `cachetools.cached`.
- The loop ends at its first row, or the branch that asks is the one that leaves it.
- It runs once: when the application starts (its lifespan, what only that calls), in a migration. Only possible there.
- All rows lead to the same target: the query asks for the rows of one parent. Only possible, for it may ask for several.
- A handler of errors asks, for the rows that failed. Only possible as well.
- Under `AsyncSession` the lazy read raises instead; that is `implicit-io`.

## Known gaps
- An instance that was made in the same call has no children but those it was given: a loop over them is told all the same.
- What a validator of a response model reads before its fields (`mode="before"`), and puts into the place of an object, is
  not followed.
- A many-to-one whose targets are few and already in the session costs no query; that cannot be seen before it runs.
- A query that asks the same for every row is not reported, only one that mentions the row.
- How many rows there are is not known: `limit(1)` and `first()` are understood, a table of three rows is not.
- While a program runs, a single row is information only, and only where the read itself stands in a loop: the loop may be
  in a caller.

## Sources
- SQLAlchemy, "Relationship Loading Techniques": "Lazy Loading" (the N plus one problem), "Select IN loading".
- SQLAlchemy, glossary: "N plus one problem".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Confidence, Hazard, Moment, Remedy, Sighting
from .._lifecycle.records import AttributeRead, Executed, InstanceLoaded, Key
from .._lifecycle.schema import Relation

hazard = Hazard(__name__, code="HM501", severity="warning", since="0.1", seen_by=("check", "watch"), is_cost=True)


@hazard.on(AttributeRead)
def a_relation_for_each_row(moment: Moment) -> Iterator[Sighting]:
    """A lazy relationship of each row of a query, read in a loop over them."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeRead)
    if instance is None or moment.outcome.effect != "emits-sql" or moment.outcome.because not in {"lazy", "deferred"}:
        return
    loop = moment.where.in_loop_over
    if "response" in moment.where.notes or loop is None or "per-item" not in moment.where.notes:
        return
    loaded = next(
        (r for r in moment.history() if isinstance(r, InstanceLoaded) and r.instance == record.instance), None
    )
    entity = instance.mapping.name.rpartition(".")[2]
    relation = instance.mapping.relations.get(record.attribute)
    loader = "selectinload" if relation else "undefer"
    option = f"{loader}({entity}.{record.attribute})"
    is_one = "one-so-far" in moment.where.notes
    yield Sighting(
        message=f"{moment.text(record.site)} runs a SELECT for each {entity}"
        + (": 1+1 SELECTs now, N+1 with more rows" if is_one else ""),
        fix=f"add .options({option}) to the query",
        confidence="possible"
        if is_one or (loaded and record.attribute in loaded.shared)
        else _confidence(moment, relation, loop),
        remedy=Remedy("loader-option", (loaded,), (loader, entity, record.attribute)) if loaded else None,
        story=(
            *(((loaded, f"loaded without `{record.attribute}`"),) if loaded else ()),
            (record, "a SELECT for each row"),
        ),
    )


@hazard.on(Executed)
def a_query_for_each_row(moment: Moment) -> Iterator[Sighting]:
    """A query that asks for one row at a time, in a loop over the rows of another."""
    record = moment.record
    assert isinstance(record, Executed)
    loop = moment.where.in_loop_over
    notes = moment.where.notes
    if record.writes or loop is None or "per-item" not in notes or "cached" in notes:
        return
    yield Sighting(
        message=f"{moment.text(record.site).partition('(')[0]} runs once for each row of the loop",
        fix="ask for all of them in one query, with in_() or a join",
        confidence="likely"
        if _is_over_rows(loop) and ("via" not in notes or "lookup" in notes) and "handling" not in notes
        else "possible",
        story=((record, "a query for each row"),),
    )


def _confidence(moment: Moment, relation: Relation | None, loop: Key) -> Confidence:
    """A handler of errors runs for few of the rows; the target of a many-to-one may be in the session already."""
    if "handling" in moment.where.notes:
        return "possible"
    return "proven" if relation is not None and relation.many and _is_over_rows(loop) else "likely"


def _is_over_rows(loop: Key) -> bool:
    """Whether a loop goes over what a query brought, so that its length is not in the code."""
    return getattr(loop, "kind", "") == "rows"
