"""The shop in which every page's example and every case is set; they import it as `shop`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import Column, ForeignKey, Table, create_engine, func
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

DATABASE_URL = f"sqlite:///{Path('shop.db').resolve()}"
ASYNC_DATABASE_URL = f"sqlite+aiosqlite:///{Path('shop.db').resolve()}"


class Base(DeclarativeBase):
    pass


order_tags = Table(
    "order_tags",
    Base.metadata,
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Customer(Base):
    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(unique=True)
    credit: Mapped[int] = mapped_column(default=0)
    orders: Mapped[list[Order]] = relationship(back_populates="customer")


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    status: Mapped[str] = mapped_column(default="pending")
    total: Mapped[int] = mapped_column(default=0)
    notes: Mapped[str | None] = mapped_column(deferred=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    customer: Mapped[Customer] = relationship(back_populates="orders")
    items: Mapped[list[OrderItem]] = relationship(back_populates="order", cascade="all, delete-orphan")
    tags: Mapped[list[Tag]] = relationship(secondary=order_tags, back_populates="orders")


class OrderItem(Base):
    __tablename__ = "order_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int] = mapped_column(default=1)
    order: Mapped[Order] = relationship(back_populates="items")
    product: Mapped[Product] = relationship()


class Product(Base):
    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    price: Mapped[int] = mapped_column(default=0)
    stock: Mapped[int] = mapped_column(default=0)


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    orders: Mapped[list[Order]] = relationship(secondary=order_tags, back_populates="tags")


engine = create_engine(DATABASE_URL)
SessionLocal = sessionmaker(engine)

async_engine = create_async_engine(ASYNC_DATABASE_URL)
AsyncSessionLocal = async_sessionmaker(async_engine)


def stock_shelves() -> None:
    """Create the tables, and fill them with three customers that have one order of two items each."""
    Base.metadata.create_all(engine)
    with SessionLocal.begin() as session:
        tea = Product(id=1, sku="TEA", name="Tea", price=5, stock=10)
        pot = Product(id=2, sku="POT", name="Pot", price=30, stock=3)
        gift = Tag(id=1, label="gift")
        for number, name in enumerate(["Ada", "Grace", "Edsger"], start=1):
            customer = Customer(id=number, name=name, email=f"{name.lower()}@shop.example", credit=100)
            order = Order(id=number, customer=customer, status="pending", total=35, notes="by hand", tags=[gift])
            order.items = [OrderItem(product=tea, quantity=1), OrderItem(product=pot, quantity=1)]
            session.add(order)
