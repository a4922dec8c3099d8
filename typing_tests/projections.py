"""What type checkers infer for projections; checked, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypedDict, assert_type

from pydantic import BaseModel
from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session

from hermetic import Projection, fetch, fetch_json, fetch_one, fetch_page, plan, stream
from hermetic.projections import DeclaredQuery, NumberedPage, Page


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)


class OrderRead(BaseModel):
    id: int


@dataclass
class OrderData:
    id: int


class OrderDict(TypedDict):
    id: int


class OrderTuple(NamedTuple):
    id: int


def plainly(session: Session, registry: scoped_session[Session], statement: Select[tuple[Order]]) -> None:
    assert_type(fetch(session, OrderRead, select(Order)), list[OrderRead])
    assert_type(fetch(registry, OrderData, statement), list[OrderData])
    assert_type(fetch(session, OrderDict, statement, {"key": 1}), list[OrderDict])
    assert_type(fetch(session, OrderTuple, statement, validate=False), list[OrderTuple])
    assert_type(fetch_one(session, OrderRead, statement), OrderRead)
    assert_type(fetch_one(session, OrderRead, statement, default=None), OrderRead | None)
    assert_type(fetch_page(session, OrderRead, statement, secret="…"), Page[OrderRead])
    assert_type(fetch_page(session, OrderRead, statement, number=2), NumberedPage[OrderRead])
    assert_type(fetch_page(session, OrderRead, statement, secret="…").next, str | None)
    assert_type(stream(session, OrderRead, statement), Iterator[OrderRead])
    assert_type(fetch_json(session, OrderRead, statement), bytes)
    assert_type(plan(OrderRead, Order), str)


async def awaited(session: AsyncSession, registry: async_scoped_session[AsyncSession]) -> None:
    assert_type(await fetch(session, OrderRead, select(Order)), list[OrderRead])
    assert_type(await fetch(registry, OrderData, select(Order)), list[OrderData])
    assert_type(await fetch_one(session, OrderRead, select(Order)), OrderRead)
    assert_type(await fetch_one(session, OrderRead, select(Order), default=0), OrderRead | int)
    assert_type(await fetch_page(session, OrderRead, select(Order), secret="…"), Page[OrderRead])
    assert_type(await fetch_page(session, OrderRead, select(Order), number=1), NumberedPage[OrderRead])
    assert_type(stream(session, OrderRead, select(Order)), AsyncIterator[OrderRead])
    assert_type(await fetch_json(session, OrderRead, select(Order)), bytes)


def declared(session: Session) -> None:
    projection = Projection(OrderRead, Order)
    query = projection.query(select(Order))
    assert_type(projection, Projection[OrderRead])
    assert_type(query, DeclaredQuery[OrderRead])
    assert_type(query.all(session), list[OrderRead])
    assert_type(query.one(session), OrderRead)
    assert_type(query.one(session, default=None), OrderRead | None)
    assert_type(query.first(session), OrderRead | None)
    assert_type(query.json(session), bytes)
    assert_type(query.stream(session), Iterator[OrderRead])
    assert_type(query.page(session, secret="…"), Page[OrderRead])
    assert_type(query.numbered_page(session, number=1), NumberedPage[OrderRead])


async def declared_and_awaited(session: AsyncSession) -> None:
    query = Projection(OrderRead, Order).query()
    assert_type(await query.all(session), list[OrderRead])
    assert_type(await query.one(session), OrderRead)
    assert_type(await query.first(session), OrderRead | None)
    assert_type(await query.page(session, secret="…"), Page[OrderRead])


def refused(session: Session) -> None:
    fetch(OrderRead, session, select(Order))  # type: ignore[call-overload]
    fetch(session, OrderRead)  # type: ignore[call-overload]
    fetch(session, OrderRead, Order)  # type: ignore[call-overload]
    fetch_page(session, OrderRead, select(Order))  # type: ignore[call-overload]
