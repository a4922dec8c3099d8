"""A `RootModel` around a model is read like the model inside it, and always made by Pydantic."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, RootModel, model_validator
from sqlalchemy import select

from hermetic import Projection, fetch, fetch_json
from hermetic.errors import BadProjection

from .bazaar import Order
from .conftest import Bazaar

BY_ID = select(Order).order_by(Order.id)


class ItemRead(BaseModel):
    sku: str


class CustomerRead(BaseModel):
    name: str


class Nobody(RootModel[CustomerRead | None]):
    """A customer who may be missing."""


class Wrapped(RootModel[ItemRead]):
    """An item with a rule of its own."""

    @model_validator(mode="after")
    def shout(self) -> Wrapped:
        self.root.sku = self.root.sku.upper()
        return self


class OrderRead(BaseModel):
    number: str
    customer: Nobody
    items: list[Wrapped]


class OrderRoot(RootModel[OrderRead]):
    """The whole answer."""


def through_orm(bazaar: Bazaar) -> list[OrderRoot]:
    """The usual way."""
    with bazaar.session() as session:
        return [OrderRoot.model_validate(one, from_attributes=True) for one in session.scalars(BY_ID)]


def test_root_model_is_the_one_of_the_orm(bazaar: Bazaar) -> None:
    """At the top, for a related row that may be missing, and in a collection; its validators run."""
    assert through_orm(bazaar) == bazaar.run(fetch, OrderRoot, BY_ID)


def test_root_model_is_the_one_of_the_orm_on_postgres(postgres_bazaar: Bazaar) -> None:
    """The same in PostgreSQL."""
    assert through_orm(postgres_bazaar) == postgres_bazaar.run(fetch, OrderRoot, BY_ID)


def test_json(bazaar: Bazaar) -> None:
    """Written like what is inside."""
    expected = b"[" + b",".join(one.model_dump_json().encode() for one in through_orm(bazaar)) + b"]"

    assert expected == bazaar.run(fetch_json, OrderRoot, BY_ID)


def test_root_model_cannot_go_unvalidated() -> None:
    """Only Pydantic makes it."""
    with pytest.raises(BadProjection) as caught:
        Projection(OrderRoot, Order, validate=False)

    assert "OrderRoot cannot be made without validation: it is a RootModel.\n  Leave validate out." == str(caught.value)
