"""The tables, the rows and the DTOs on which projections are timed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pydantic
import sqlmodel
from sqlalchemy import Engine, ForeignKey, Integer, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "bench_customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]


class Order(Base):
    __tablename__ = "bench_orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str]
    total: Mapped[int]
    paid: Mapped[bool]
    weight: Mapped[float]
    placed_at: Mapped[datetime]
    note: Mapped[str | None]
    customer_id: Mapped[int] = mapped_column(ForeignKey("bench_customers.id"), index=True)
    customer: Mapped[Customer] = relationship()
    items: Mapped[list[Item]] = relationship(order_by="Item.id")


class Item(Base):
    __tablename__ = "bench_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]
    quantity: Mapped[int]
    price: Mapped[int]
    order_id: Mapped[int] = mapped_column(ForeignKey("bench_orders.id"), index=True)


class Wide(Base):
    """The same eight columns, and twelve that nobody asks for."""

    __tablename__ = "bench_wide"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str]
    total: Mapped[int]
    paid: Mapped[bool]
    weight: Mapped[float]
    placed_at: Mapped[datetime]
    note: Mapped[str | None]


UNASKED = [f"unasked_{place}" for place in range(12)]
for unasked in UNASKED:
    setattr(Wide, unasked, mapped_column(Integer))


class Flat(pydantic.BaseModel):
    id: int
    number: str
    status: str
    total: int
    paid: bool
    weight: float
    placed_at: datetime
    note: str | None


class FlatSqlModel(sqlmodel.SQLModel):
    id: int
    number: str
    status: str
    total: int
    paid: bool
    weight: float
    placed_at: datetime
    note: str | None


class FlatStruct(msgspec.Struct):
    id: int
    number: str
    status: str
    total: int
    paid: bool
    weight: float
    placed_at: datetime
    note: str | None


class CustomerRead(pydantic.BaseModel):
    name: str
    email: str


class ItemRead(pydantic.BaseModel):
    sku: str
    quantity: int
    price: int


class Nested(pydantic.BaseModel):
    id: int
    number: str
    customer: CustomerRead | None
    items: list[ItemRead]


class CustomerStruct(msgspec.Struct):
    name: str
    email: str


class ItemStruct(msgspec.Struct):
    sku: str
    quantity: int
    price: int


class NestedStruct(msgspec.Struct):
    id: int
    number: str
    customer: CustomerStruct | None
    items: list[ItemStruct]


class CustomerSqlModel(sqlmodel.SQLModel):
    name: str
    email: str


class ItemSqlModel(sqlmodel.SQLModel):
    sku: str
    quantity: int
    price: int


class NestedSqlModel(sqlmodel.SQLModel):
    id: int
    number: str
    customer: CustomerSqlModel | None
    items: list[ItemSqlModel]


def fill(engine: Engine, orders: int = 1000) -> None:
    """So many orders of 100 customers, 5 items each, and as many wide rows."""
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    start = datetime(2026, 1, 1)
    rows = [
        {
            "id": key,
            "number": f"A-{key}",
            "status": "paid" if key % 3 else "open",
            "total": key * 7,
            "paid": key % 3 > 0,
            "weight": key / 3,
            "placed_at": start + timedelta(hours=key),
            "note": None if key % 2 else f"note {key}",
        }
        for key in range(1, orders + 1)
    ]
    customers = [{"id": key, "name": f"name {key}", "email": f"{key}@example.org"} for key in range(1, 101)]
    items = [
        {"sku": f"sku {row['id']} {place}", "quantity": place, "price": row["id"], "order_id": row["id"]}
        for row in rows
        for place in range(5)
    ]
    with Session(engine) as session:
        session.execute(insert(Customer), customers)
        session.execute(insert(Order), [{**row, "customer_id": key % 100 + 1} for key, row in enumerate(rows)])
        session.execute(insert(Item), items)
        session.execute(insert(Wide), [row | dict.fromkeys(UNASKED, 1) for row in rows])
        session.commit()


def columns(entity: Any) -> list[Any]:
    """The eight that are asked for. Any: a class, columns of whatever type."""
    return [getattr(entity, name) for name in Flat.model_fields]
