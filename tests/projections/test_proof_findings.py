"""Where the long proof found that a projection differed from the ORM: each is a small case of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import JSON, ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, composite, mapped_column, relationship
from sqlmodel import SQLModel

from hermetic import fetch, fetch_json, fetch_page


class Base(DeclarativeBase):
    pass


@dataclass
class Size:
    width: int | None
    height: int | None


class Shelf(Base):
    __tablename__ = "proof_shelves"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_full: Mapped[bool]
    label: Mapped[Any] = mapped_column(JSON)
    width: Mapped[int | None]
    height: Mapped[int | None]
    size: Mapped[Size] = composite("width", "height")
    boxes: Mapped[set[Box]] = relationship()


class Box(Base):
    __tablename__ = "proof_boxes"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    shelf_id: Mapped[int] = mapped_column(ForeignKey("proof_shelves.id"))
    shelf: Mapped[Shelf] = relationship(viewonly=True)


BY_ID = select(Shelf).order_by(Shelf.id)


@pytest.fixture
def session() -> Iterator[Session]:
    yield from filled("sqlite://")


@pytest.fixture
def postgres_session(postgres: str) -> Iterator[Session]:
    yield from filled(f"postgresql+psycopg:{postgres}")


def filled(url: str) -> Iterator[Session]:
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(
            [
                Shelf(id=1, is_full=True, label={"a": 1}, width=3, height=4, boxes={Box(name="x"), Box(name="y")}),
                Shelf(id=2, is_full=False, label=None, boxes=set()),
                Shelf(id=3, is_full=True, label="z", width=5, boxes={Box(name="z")}),
            ]
        )
        session.commit()
        yield session
    engine.dispose()


def through_orm(session: Session, dto: Any, statement: Any) -> list[Any]:
    """The usual way."""
    return [dto.model_validate(one, from_attributes=True) for one in session.scalars(statement)]


class FullRead(BaseModel):
    id: int


@pytest.mark.parametrize("falls", [False, True])
def test_page_sorted_by_true_and_false(session: Session, falls: bool) -> None:
    """SQLAlchemy refuses to compare a column with a bare True; a page continues after one all the same."""
    order = [Shelf.is_full.desc() if falls else Shelf.is_full]
    found: list[int] = []
    cursor = None
    while True:
        page = fetch_page(session, FullRead, select(Shelf), order_by=order, size=1, cursor=cursor, secret="s")
        found += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            break

    assert ([3, 1, 2] if falls else [2, 1, 3]) == found


class BoxRead(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str


class StrictShelf(BaseModel):
    model_config = ConfigDict(strict=True)

    boxes: set[BoxRead]


@pytest.mark.parametrize("validate", [None, True])
def test_strict_model_gets_the_set_that_the_orm_has(session: Session, validate: bool | None) -> None:
    """A list would be refused."""
    assert through_orm(session, StrictShelf, BY_ID) == fetch(session, StrictShelf, BY_ID, validate=validate)


class Seen(BaseModel):
    is_full: bool

    @model_validator(mode="before")
    @classmethod
    def look(cls, data: object) -> object:
        assert not isinstance(data, dict)
        return data


class SeenBox(SQLModel):
    name: str
    shelf: Seen


def test_sqlmodel_around_a_model_that_sees_its_input(session: Session) -> None:
    """SQLModel's own `__init__` would be called with a mapping, and read no attributes below."""
    boxes = select(Box).order_by(Box.name)

    assert through_orm(session, SeenBox, boxes) == fetch(session, SeenBox, boxes)


class NamedBox(SQLModel):
    name: str


def test_json_of_sqlmodel_is_written_from_mappings(session: Session) -> None:
    """No model is made for JSON, and no object in its place."""
    assert b'[{"name":"z"}]' == fetch_json(session, NamedBox, select(Box).where(Box.name == "z"))


class Labelled(BaseModel):
    label: Any


def test_null_of_json_is_a_value(session: Session) -> None:
    """A column that is never NULL may hold the null of JSON."""
    assert [{"a": 1}, None, "z"] == [one.label for one in fetch(session, Labelled, BY_ID)]


def test_null_of_json_is_a_value_on_postgres(postgres_session: Session) -> None:
    """psycopg hands it out as it hands out NULL; the row is there."""
    assert [{"a": 1}, None, "z"] == [one.label for one in fetch(postgres_session, Labelled, BY_ID)]


class Sized(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    size: Size | None


def test_composite_of_nothing_is_what_the_orm_makes_of_it(session: Session) -> None:
    """The composite with None in every place, unless the mapping says otherwise."""
    found = fetch(session, Sized, BY_ID)

    assert [Size(3, 4), Size(None, None), Size(5, None)] == [one.size for one in found]
    assert through_orm(session, Sized, BY_ID) == found
