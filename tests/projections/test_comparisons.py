"""Statements built for every call: those that differ in their values only are prepared once."""

from __future__ import annotations

import operator
from typing import Any

import pytest
import sqlmodel
from pydantic import BaseModel
from sqlalchemy import Select, and_, bindparam, event, func, or_, select
from sqlalchemy.orm import Session, aliased

from hermetic import fetch, fetch_one
from hermetic._projections.comparisons import comparisons_of
from hermetic._projections.ready import KNOWN

from .bazaar import Customer, Item, Order, State
from .conftest import Bazaar

OTHER = aliased(Order)


class OrderRead(BaseModel):
    number: str
    customer_id: int | None


KNOWN_AGAIN = {
    "a class": [select(Order), select(Order)],
    "a key": [select(Order).where(Order.id == key) for key in (1, 2, 99)],
    "a converted value": [select(Order).where(Order.code == code) for code in ("a", "b")],
    "an enum": [select(Order).where(Order.state == state) for state in State],
    "two columns": [select(Order).where(Order.id > key, Order.number != "A-3") for key in (1, 4)],
    "and_": [select(Order).where(and_(Order.id >= key, Order.id < 5)) for key in (1, 4)],
    "where twice": [select(Order).where(Order.id <= key).where(Order.number == "A-1") for key in (1, 4)],
    "not": [select(Order).where(~(Order.id == key)) for key in (1, 4)],
    "SQLModel's select": [sqlmodel.select(Order).where(Order.id == key) for key in (1, 4)],
}
PREPARED_ANEW = {
    "an order": select(Order).where(Order.id > 1).order_by(Order.id.desc()),
    "a limit": select(Order).where(Order.id > 1).limit(2),
    "distinct": select(Order).where(Order.id > 1).distinct(),
    "a join": select(Order).join(Order.customer).where(Customer.name == "Ada"),
    "a lock": select(Order).where(Order.id > 1).with_for_update(),
    "an option of execution": select(Order).where(Order.id > 1).execution_options(yield_per=2),
    "a comment": select(Order).where(Order.id > 1).with_hint(Order, "…"),
    "an expression beside": select(Order, func.abs(Order.id).label("customer_id")).where(Order.id > 1),
    "or": select(Order).where(or_(Order.id == 1, Order.id == 4)),
    "in": select(Order).where(Order.id.in_([1, 4])),
    "no value": select(Order).where(Order.customer_id == None),  # noqa: E711  # how a comparison with NULL is written
    "two columns compared": select(Order).where(Order.id == Order.customer_id),
    "an expression compared": select(Order).where(func.abs(Order.id) == 1),
    "a relationship": select(Order).where(Order.customer == Customer(id=1)),
    "a value of another type": select(Order).where(Order.id < 4.5),
    "an alias": select(OTHER).where(OTHER.id == 1),
}


@pytest.mark.parametrize("name", KNOWN_AGAIN)
def test_values_are_those_of_the_call(bazaar: Bazaar, name: str) -> None:
    """Each call has the answer for its own values, and all of them one statement."""
    statements = KNOWN_AGAIN[name]
    with bazaar.session() as session:
        expected = [through_orm(session, statement) for statement in statements]
    bazaar.run(fetch, OrderRead, statements[0])
    before = len(KNOWN)

    assert expected == [bazaar.run(fetch, OrderRead, statement) for statement in statements]
    assert before == len(KNOWN)


@pytest.mark.parametrize("name", PREPARED_ANEW)
def test_whatever_else_is_said_counts(bazaar: Bazaar, name: str) -> None:
    """A statement that says more than columns and values is not taken for one that says less."""
    statement = PREPARED_ANEW[name]
    with bazaar.session() as session:
        expected = through_orm(session, statement)

    assert comparisons_of(statement) is None
    if name != "an expression beside":
        assert expected == bazaar.run(fetch, OrderRead, statement)


def test_the_same_condition_on_another_class(bazaar: Bazaar) -> None:
    """Two classes with columns of the same name, and two DTOs, do not meet."""

    class ItemRead(BaseModel):
        sku: str

    class Number(BaseModel):
        number: str

    assert "A-1" == bazaar.run(fetch_one, Number, select(Order).where(Order.id == 1)).number
    assert bazaar.run(fetch_one, OrderRead, select(Order).where(Order.id == 1)).number == "A-1"
    assert [] == bazaar.run(fetch, ItemRead, select(Item).where(Item.id == 999))


def test_named_parameter_is_the_users_own(bazaar: Bazaar) -> None:
    """A parameter that the statement names is passed beside it, as ever."""
    statement = select(Order).where(Order.id == bindparam("key"))

    assert "A-2" == bazaar.run(fetch_one, OrderRead, statement, {"key": 2}).number
    assert "A-3" == bazaar.run(fetch_one, OrderRead, statement, {"key": 3}).number


def test_sql_stays_the_same(session: Session) -> None:
    """The database sees what it saw before: one SELECT of the named columns with the value as a parameter."""
    told: list[Any] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *arguments: told.append(arguments[2:4]))
    fetch(session, OrderRead, select(Order).where(Order.id == 4))

    assert [
        ("SELECT orders.number, orders.customer_id \nFROM orders \nWHERE orders.id = ?", (4,)),
    ] == told
    assert comparisons_of(select(Order).where(Order.id == 4)) == (
        (Select, Order, select(Order).where(Order.id == 4).whereclause.left, operator.eq),  # type: ignore[union-attr]
        {"hermetic_value_0": 4},
    )


def through_orm(session: Session, statement: Any) -> list[OrderRead]:
    """The usual way."""
    found = session.scalars(statement).all()
    return [OrderRead.model_validate(one, from_attributes=True) for one in found]
