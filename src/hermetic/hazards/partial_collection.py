"""A relationship is filled from rows that hold a part of what belongs in it, or what belongs elsewhere.

## What it does
Reports `contains_eager()` for a relationship that the statement does not join, and one whose collection a WHERE narrows:
the part that was asked for then stands in the session as if it were the whole.

## Why it hurts
`contains_eager` fills a relationship from the statement's own rows and asks nothing. Without a join these rows are every
order beside every item, and each order gets all the items of the shop. With a condition on the items, `order.items` holds
those that met it; the session knows only one object for that order, so whoever loads it next, by `selectinload` even,
gets the part, adds it up and is wrong. Where the order was there before, its collection stays as it was and the
condition does nothing.

## Example
```python
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, selectinload

from shop import Order, OrderItem, SessionLocal


def pieces(product_id: int) -> dict[int, int]:
    with SessionLocal() as session:
        ordered = select(Order).join(Order.items).where(OrderItem.product_id == product_id)
        with_product = session.scalars(ordered.options(contains_eager(Order.items))).unique().all()
        print(f"{len(with_product)} orders have it")
        orders = session.scalars(select(Order).options(selectinload(Order.items))).all()
        return {order.id: len(order.items) for order in orders}


def items_by_order() -> dict[int, list[int]]:
    with SessionLocal() as session:
        orders = session.scalars(select(Order).options(contains_eager(Order.items))).unique().all()
        return {order.id: [item.id for item in order.items] for order in orders}
```

## Use instead
```python
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, selectinload

from shop import Order, OrderItem, SessionLocal


def pieces(product_id: int) -> dict[int, int]:
    with SessionLocal() as session:
        ordered = select(Order).where(Order.items.any(OrderItem.product_id == product_id))
        with_product = session.scalars(ordered).all()
        print(f"{len(with_product)} orders have it")
        orders = session.scalars(select(Order).options(selectinload(Order.items))).all()
        return {order.id: len(order.items) for order in orders}


def items_by_order() -> dict[int, list[int]]:
    with SessionLocal() as session:
        joined = select(Order).outerjoin(Order.items).options(contains_eager(Order.items))
        orders = session.scalars(joined).unique().all()
        return {order.id: [item.id for item in order.items] for order in orders}
```

## When it is fine
- A condition on the owner, or on a many-to-one that was joined: whoever is there is whole.
- A condition that asks by `any()`, `has()` or a subquery, and leaves the joined rows alone.
- A part that is read and let go with its session. SQLAlchemy documents this use, with `populate_existing`; it is
  reported as *possible*, and with `populate_existing` not at all, as long as nobody writes to the collection.

## Known gaps
- A join with an alias, or a condition that comes from a variable, is not understood; nothing is then reported.
- `selectinload(Order.items.and_(…))` and `with_loader_criteria` leave a part behind as well, and are taken as meant.
- A condition inside the ON clause of an outer join, and who reads the part later in another function, are not seen.

## Sources
- SQLAlchemy, "Relationship Loading Techniques": "Using contains_eager() to load a custom-filtered collection result",
  with its tip: "that collection no longer represents what's actually in the database".
- SQLAlchemy's warning "SELECT statement has a cartesian product between FROM element(s)".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Confidence, Hazard, Moment, Sighting
from .._lifecycle.records import AttributeWritten, InstanceLoaded, Record
from .._lifecycle.source import RelationsTaken

hazard = Hazard(__name__, code="HM504", severity="error", since="0.1", seen_by=("check",))

_EAGER = frozenset({"joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager"})


@hazard.on(RelationsTaken)
def filled_from_the_rows(moment: Moment) -> Iterator[Sighting]:
    """`contains_eager` of a relationship that the statement's rows know nothing of, or know in part."""
    record = moment.record
    assert isinstance(record, RelationsTaken)
    for name in record.unjoined:
        yield Sighting(
            message=f"contains_eager({record.entity}.{name}) without a join pairs every {record.entity} with every row",
            fix=f"add .join({record.entity}.{name}), or load it by selectinload({record.entity}.{name})",
            story=((record, "nothing joins the two"),),
        )
    if record.filtered and not record.repopulates:
        yield from _narrowed(moment, record, record.filtered[0])


def _narrowed(moment: Moment, record: RelationsTaken, name: str) -> Iterator[Sighting]:
    """A collection filled with those of its members that met a condition."""
    before = next((r for r in moment.history() if _has_loaded(r, record, name)), None)
    if before is None:
        yield _part(record, name, "possible", (record, "filled with a part"))
        return
    yield Sighting(
        message=f"{record.entity}.{name} was loaded before: this condition on it does nothing",
        fix="add .execution_options(populate_existing=True), or ask for the members themselves",
        confidence="likely",
        story=((before, "loaded whole"), (record, "asked for in part")),
    )


@hazard.on(InstanceLoaded)
def loaded_again(moment: Moment) -> Iterator[Sighting]:
    """A query that wants the whole of a collection of which the session holds a part."""
    record = moment.record
    assert isinstance(record, InstanceLoaded)
    if record.populate_existing or "query" not in moment.where.notes:
        return
    names = {option.path[0] for option in record.options if option.kind in _EAGER and len(option.path) == 1}
    part = moment.last_in(record.session, RelationsTaken)
    if part is None or part.site == record.site or part.entity != record.mapping.name.rpartition(".")[2]:
        return
    for name in names.intersection(part.filtered):
        yield _part(part, name, "likely", (part, "filled with a part"), (record, "loaded again, and the part stays"))


@hazard.on(AttributeWritten)
def written_in_part(moment: Moment) -> Iterator[Sighting]:
    """A change to a collection of which only a part is there."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeWritten)
    loaded = moment.last_of(record.instance, InstanceLoaded) if instance is not None else None
    if loaded is None:
        return
    part = next(
        (
            r
            for r in moment.history()
            if isinstance(r, RelationsTaken) and r.session == loaded.session and _is_of(r, loaded)
        ),
        None,
    )
    if part is not None and record.attribute in part.filtered:
        yield _part(
            part, record.attribute, "likely", (part, "filled with a part"), (record, "changed as if it were whole")
        )


def _part(record: RelationsTaken, name: str, confidence: Confidence, *story: tuple[Record, str]) -> Sighting:
    return Sighting(
        message=f"the session holds a part of {record.entity}.{name} from here on, and takes it for the whole",
        fix=f"ask for the members themselves, or test with {record.entity}.{name}.any() and load the whole collection",
        confidence=confidence,
        story=story,
        at=record,
    )


def _is_of(part: RelationsTaken, loaded: InstanceLoaded) -> bool:
    return part.site == loaded.site or getattr(part.site, "line", 0) == getattr(loaded.site, "line", None)


def _has_loaded(record: Record, part: RelationsTaken, name: str) -> bool:
    """Whether the session got the collection before, from another query."""
    return (
        isinstance(record, InstanceLoaded)
        and record.session == part.session
        and record.site != part.site
        and record.mapping.name.rpartition(".")[2] == part.entity
        and any(option.kind in _EAGER and option.path == (name,) for option in record.options)
    )
