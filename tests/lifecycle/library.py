"""The mapped classes that the differential test works on, beside what the model is told of them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKey, Table, func, inspect, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from hermetic._lifecycle import schema


class Base(DeclarativeBase):
    pass


class Person(Base):
    """Plain, deferred, server-default and onupdate columns; a self-referential pair and a one-to-many."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None]
    points: Mapped[int | None] = mapped_column(CheckConstraint("points >= 0"))
    notes: Mapped[str | None] = mapped_column(deferred=True)
    joined: Mapped[str | None] = mapped_column(server_default=text("'today'"))
    edited: Mapped[str | None] = mapped_column(onupdate=func.lower("NOW"))
    boss_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    boss: Mapped[Person | None] = relationship(back_populates="reports", remote_side=[id])
    reports: Mapped[list[Person]] = relationship(back_populates="boss")
    books: Mapped[list[Book]] = relationship(back_populates="owner")


book_tag = Table(
    "book_tag",
    Base.metadata,
    Column("book_id", ForeignKey("book.id"), primary_key=True),
    Column("tag_id", ForeignKey("tag.id"), primary_key=True),
)


class Book(Base):
    """A many-to-one and a many-to-many; its server default is not fetched by the INSERT."""

    __tablename__ = "book"
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str | None]
    stock: Mapped[int | None] = mapped_column(CheckConstraint("stock >= 0"), server_default="1")
    blurb: Mapped[str | None] = mapped_column(deferred=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    owner: Mapped[Person | None] = relationship(back_populates="books")
    tags: Mapped[list[Tag]] = relationship(secondary=book_tag, back_populates="books")


class Tag(Base):
    """The other side of the many-to-many."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str | None]
    books: Mapped[list[Book]] = relationship(secondary=book_tag, back_populates="tags")


CLASSES: tuple[type[Any], ...] = (Person, Book, Tag)


def mapping_of(entity: type[Any]) -> schema.Mapping:
    """What the model is told of a mapped class."""
    mapper = inspect(entity)
    columns = {
        attr.key: schema.Column(
            attr.key,
            primary_key=attr.columns[0].primary_key,
            deferred=attr.deferred,
            server_default=attr.columns[0].server_default is not None,
            onupdate=attr.columns[0].onupdate is not None,
            foreign_key=bool(attr.columns[0].foreign_keys),
        )
        for attr in mapper.column_attrs
    }
    relations = {
        relation.key: schema.Relation(
            relation.key,
            relation.mapper.class_.__name__,
            many=bool(relation.uselist),
            lazy=relation.lazy,
            back_populates=relation.back_populates,
            many_to_many=relation.secondary is not None,
            column=next(iter(relation.local_columns)).key if not relation.uselist else None,
        )
        for relation in mapper.relationships
    }
    return schema.Mapping(
        entity.__name__,
        MappingProxyType(columns),
        MappingProxyType(relations),
        fetches_defaults=mapper.eager_defaults is not False,
    )


MAPPINGS = {entity.__name__: mapping_of(entity) for entity in CLASSES}

SEED = """
DELETE FROM book_tag; DELETE FROM book; DELETE FROM tag; DELETE FROM person;
INSERT INTO person (id, name, points, notes, joined, boss_id) VALUES (1, 'Ada', 5, 'n', 'x', NULL), (2, 'Bo', 5, 'n', 'x', 1), (3, 'Cy', 5, 'n', 'x', 1);
INSERT INTO book (id, title, stock, blurb, owner_id) VALUES (1, 'A', 3, 'b', 1), (2, 'B', 3, 'b', 1), (3, 'C', 3, 'b', NULL);
INSERT INTO tag (id, label) VALUES (1, 'red'), (2, 'blue');
INSERT INTO book_tag (book_id, tag_id) VALUES (1, 1), (1, 2), (2, 1);
"""
