from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pytest
from pydantic import AliasPath, BaseModel, ConfigDict, Field, RootModel
from sqlalchemy import select, union
from sqlalchemy.orm import Session
from sqlmodel import Field as Column
from sqlmodel import SQLModel

from hermetic import Projection, fetch
from hermetic.errors import BadProjection

from .bazaar import Customer, Item, Order


class CustomerRead(BaseModel):
    name: str


@dataclass
class CustomerData:
    name: str


class Misspelt(BaseModel):
    nubmer: str


class Unmapped(BaseModel):
    shouted: str


class WrongType(BaseModel):
    id: str


@dataclass
class WrongData:
    number: int


class WrongStruct(msgspec.Struct):
    number: int


@dataclass
class NullableData:
    due: str
    customer_id: int


@dataclass
class WithCustomer:
    customer: CustomerData


class CollectionForOne(BaseModel):
    customer: list[CustomerRead]


class OneForCollection(BaseModel):
    items: CustomerRead


class BareCollection(BaseModel):
    items: list[Any]


class Endless(BaseModel):
    name: str
    introduced: list[Endless]


class Greedy(BaseModel):
    model_config = ConfigDict(extra="allow")

    id: int


class Stepping(BaseModel):
    name: str = Field(validation_alias=AliasPath("customer", "name"))


class Table(SQLModel, table=True):
    id: int = Column(primary_key=True)


MISMATCHES: dict[str, tuple[Any, type, str]] = {
    "misspelt": (
        Misspelt,
        Order,
        "Misspelt.nubmer names no mapped attribute of Order.\n  Did you mean 'number'?",
    ),
    "plain Python": (
        Unmapped,
        Order,
        "Unmapped.shouted names no mapped attribute of Order: Order.shouted is plain Python, which a database cannot "
        "select.\n  Make it a hybrid_property or a column_property, or give Unmapped.shouted a default.",
    ),
    "type that Pydantic refuses": (
        WrongType,
        Order,
        "WrongType.id: str is read from Order.id, which gives int.\n"
        "  Annotate the field with int, or read it from a hybrid attribute that converts.",
    ),
    "type of a dataclass": (
        WrongData,
        Order,
        "WrongData.number: int is read from Order.number, which gives str.\n"
        "  Annotate the field with str, or read it from a hybrid attribute that converts.",
    ),
    "None in a dataclass": (
        WithCustomer,
        Order,
        "WithCustomer.customer: CustomerData is read from Order.customer, which may be None.\n"
        "  Annotate the field with CustomerData | None.",
    ),
    "collection for one": (
        CollectionForOne,
        Order,
        "CollectionForOne.customer: list[CustomerRead] is read from Order.customer, a single Customer; "
        "list[CustomerRead] is no DTO for it.\n  Annotate the field with the DTO of that class.",
    ),
    "one for a collection": (
        OneForCollection,
        Order,
        "OneForCollection.items: CustomerRead is read from Order.items, a collection of Item; CustomerRead cannot hold "
        "it.\n  Annotate the field with list[…], tuple[…, ...], set[…] or frozenset[…] of the DTO of that class.",
    ),
    "collection of nothing known": (
        BareCollection,
        Order,
        "BareCollection.items: list[Any] is read from Order.items, a collection of Item; list[Any] cannot hold it.\n"
        "  Annotate the field with list[…], tuple[…, ...], set[…] or frozenset[…] of the DTO of that class.",
    ),
    "itself inside": (
        Endless,
        Customer,
        "Endless → Endless: Endless contains itself, so the number of queries would depend on the data.\n"
        "  Say how many levels are wanted: introduced: Annotated[…, Depth(3)] with a default; Depth is in "
        "hermetic.projections.",
    ),
    "takes anything": (
        Greedy,
        Order,
        "Greedy has extra='allow': it takes any attribute, and a projection selects only those named.\n"
        "  Name the fields and drop extra='allow'.",
    ),
    "path": (
        Stepping,
        Order,
        "Stepping.name is found by an AliasPath of several steps, which projections do not follow.\n"
        "  Nest a model for the related object, or name a hybrid attribute of the mapped class.",
    ),
    "root model": (
        RootModel[int],
        Order,
        "RootModel[int] is a RootModel of int: it names no field, so there is nothing to select.\n"
        "  Project to a model, and build the RootModel from the result.",
    ),
    "table": (
        Table,
        Order,
        "Table is a table: its instances belong to a session.\n"
        "  Project to a read model, a subclass of SQLModel without table=True.",
    ),
    "no mapped class": (
        CustomerRead,
        CustomerRead,
        "CustomerRead itself is no mapped class.\n  Name the class that SQLAlchemy maps, then the DTO.",
    ),
    "no DTO": (
        int,
        Order,
        "<class 'int'> is no DTO that projections know.\n  Known are Pydantic 2 and SQLModel models, msgspec Structs, "
        "dataclasses, attrs classes, TypedDict and NamedTuple.",
    ),
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_mismatch_names_both_sides(name: str) -> None:
    """A DTO that does not fit is refused when the projection is made, with the two names and the next step."""
    dto, entity, message = MISMATCHES[name]

    with pytest.raises(BadProjection) as caught:
        Projection(dto, entity)

    assert message == str(caught.value)


class OrderRead(BaseModel):
    id: int


@pytest.mark.parametrize("base", ["Pydantic", "dataclass", "TypedDict"])
def test_name_that_is_not_defined(base: str) -> None:
    """An annotation that names nothing is an error that says where to look."""
    annotations = {"customer": "Nowhere"}
    dto: Any = {
        "Pydantic": lambda: type("Lost", (BaseModel,), {"__annotations__": annotations, "__module__": __name__}),
        "dataclass": lambda: dataclass(type("Lost", (), {"__annotations__": annotations, "__module__": __name__})),
        "TypedDict": lambda: TypedDict("Lost", annotations),  # type: ignore[operator]  # made in the test
    }[base]()

    with pytest.raises(BadProjection) as caught:
        Projection(dto, Order)

    assert (
        "Lost has an annotation with the name 'Nowhere', which is not defined in its module.\n"
        "  Define Nowhere at the top level of the module, before the projection is made."
    ) == str(caught.value)


STATEMENTS: dict[str, tuple[Callable[[], Any], str]] = {
    "the class itself": (
        lambda: Order,
        "A projection reads from select(SomeClass) or select(SomeClass).from_statement(…), and this is Order itself.\n"
        "  A UNION or a text goes in as select(SomeClass).from_statement(it).",
    ),
    "a union": (
        lambda: union(select(Order), select(Order)),
        "A projection reads from select(SomeClass) or select(SomeClass).from_statement(…), and this is a "
        "CompoundSelect.\n  A UNION or a text goes in as select(SomeClass).from_statement(it).",
    ),
    "two things": (
        lambda: select(Order, Item),
        "A projection reads from a statement that selects one mapped class, and this one selects Order, Item.\n"
        "  Select the class first; the DTO says which of its columns are wanted. Expressions may follow, labelled with "
        "the names of their fields.",
    ),
    "a column": (
        lambda: select(Order.id),
        "A projection reads from a statement that selects one mapped class, and this one selects id.\n"
        "  Select the class first; the DTO says which of its columns are wanted. Expressions may follow, labelled with "
        "the names of their fields.",
    ),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_that_selects_no_class_is_refused(session: Session, name: str) -> None:
    """The statement selects one mapped class; anything else is refused by what it is."""
    make, message = STATEMENTS[name]

    with pytest.raises(BadProjection) as caught:
        fetch(session, OrderRead, make())

    assert message == str(caught.value)


def test_statement_of_another_class_is_refused() -> None:
    """A projection reads the class it was made for."""
    with pytest.raises(BadProjection) as caught:
        Projection(OrderRead, Order).query(select(Item))

    assert (
        "The projection to OrderRead reads Order, and the statement selects Item.\n"
        "  Pass a statement that starts with select(Order)."
    ) == str(caught.value)


def test_what_is_no_session_is_refused(session: Session) -> None:
    """A connection, or an engine, in the session's place."""
    with pytest.raises(BadProjection) as caught:
        fetch(session.connection(), OrderRead, select(Order))  # type: ignore[call-overload]  # what the test is about

    assert (
        "The first argument is a session, and this is a Connection.\n"
        "  Pass the Session or AsyncSession of your unit of work."
    ) == str(caught.value)


def test_row_that_is_wanted_and_missing(session: Session) -> None:
    """A related row that is not there is an error, not a None in a field that cannot hold it."""

    class WithCustomerStruct(msgspec.Struct):
        customer: CustomerRead

    with pytest.raises(BadProjection) as caught:
        fetch(session, WithCustomerStruct, select(Order))

    assert (
        "Order.customer is None in a row, and customer: CustomerRead cannot hold it.\n"
        "  Annotate the field with CustomerRead | None, or leave out rows without Customer."
    ) == str(caught.value)
