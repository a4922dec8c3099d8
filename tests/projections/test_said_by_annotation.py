"""What a field says for itself: how deep a tree is read, what is counted, which expression is selected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
import pytest
from pydantic import BaseModel, RootModel
from sqlalchemy import ForeignKey, create_engine, event, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, relationship

from hermetic import Projection, fetch, fetch_json
from hermetic.errors import BadProjection
from hermetic.projections import Count, Depth, Expression

from .bazaar import Customer, Order
from .conftest import Bazaar


class Base(DeclarativeBase):
    pass


class Branch(Base):
    __tablename__ = "branches"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("branches.id"))
    parent: Mapped[Branch | None] = relationship(remote_side=[id], viewonly=True)
    children: Mapped[list[Branch]] = relationship(order_by="Branch.id")


class Tree(BaseModel):
    name: str
    children: Annotated[list[Tree], Depth(2)] = []


class TreeStruct(msgspec.Struct):
    name: str
    children: Annotated[list[TreeStruct], Depth(2)] = []


@dataclass
class TreeData:
    name: str
    children: Annotated[list[TreeData], Depth(2)] = field(default_factory=list)


class Upwards(BaseModel):
    name: str
    parent: Annotated[Upwards | None, Depth(2)] = None


@pytest.fixture
def session() -> Iterator[Session]:
    """A trunk with four generations below it."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        names = ["trunk", "limb", "bough", "twig", "leaf"]
        session.add_all(Branch(id=place, name=name, parent_id=place - 1 or None) for place, name in enumerate(names, 1))
        session.commit()
        yield session
    engine.dispose()


TRUNK = select(Branch).where(Branch.name == "trunk")


@pytest.mark.parametrize("dto", [Tree, TreeStruct, TreeData])
def test_tree_is_read_as_deep_as_it_says(session: Session, dto: Any) -> None:
    """Two levels below the first; below them the field keeps its default."""
    (trunk,) = fetch(session, dto, TRUNK)

    assert dto(name="trunk", children=[dto(name="limb", children=[dto(name="bough")])]) == trunk


def test_number_of_queries_is_that_of_the_levels(session: Session) -> None:
    """However many rows there are."""
    statements: list[str] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    fetch(session, Tree, TRUNK)

    assert 3 == len(statements)


def test_single_row_is_followed_upwards(session: Session) -> None:
    """By a join for each level."""
    (leaf,) = fetch(session, Upwards, select(Branch).where(Branch.name == "leaf"))

    assert Upwards(name="leaf", parent=Upwards(name="twig", parent=Upwards(name="bough"))) == leaf


def test_json_of_a_tree(session: Session) -> None:
    """As Pydantic writes it."""
    expected = b"[" + b",".join(one.model_dump_json().encode() for one in fetch(session, Tree, TRUNK)) + b"]"

    assert expected == fetch_json(session, Tree, TRUNK)


class Bottomless(BaseModel):
    children: Annotated[list[Bottomless], Depth(2)]


def test_depth_needs_a_default_to_end_with() -> None:
    """Something has to be there at the end."""
    with pytest.raises(BadProjection) as caught:
        Projection(Bottomless, Branch)

    assert (
        "Bottomless.children ends after 2 levels, and has no default to end with.\n"
        "  Give it one, such as an empty list or None." == str(caught.value)
    )


class Sizes(BaseModel):
    number: str
    pieces: Annotated[int, Count("items")]
    tags: Annotated[int, Count("tags")]
    length: Annotated[int, Expression(lambda order: func.length(order.number))]


class CustomerSizes(BaseModel):
    name: str
    orders: list[Sizes]


class SizeStruct(msgspec.Struct):
    pieces: Annotated[int, Count("items")]


def sizes(order: Order) -> Sizes:
    return Sizes(number=order.number, pieces=len(order.items), tags=len(order.tags), length=len(order.number))


def test_count_and_expression(bazaar: Bazaar) -> None:
    """A relationship counted by the database, also through a table of pairs, and any expression of the class."""
    with bazaar.session() as session:
        expected = [sizes(order) for order in session.scalars(select(Order).order_by(Order.id))]

    assert expected == bazaar.run(fetch, Sizes, select(Order).order_by(Order.id))


def test_count_and_expression_of_an_alias_and_below_another(bazaar: Bazaar) -> None:
    """They are made for what is read: an alias, a related row."""
    other = aliased(Order)
    with bazaar.session() as session:
        orders = [sizes(order) for order in session.scalars(select(Order).order_by(Order.id).limit(2))]
        below = [
            CustomerSizes(name=one.name, orders=[sizes(order) for order in one.orders])
            for one in session.scalars(select(Customer).order_by(Customer.id))
        ]

    assert orders == bazaar.run(fetch, Sizes, select(other).order_by(other.id).limit(2))
    assert below == bazaar.run(fetch, CustomerSizes, select(Customer).order_by(Customer.id))


def test_count_and_expression_on_postgres(postgres_bazaar: Bazaar) -> None:
    """The same in PostgreSQL."""
    with postgres_bazaar.session() as session:
        expected = [sizes(order) for order in session.scalars(select(Order).order_by(Order.id))]

    assert expected == postgres_bazaar.run(fetch, Sizes, select(Order).order_by(Order.id))


def test_count_into_a_struct(bazaar: Bazaar) -> None:
    """The marks of a projection are none of msgspec's."""
    assert [2, 3] == [one.pieces for one in bazaar.run(fetch, SizeStruct, select(Order).order_by(Order.id).limit(2))]


class CountsNothing(BaseModel):
    pieces: Annotated[int, Count("number")]


class Selects(BaseModel):
    pieces: Annotated[int, Expression(lambda order: order.pieces)]


class Makes(BaseModel):
    pieces: Annotated[int, Expression(lambda order: 3)]  # type: ignore[arg-type, return-value]  # wrong on purpose


REFUSED: dict[type[BaseModel], str] = {
    CountsNothing: "CountsNothing.pieces counts Branch.number, which is no relationship.\n  Name one of parent, children.",
    Selects: "Selects.pieces cannot be selected from Branch: type object 'Branch' has no attribute 'pieces'.",
    Makes: "Makes.pieces is to be an expression of Branch, and a int was made.\n"
    "  Return one value that the database can select, such as a function or a scalar_subquery().",
}


@pytest.mark.parametrize("dto", REFUSED)
def test_what_cannot_be_selected_is_refused(dto: type[BaseModel]) -> None:
    """When the projection is made, by name."""
    with pytest.raises(BadProjection) as caught:
        Projection(dto, Branch)

    assert REFUSED[dto] == str(caught.value)


class ChildRead(BaseModel):
    name: str


class Children(RootModel[list[ChildRead]]):
    """A collection with a name of its own."""


class WithChildren(BaseModel):
    name: str
    children: Children


def test_root_model_around_a_list(session: Session) -> None:
    """As a field it is the one that the ORM and `model_validate` give."""
    expected = [WithChildren.model_validate(one, from_attributes=True) for one in session.scalars(select(Branch))]

    assert expected == fetch(session, WithChildren, select(Branch))
    assert [b'{"name":"trunk","children":[{"name":"limb"}]}'] == [
        one.model_dump_json().encode() for one in expected[:1]
    ]
