from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import BaseModel
from sqlalchemy import desc, func, literal, select, text
from sqlalchemy.orm import Session, aliased

from hermetic import fetch, fetch_page
from hermetic.errors import BadProjection

from .bazaar import Customer, Item, Order
from .conftest import Bazaar


class CustomerRead(BaseModel):
    name: str


class OrderSum(BaseModel):
    number: str
    customer: CustomerRead | None
    worth: int
    pieces: int


SUMS = (
    select(Order, func.sum(Item.price).label("worth"), func.count().label("pieces"))
    .join(Order.items)
    .group_by(Order.id)
    .having(func.count() > 1)
    .order_by(desc("worth"))
)


def test_labels_fill_fields(bazaar: Bazaar) -> None:
    """What a statement selects beside its class goes to the fields of the same names; the rest comes from the class."""
    with bazaar.session() as session:
        expected = [
            OrderSum(
                number=order.number,
                customer=order.customer and CustomerRead(name=order.customer.name),
                worth=worth,
                pieces=pieces,
            )
            for order, worth, pieces in session.execute(SUMS)
        ]

    assert expected == bazaar.run(fetch, OrderSum, SUMS)
    assert ["A-5", "A-2", "A-1"] == [order.number for order in expected]


def test_label_goes_before_an_attribute(session: Session) -> None:
    """A label that is called like an attribute of the class is meant."""

    @dataclass
    class Named:
        id: int
        number: str

    statement = select(Order, Customer.name.label("number")).join(Order.customer).where(Order.id == 3)

    assert [Named(id=3, number="Ada")] == fetch(session, Named, statement)


def test_attribute_beside_an_alias(session: Session) -> None:
    """A column of another class needs no label when its own name is wanted; the class may be an alias."""

    class Owned(BaseModel):
        number: str
        name: str

    order = aliased(Order)
    statement = select(order, Customer.name).join(order.customer).order_by(order.id).limit(2)

    assert [Owned(number="A-1", name="Bea"), Owned(number="A-2", name="Cal")] == fetch(session, Owned, statement)


def test_pages_of_labels(session: Session) -> None:
    """Pages count and order the same rows."""
    statement = select(Order, func.count().label("worth"), literal(1).label("pieces")).join(Order.items)
    grouped = statement.group_by(Order.id)
    first = fetch_page(session, OrderSum, grouped, order_by=[Order.number.desc()], size=2, secret="…")
    second = fetch_page(
        session, OrderSum, grouped, order_by=[Order.number.desc()], size=2, secret="…", cursor=first.next
    )
    numbered = fetch_page(session, OrderSum, grouped, number=1, size=2)

    assert ["A-6", "A-5", "A-3", "A-2"] == [order.number for order in [*first.items, *second.items]]
    assert 5 == numbered.total


def test_type_of_a_label_is_checked(session: Session) -> None:
    """A label of a type that the field cannot hold is refused by name."""

    @dataclass
    class Wrong:
        worth: str

    with pytest.raises(BadProjection) as caught:
        fetch(session, Wrong, select(Order, func.count().label("worth")))

    assert (
        "Wrong.worth: str is read from the label 'worth', which gives int.\n"
        "  Annotate the field with int, or read it from a hybrid attribute that converts."
    ) == str(caught.value)


def test_labels_of_a_text_are_refused(session: Session) -> None:
    """A text is matched by the names of the class's columns, and of nothing else."""
    statement = select(Order, literal(1).label("worth")).from_statement(text("SELECT *, 1 AS worth FROM orders"))

    with pytest.raises(BadProjection, match="selects one mapped class, and this one selects Order, worth"):
        fetch(session, OrderSum, statement)
