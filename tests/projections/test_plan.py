from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from hermetic import Projection, fetch, plan
from hermetic.errors import BadProjection

from .bazaar import Order


class CustomerRead(BaseModel):
    name: str


class OrderRead(BaseModel):
    id: int
    customer: CustomerRead | None
    tags: list[CustomerRead]


PRINTED = """\
OrderRead (Pydantic) from Order: 2 queries
not validated: the column types promise the field types

query 1
    SELECT orders.id, customers_1.name, customers_1.id AS id_1 
    FROM orders LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders.customer_id
    def make_0(a0):
        one = new(dto_5)
        put_values(one, {'name': a0})
        put_names(one, {'name'})
        put_extra(one, None)
        put_private(one, None)
        return one
    def make_1(a0, a1, a2):
        one = new(dto_6)
        put_values(one, {'id': a0, 'customer': a1, 'tags': a2})
        put_names(one, {'id', 'customer', 'tags'})
        put_extra(one, None)
        put_private(one, None)
        return one
    def build(rows, g0):
        return [make_1(r0, (None if r2 is None else make_0(r1)), [*g0.get(r0, ())]) if r0 is not None else absent_7() for (r0, r1, r2, ) in rows]
    def keys_0(rows):
        return list(dict.fromkeys([r0 for (r0, r1, r2, ) in rows if r0 is not None]))

query 2
    SELECT tags.name, orders_1.id 
    FROM orders AS orders_1 JOIN order_tags AS order_tags_1 ON orders_1.id = order_tags_1.order_id JOIN tags ON tags.id = order_tags_1.tag_id 
    WHERE orders_1.id IN (SELECT anon_1.value 
    FROM json_each(?) AS anon_1) ORDER BY tags.name
    def make_0(a0):
        one = new(dto_5)
        put_values(one, {'name': a0})
        put_names(one, {'name'})
        put_extra(one, None)
        put_private(one, None)
        return one
    def build(rows):
        groups = {}
        for (r0, r1, ) in rows:
            key = r1
            value = make_0(r0)
            if key in groups:
                groups[key].append(value)
            else:
                groups[key] = [value]
        return groups

"""  # noqa: W291  # SQLAlchemy ends its lines with a blank


def test_plan_tells_what_will_happen() -> None:
    """The number of queries, whether values are validated, the SQL, and the code that makes the DTOs."""
    assert PRINTED.strip() == plan(OrderRead, Order).strip()
    assert Projection(OrderRead, Order).plan() == plan(OrderRead, Order)


class Promised(BaseModel):
    id: int
    number: str
    placed_at: datetime
    due: date | None


class MayBeNull(BaseModel):
    due: date


class OtherType(BaseModel):
    id: float


class Constrained(BaseModel):
    id: Annotated[int, Field(gt=0)]


class ConstrainedInside(BaseModel):
    number: Annotated[str, Field(max_length=9)] | None


class FieldValidated(BaseModel):
    id: int

    @field_validator("id")
    @classmethod
    def same(cls, value: int) -> int:
        return value


class ModelValidated(BaseModel):
    id: int

    @model_validator(mode="after")
    def same(self) -> ModelValidated:
        return self


class Stripping(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)

    number: str


class Private(BaseModel):
    id: int
    _seen: int = PrivateAttr(default=0)


class Defaulted(BaseModel):
    id: int
    seen: list[int] = []


class Money(BaseModel):
    total: Decimal


class Decorated(BaseModel):
    code: str


class Computed(BaseModel):
    item_count: int


class Outside(BaseModel):
    customer: Customers | None


class Customers(BaseModel):
    introduced_by_id: int


class Struct(msgspec.Struct):
    number: str


class StrictStruct(msgspec.Struct):
    number: Annotated[str, msgspec.Meta(max_length=9)]


@dataclass
class Data:
    number: str


UNCHECKED = "not validated: the column types promise the field types"
REASONS: dict[Any, str] = {
    Promised: UNCHECKED,
    Struct: UNCHECKED,
    MayBeNull: "validated: MayBeNull.due: the column may be NULL",
    OtherType: "validated: OtherType.id: the column's type does not promise float",
    Constrained: "validated: Constrained.id: it has a validator or a constraint",
    ConstrainedInside: "validated: ConstrainedInside.number: it has a validator or a constraint",
    StrictStruct: "validated: StrictStruct.number: it has a validator or a constraint",
    FieldValidated: "validated: FieldValidated.id: it has a validator or a constraint",
    ModelValidated: "validated: ModelValidated: it has a model validator",
    Stripping: "validated: Stripping: its config sets str_strip_whitespace",
    Private: "validated: Private: it has private attributes",
    Defaulted: "validated: Defaulted.seen: its default is made for every instance",
    Money: "validated: Money.total: it has a validator or a constraint",
    Decorated: UNCHECKED,
    Computed: "validated: Computed.item_count: the column's type does not promise int",
    Outside: "validated: Customers.introduced_by_id: the column may be NULL",
    Data: "not validated: a dataclass checks nothing itself",
}


@pytest.mark.parametrize("dto", REASONS, ids=lambda dto: dto.__name__)
def test_validation_runs_where_it_is_needed(dto: Any) -> None:
    """Validation is left out only when the column types promise the field types and nothing else would look."""
    assert REASONS[dto] == plan(dto, Order).splitlines()[1]


def test_validation_can_be_asked_for(session: Session) -> None:
    """`validate=True` validates what need not be, and refuses a DTO that has nothing to validate with."""
    asked = Projection(Promised, Order, validate=True)

    assert "validated: validate=True" == asked.plan().splitlines()[1]
    assert fetch(session, Promised, select(Order)) == asked.query().all(session)
    with pytest.raises(BadProjection) as caught:
        Projection(Data, Order, validate=True)
    assert (
        "Data cannot be validated: a dataclass checks nothing itself.\n"
        "  Leave validate out, or project to a Pydantic model or a msgspec Struct."
    ) == str(caught.value)


def test_validation_can_be_left_out(session: Session) -> None:
    """`validate=False` takes the database's word, unless the model cannot be made without Pydantic."""
    trusting = Projection(MayBeNull, Order, validate=False)

    assert "not validated: validate=False" == trusting.plan().splitlines()[1]
    assert [None, None] == [one.due for one in trusting.query().all(session) if one.due is None]
    with pytest.raises(BadProjection) as caught:
        fetch(session, Private, select(Order), validate=False)
    assert ("Private cannot be made without validation: it has private attributes.\n  Leave validate out.") == str(
        caught.value
    )
