from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypedDict

import attrs
import msgspec
import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, computed_field
from sqlalchemy import select
from sqlalchemy.orm import Session

from hermetic import Projection, fetch, fetch_json
from hermetic.errors import BadProjection

from .bazaar import Item, Order
from .conftest import Bazaar

BY_ID = select(Order).order_by(Order.id)


class ItemRead(BaseModel):
    sku: str


class OrderRead(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    order_id: int = Field(validation_alias="id", serialization_alias="orderId")
    total: Decimal
    due: date | None
    items: list[ItemRead]

    @computed_field
    def size(self) -> int:
        return len(self.items)


def test_pydantic_writes_its_models(bazaar: Bazaar) -> None:
    """The bytes are those of Pydantic, aliases and computed fields included."""
    with bazaar.session() as session:
        instances = [OrderRead.model_validate(one, from_attributes=True) for one in session.scalars(BY_ID)]

    assert TypeAdapter(list[OrderRead]).dump_json(instances, by_alias=True) == bazaar.run(fetch_json, OrderRead, BY_ID)


def test_msgspec_writes_the_rest(session: Session) -> None:
    """Structs, dataclasses, attrs classes and TypedDicts, and what is nested in them."""

    class Struct(msgspec.Struct):
        sku: str

    @dataclass
    class Data:
        sku: str

    @attrs.define
    class Attrs:
        sku: str

    class Typed(TypedDict):
        sku: str

    statement = select(Item).where(Item.order_id == 1).order_by(Item.position)
    expected = b'[{"sku":"sku-1-0"},{"sku":"sku-1-1"}]'

    assert [expected] * 4 == [fetch_json(session, dto, statement) for dto in (Struct, Data, Attrs, Typed)]
    assert expected == Projection(Struct, Item).query(statement).json(session)


def test_dataclass_around_pydantic(session: Session) -> None:
    """Pydantic writes what holds one of its models."""

    @dataclass
    class Around:
        id: int
        items: list[ItemRead]

    assert b'[{"id":4,"items":[]}]' == fetch_json(session, Around, select(Order).where(Order.id == 4))


def test_two_frameworks_that_know_nothing_of_each_other(session: Session) -> None:
    """No framework writes a Struct that holds a Pydantic model."""

    class Mixed(msgspec.Struct):
        items: list[ItemRead]

    with pytest.raises(BadProjection) as caught:
        fetch_json(session, Mixed, BY_ID)

    assert (
        "Mixed holds Pydantic and msgspec DTOs, and nothing writes all of them as JSON.\n"
        "  Use one framework for the DTO and those inside it."
    ) == str(caught.value)
    assert 6 == len(fetch(session, Mixed, BY_ID))
