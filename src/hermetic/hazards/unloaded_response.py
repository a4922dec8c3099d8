"""A response model names relations or columns that the query did not load.

## What it does
Compares the fields of a Pydantic model, taken from a `response_model`, a return annotation or a `model_validate` call,
with what the query of the object loaded. A field that needs another SELECT is reported where the object is handed over:
at the conversion, or at the `return` of the endpoint.

## Why it hurts
The serializer reads every field it names. Under `AsyncSession` an unloaded one raises `MissingGreenlet`, after the
session closed `DetachedInstanceError`; Pydantic wraps both in a `ValidationError: Error extracting attribute`, FastAPI
in a `ResponseValidationError`, which looks like bad data. With an open synchronous session a list works by one SELECT
per row and relation.

## Example
```python
from pydantic import BaseModel, ConfigDict

from shop import AsyncSessionLocal, Order


class ItemRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    quantity: int


class OrderRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    items: list[ItemRead]


async def read_order(order_id: int) -> OrderRead:
    async with AsyncSessionLocal() as session:
        order = await session.get_one(Order, order_id)
        return OrderRead.model_validate(order)
```

## Use instead
```python
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import selectinload

from shop import AsyncSessionLocal, Order


class ItemRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    quantity: int


class OrderRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    items: list[ItemRead]


async def read_order(order_id: int) -> OrderRead:
    async with AsyncSessionLocal() as session:
        order = await session.get_one(Order, order_id, options=[selectinload(Order.items)])
        return OrderRead.model_validate(order)
```

## Automatic fix
`--fix --unsafe`: the loader option on the query, with its import, where the query is in sight and names the class.

## When it is fine
- The model names only loaded columns.
- One object and a synchronous session that is still open: each relation costs a SELECT, and works.
- The relation was loaded by an option, by `lazy="selectin"` or `"joined"` in the mapping, or by an earlier read.
- The endpoint builds the response itself, from values it read while the session was open.

## Known gaps
- What a validator of a response model reads before its fields (`mode="before"`), and puts into the place of an object, is
  not followed.
- Models made at run time (`create_model`, generics with unknown arguments) and custom validators are not read.
- A computed field is followed only through plain attribute reads.

## Sources
- FastAPI, "Response Model - Return Type"; Pydantic, "Models": "Arbitrary class instances" (`from_attributes`).
- SQLAlchemy, error codes `bhk3` (DetachedInstanceError) and `xd2s` (MissingGreenlet).
- SQLAlchemy, "Relationship Loading Techniques".
"""

from __future__ import annotations

from collections.abc import Iterator

from .._catalogue import Hazard, Moment, Remedy, Sighting
from .._lifecycle.records import AttributeRead, InstanceLoaded, Key

hazard = Hazard(
    __name__, code="HM303", severity="error", since="0.1", seen_by=("check", "watch"), sqlalchemy_codes=("bhk3", "xd2s")
)


@hazard.on(AttributeRead)
def serialized_without_being_loaded(moment: Moment) -> Iterator[Sighting]:
    """A response model or DTO reads what the query did not load."""
    record, instance = moment.record, moment.instance
    assert isinstance(record, AttributeRead)
    notes = moment.where.notes
    if "response" not in notes or instance is None:
        return
    fails = moment.outcome.code in {"xd2s", "bhk3"}
    per_row = moment.outcome.effect == "emits-sql" and moment.outcome.because == "lazy" and "per-item" in notes
    if not fails and not per_row:
        return
    model = notes[notes.index("response") + 2]
    entity = instance.mapping.name.rpartition(".")[2]
    relation = instance.mapping.relations.get(record.attribute)
    loaded = moment.last_of(record.instance, InstanceLoaded)
    is_shared = _is_far(record.instance) and not (relation and relation.many)
    is_expired = moment.outcome.because == "expired"
    loader = "selectinload" if relation else "undefer"
    option = f"{loader}({entity}.{record.attribute})"
    yield Sighting(
        message=f"{model} reads {entity}.{record.attribute}, which the query did not load"
        + ("" if fails else ": a SELECT for each row"),
        fix="refresh() before the return" if is_expired else f"add .options({option}) to the query",
        confidence="proven" if fails else "possible" if is_shared else "likely",
        remedy=Remedy("loader-option", (loaded,), (loader, entity, record.attribute))
        if loaded and not is_expired
        else None,
        story=(*(((loaded, f"loaded without `{record.attribute}`"),) if loaded else ()), (record, f"{model} reads it")),
    )


def _is_far(instance: Key) -> bool:
    """Whether an instance was reached from a row by a to-one relation: many rows may share what hangs on it."""
    return getattr(instance, "attribute", "*") != "*"
