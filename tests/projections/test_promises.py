"""What column types promise: SQLAlchemy's own, SQLModel's, and those that a project decorates."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import Dialect, Enum, String, TypeDecorator, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry
from sqlmodel import Field, SQLModel

from hermetic import fetch, fetch_json, plan

UNCHECKED = "not validated: the column types promise the field types"

State = Literal["open", "paid"]


class Base(DeclarativeBase):
    pass


class Annotated(TypeDecorator[str]):
    """Its author says what comes out."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.upper()


class Silent(TypeDecorator[str]):
    """Its author does not say what comes out."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value


class Inward(TypeDecorator[str]):
    """Changes only what goes in."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.lower()


class Elsewhere(TypeDecorator[str]):
    """May be anything, by the database."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(7))


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    annotated: Mapped[str] = mapped_column(Annotated, default="a")
    silent: Mapped[str] = mapped_column(Silent, default="s")
    inward: Mapped[str] = mapped_column(Inward, default="i")
    elsewhere: Mapped[str] = mapped_column(Elsewhere, default="e")
    state: Mapped[str] = mapped_column(Enum("open", "paid", native_enum=False), default="open")


class Own(SQLModel, registry=registry()):
    """Models apart from those of other tests, some of which cannot be mapped."""


class Knight(Own, table=True):
    id: int = Field(default=None, primary_key=True)
    name: str


class KnightRead(SQLModel):
    id: int
    name: str


class OfState(BaseModel):
    state: State


class OfLessStates(BaseModel):
    state: Literal["open"]


def reading(column: str) -> type[BaseModel]:
    """A DTO that reads a text from that column."""
    return type("Read", (BaseModel,), {"__annotations__": {column: str}})


PROMISES: dict[str, tuple[Any, Any, str]] = {
    "annotated": (reading("annotated"), Order, UNCHECKED),
    "silent": (reading("silent"), Order, "validated: Read.silent: the column's type does not promise str"),
    "inward": (reading("inward"), Order, UNCHECKED),
    "elsewhere": (reading("elsewhere"), Order, "validated: Read.elsewhere: the column's type does not promise str"),
    "sqlmodel": (KnightRead, Knight, UNCHECKED),
    "literal": (OfState, Order, UNCHECKED),
    "less": (OfLessStates, Order, "validated: OfLessStates.state: the column's type does not promise Literal['open']"),
}


@pytest.mark.parametrize("case", PROMISES)
def test_a_type_is_taken_at_its_word(case: str) -> None:
    """A TypeDecorator promises what it is annotated with, or what is below it; an Enum of texts promises a Literal."""
    dto, entity, expected = PROMISES[case]

    assert expected == plan(dto, entity).splitlines()[1]


def test_what_is_promised_comes() -> None:
    """Values of such columns are as the ORM gives them, and as Pydantic writes them."""

    class OrderRead(BaseModel):
        annotated: str
        inward: str
        state: State

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Order(inward="ABC"))
        session.flush()
        found, body = fetch(session, OrderRead, select(Order)), fetch_json(session, OrderRead, select(Order))
        session.expire_all()
        usual = [OrderRead.model_validate(each, from_attributes=True) for each in session.scalars(select(Order))]
    engine.dispose()

    assert [OrderRead(annotated="A", inward="abc", state="open")] == usual == found
    assert TypeAdapter(list[OrderRead]).dump_json(usual) == body
