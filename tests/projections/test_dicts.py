"""Collections as dicts, keyed by an attribute of the related class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
import pytest
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from hermetic import Projection, fetch, fetch_json
from hermetic.errors import BadProjection
from hermetic.projections import KeyedBy

from .bazaar import Order
from .conftest import Bazaar

BY_ID = select(Order).order_by(Order.id)


class ItemRead(BaseModel):
    price: int


class BySku(BaseModel):
    """The relationship is a dict for the ORM as well."""

    number: str
    items_by_sku: Annotated[dict[str, ItemRead], KeyedBy("sku")]


class ByPosition(BaseModel):
    """The relationship is a list for the ORM."""

    items: Annotated[dict[int, ItemRead], KeyedBy("position")]


class ItemStruct(msgspec.Struct):
    price: int


class StructBySku(msgspec.Struct):
    items_by_sku: Annotated[dict[str, ItemStruct], KeyedBy("sku")]


@dataclass
class ItemData:
    price: int


@dataclass
class DataBySku:
    items_by_sku: Annotated[Mapping[str, ItemData], KeyedBy("sku")]


@pytest.mark.parametrize("validate", [None, True])
def test_dict_is_the_one_of_the_orm(bazaar: Bazaar, validate: bool | None) -> None:
    """A relationship that is a keyed dict gives the dict that `model_validate` makes of it, in the same order."""
    expected = through_orm(bazaar)

    assert expected == bazaar.run(fetch, BySku, BY_ID, validate=validate)
    assert [list(one.items_by_sku) for one in expected] == [
        list(one.items_by_sku) for one in bazaar.run(fetch, BySku, BY_ID, validate=validate)
    ]


def test_dict_is_the_one_of_the_orm_on_postgres(postgres_bazaar: Bazaar) -> None:
    """The same in PostgreSQL."""
    assert through_orm(postgres_bazaar) == postgres_bazaar.run(fetch, BySku, BY_ID)


def test_list_of_the_orm_is_keyed_as_well(bazaar: Bazaar) -> None:
    """The mark names any column of the related class, whatever collection the relationship has."""
    with bazaar.session() as session:
        expected = [
            ByPosition(items={item.position: ItemRead(price=item.price) for item in order.items})
            for order in session.scalars(BY_ID)
        ]

    assert expected == bazaar.run(fetch, ByPosition, BY_ID)


def test_other_kinds_of_dto(bazaar: Bazaar) -> None:
    """msgspec Structs, validated or not, and dataclasses."""
    plain = [{sku: item.price for sku, item in one.items_by_sku.items()} for one in through_orm(bazaar)]

    for dto, validate in ((StructBySku, None), (StructBySku, True), (DataBySku, None)):
        found: list[Any] = bazaar.run(fetch, dto, BY_ID, validate=validate)
        assert plain == [{sku: item.price for sku, item in one.items_by_sku.items()} for one in found]


def test_json(bazaar: Bazaar) -> None:
    """Objects by key, as Pydantic writes them."""
    expected = b"[" + b",".join(one.model_dump_json().encode() for one in through_orm(bazaar)) + b"]"

    assert expected == bazaar.run(fetch_json, BySku, BY_ID)


def test_number_of_queries(bazaar: Bazaar) -> None:
    """A dict takes one query, like a list."""
    bazaar.run(fetch, BySku, BY_ID)

    assert 2 == len([text for text in bazaar.statements if text.startswith("SELECT")])


class Unnamed(BaseModel):
    items: dict[str, ItemRead]


class Misspelt(BaseModel):
    items: Annotated[dict[str, ItemRead], KeyedBy("skew")]


class OfAnotherType(BaseModel):
    items: Annotated[dict[str, ItemRead], KeyedBy("price")]


REFUSED = {
    Unnamed: "Unnamed.items: dict[str, ItemRead] is read from Order.items, a collection of Item, and does not say which "
    "attribute of Item is the key.\n"
    '  Annotate the field with Annotated[dict[str, ItemRead], KeyedBy("…")]; KeyedBy is in hermetic.projections.',
    Misspelt: "Misspelt.items: dict[str, ItemRead] is read from Order.items, keyed by 'skew', which is no column of Item.\n"
    "  Name one of order_id, position, id, sku, price.",
    OfAnotherType: "OfAnotherType.items: dict[str, ItemRead] is read from Order.items, keyed by Item.price, which gives "
    "int.\n  Annotate the keys with int.",
}


@pytest.mark.parametrize("dto", REFUSED)
def test_bad_key_is_refused(dto: type[BaseModel]) -> None:
    """A dict has to say what its key is, and the key has to fit."""
    with pytest.raises(BadProjection) as caught:
        Projection(dto, Order)

    assert REFUSED[dto] == str(caught.value)


def through_orm(bazaar: Bazaar) -> list[BySku]:
    """The usual way."""
    with bazaar.session() as session:
        return usual(session)


def usual(session: Session) -> list[BySku]:
    return [BySku.model_validate(one, from_attributes=True) for one in session.scalars(BY_ID)]
