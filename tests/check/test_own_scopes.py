from __future__ import annotations

from pathlib import Path

from tests.check.prove import checked

SHOP = """
from hermetic import AsyncDatabase, Database
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()


db = Database("sqlite:///shop.db")
async_db = AsyncDatabase("sqlite+aiosqlite:///shop.db")
"""

API = """
from fastapi import FastAPI
from shop import db, Order

app = FastAPI()


@app.post("/orders/{order_id}/follow-up")
def follow_up(order_id: int) -> None:
    with db.begin() as session:
        order = session.get_one(Order, order_id)
        order.status += ", asked again"  # a rival's commit in between is an error, never overwritten
"""

RIGHT = """

def pay(order_id: int) -> str:
    with db.begin() as session:
        order = session.get_one(Order, order_id)
        order.status = "paid"
    return order.status


async def status(order_id: int) -> str:
    async with async_db.read() as session:
        order = await session.get_one(Order, order_id)
    return order.status
"""

WRONG = """

def buyer(order_id: int) -> int:
    with db.read() as session:
        order = session.get_one(Order, order_id)
    return order.customer.id


def cancel(order_id: int) -> None:
    with db.begin() as session:
        order = session.get_one(Order, order_id)
    order.status = "cancelled"


async def async_buyer(order_id: int) -> int:
    async with async_db.begin() as session:
        order = await session.get_one(Order, order_id)
        return order.customer.id
"""


def slugs(folder: Path, source: str) -> list[str]:
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP + source, encoding="utf-8")
    (folder / "api.py").write_text(API, encoding="utf-8")
    return [finding.slug for finding in checked(folder, None).findings]


def test_scopes_leave_nothing_to_find(tmp_path: Path) -> None:
    """A unit commits, and a commit expires nothing."""
    assert [] == slugs(tmp_path / "right", RIGHT)


def test_what_scopes_would_refuse_is_found_before(tmp_path: Path) -> None:
    """What raises Unloaded or SealedWrite when it runs is found without running it."""
    assert ["detached-access", "lost-write", "implicit-io"] == slugs(tmp_path / "wrong", WRONG)
