"""A shop with two mistakes in it, which knows nothing of Hermetic."""

from __future__ import annotations

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.pool import StaticPool

ORDERS = 5

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    customer: Mapped[Customer] = relationship()


def stock() -> None:
    """Fill this process's own database."""
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add_all(Order(customer=Customer(name=f"customer {number}")) for number in range(ORDERS))


def names() -> list[str]:
    """The customers' names, each with a query of its own: n-plus-one."""
    with Session(engine) as session:
        orders = session.scalars(select(Order).order_by(Order.id)).all()
        return [order.customer.name for order in orders]


def forget() -> None:
    """Add a customer, and never commit: lost-write."""
    with Session(engine) as session:
        session.add(Customer(name="nobody"))
        session.flush()


stock()
