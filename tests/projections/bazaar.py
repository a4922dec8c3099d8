"""The database from which the projection tests read: what each relationship and each column is there for is said."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Numeric,
    String,
    Table,
    TypeDecorator,
    func,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    attribute_keyed_dict,
    column_property,
    composite,
    mapped_column,
    relationship,
    synonym,
)


class Base(DeclarativeBase):
    pass


class State(enum.Enum):
    OPEN = "open"
    PAID = "paid"


class Upper(TypeDecorator[str]):
    """Kept in lower case, read in upper case: a value that was not converted shows."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value and value.lower()

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return value and str(value).upper()


@dataclass
class Address:
    street: str | None
    town: str | None


order_tags = Table(
    "order_tags",
    Base.metadata,
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Customer(Base):
    """A composite, and a customer who refers to another."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    street: Mapped[str | None]
    town: Mapped[str | None]
    introduced_by_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    address: Mapped[Address] = composite("street", "town")
    introduced_by: Mapped[Customer | None] = relationship(remote_side=[id], back_populates="introduced")
    introduced: Mapped[list[Customer]] = relationship(back_populates="introduced_by", order_by="Customer.id")
    orders: Mapped[list[Order]] = relationship(back_populates="customer", order_by="Order.id.desc()")


class Order(Base):
    """Every kind of attribute; the customer may be missing."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[State]
    total: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    placed_at: Mapped[datetime]
    due: Mapped[date | None]
    code: Mapped[str] = mapped_column(Upper)
    extra: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    token: Mapped[uuid.UUID]
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer | None] = relationship(back_populates="orders")
    items: Mapped[list[Item]] = relationship(back_populates="order", order_by="Item.position")
    dear_items: Mapped[list[Item]] = relationship(
        primaryjoin="and_(Order.id == Item.order_id, Item.price > 100)", order_by="Item.id", viewonly=True
    )
    items_by_sku: Mapped[dict[str, Item]] = relationship(
        collection_class=attribute_keyed_dict("sku"), order_by="Item.position", viewonly=True
    )
    tags: Mapped[list[Tag]] = relationship(secondary=order_tags, order_by="Tag.name")
    invoice: Mapped[Invoice | None] = relationship(back_populates="order")
    reference = synonym("number")

    @hybrid_property
    def label(self) -> str:
        return self.number + "!"

    @property
    def shouted(self) -> str:
        return self.number.upper()


class Item(Base):
    """A composite primary key."""

    __tablename__ = "items"

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int]
    sku: Mapped[str]
    price: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="items")
    notes: Mapped[list[Note]] = relationship(order_by="Note.id")


class Note(Base):
    """Refers to a composite primary key."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    order_id: Mapped[int]
    position: Mapped[int]

    __table_args__ = (ForeignKeyConstraint(["order_id", "position"], ["items.order_id", "items.position"]),)


class Tag(Base):
    """Many orders have many tags."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Invoice(Base):
    """One for an order at the most, and the order does not know its key."""

    __tablename__ = "invoices"

    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    order: Mapped[Order] = relationship(back_populates="invoice")


class Animal(Base):
    """One table for all of its kinds."""

    __tablename__ = "animals"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    keeper_id: Mapped[int | None] = mapped_column(ForeignKey("keepers.id"))


class Dog(Animal):
    __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012


class Keeper(Base):
    """A table for every kind, joined."""

    __tablename__ = "keepers"
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "keeper"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    dogs: Mapped[list[Dog]] = relationship(order_by="Dog.id")


class Vet(Keeper):
    __tablename__ = "vets"
    __mapper_args__ = {"polymorphic_identity": "vet"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(ForeignKey("keepers.id"), primary_key=True)
    field: Mapped[str]


Order.item_count = column_property(
    select(func.count()).where(Item.order_id == Order.id).correlate_except(Item).scalar_subquery()
)


def stock(session: Session) -> None:
    """Fill the database: six orders, of which the fourth has no customer and no items."""
    ada = Customer(id=1, name="Ada", street="Low Road", town="Bath")
    bea = Customer(id=2, name="Bea", introduced_by=ada)
    cal = Customer(id=3, name="Cal", introduced_by=ada, town="York")
    tags = [Tag(id=number, name=name) for number, name in enumerate(["urgent", "fragile", "gift"], 1)]
    start = datetime(2026, 1, 2, 3, 4, 5, 600)
    for number in range(1, 7):
        order = Order(
            id=number,
            number=f"A-{number}",
            state=State.PAID if number % 2 else State.OPEN,
            total=Decimal(number) * Decimal("10.25"),
            placed_at=start + timedelta(days=number // 2),
            due=date(2026, 2, number) if number % 3 else None,
            code=f"code{number}",
            extra={"level": number, "colour": "red"} if number != 2 else None,
            token=uuid.UUID(int=number),
            customer=None if number == 4 else [ada, bea, cal][number % 3],
            tags=tags[: number % 4],
        )
        order.items = [
            Item(id=number * 10 + place, position=place, sku=f"sku-{number}-{place}", price=number * 30 + place)
            for place in range(0 if number == 4 else number % 3 + 1)
        ]
        for item in order.items:
            item.notes = [Note(text=f"{item.sku}, note {place}") for place in range(item.position)]
        if number % 2:
            order.invoice = Invoice(id=number, amount=number * 7)
        session.add(order)
    vet = Vet(id=1, name="Vic", field="dogs")
    session.add_all([vet, Keeper(id=2, name="Kim"), Dog(name="Rex", keeper_id=1), Animal(name="Tom", keeper_id=1)])
    session.commit()
