from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from hermetic import fetch, fetch_page, stream

from .bazaar import Item, Order
from .conftest import Bazaar
from .test_comparisons import KNOWN_AGAIN
from .test_comparisons import OrderRead as NumberRead
from .test_equivalence import answers
from .test_fetch import BY_ID, STATEMENTS, EverythingRead, OrderRead, through_orm


class NoteRead(BaseModel):
    text: str


class Noted(BaseModel):
    sku: str
    notes: list[NoteRead]


@pytest.mark.parametrize("name", [name for name in STATEMENTS if "distinct" not in name])
def test_statement_means_the_same(postgres_bazaar: Bazaar, name: str) -> None:
    """Whatever the statement does; PostgreSQL cannot tell JSON values apart, so the JSON column stays out of DISTINCT."""
    with postgres_bazaar.session() as session:
        expected = through_orm(session, OrderRead, STATEMENTS[name])

    assert expected == postgres_bazaar.run(fetch, OrderRead, STATEMENTS[name])


@pytest.mark.parametrize("name", KNOWN_AGAIN)
def test_values_are_those_of_the_call(postgres_bazaar: Bazaar, name: str) -> None:
    """Statements that differ in their values only share what was prepared, and each has its own answer."""
    with postgres_bazaar.session() as session:
        expected = [in_order(through_orm(session, NumberRead, one)) for one in KNOWN_AGAIN[name]]

    assert expected == [in_order(postgres_bazaar.run(fetch, NumberRead, one)) for one in KNOWN_AGAIN[name]]


def in_order(found: list[NumberRead]) -> list[NumberRead]:
    """By their numbers, for the statements have no order."""
    return sorted(found, key=lambda one: one.number)


def test_every_kind_of_attribute(postgres_bazaar: Bazaar) -> None:
    """The driver's own conversions and SQLAlchemy's meet: numbers, dates, UUIDs, enums, JSON."""
    with postgres_bazaar.session() as session:
        expected = through_orm(session, EverythingRead, BY_ID)

    assert expected == postgres_bazaar.run(fetch, EverythingRead, BY_ID)
    assert expected == postgres_bazaar.run(fetch, EverythingRead, BY_ID, validate=False)


def test_keys_go_in_one_array(postgres_bazaar: Bazaar) -> None:
    """A collection found by two columns takes one query, with an array for each column."""
    by_key = select(Item).order_by(Item.order_id, Item.position)
    with postgres_bazaar.session() as session:
        expected = through_orm(session, Noted, by_key)
    postgres_bazaar.statements.clear()

    assert expected == postgres_bazaar.run(fetch, Noted, by_key)
    assert 2 == sum("FROM items" in text or "FROM notes" in text for text in postgres_bazaar.statements)


def test_stream_and_pages(postgres_bazaar: Bazaar) -> None:
    """A cursor of the server, and pages that place NULL where they say."""
    order_by = [Order.due.desc().nulls_last()]

    def arguments(cursor: str | None) -> dict[str, Any]:
        return {"order_by": order_by, "size": 4, "cursor": cursor, "secret": "…"}

    first = postgres_bazaar.run(fetch_page, OrderRead, select(Order), **arguments(None))
    second = postgres_bazaar.run(fetch_page, OrderRead, select(Order), **arguments(first.next))

    assert ["A-5", "A-4", "A-2", "A-1"] == [order.number for order in first.items]
    assert ["A-6", "A-3"] == [order.number for order in second.items]
    assert ["A-1", "A-2", "A-3", "A-4", "A-5", "A-6"] == postgres_bazaar.run(numbers)


def numbers(session: Any) -> Any:
    """The numbers of all orders, streamed in batches of four."""
    if isinstance(session, Session):
        return [order.number for order in stream(session, OrderRead, BY_ID, batch_rows=4)]
    return awaited_numbers(session)


async def awaited_numbers(session: Any) -> list[str]:
    return [order.number async for order in stream(session, OrderRead, BY_ID, batch_rows=4)]


@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_projection_gives_what_the_orm_gives(postgres: str, random: Random) -> None:
    """For any model, any data, any DTO, any statement and any door, as on SQLite."""
    by_orm, by_projection = answers(random, f"postgresql+psycopg:{postgres}")

    assert by_orm == by_projection


def test_page_is_sought_by_its_index(postgres_bazaar: Bazaar) -> None:
    """A page far from the first reads what is on it: the index is entered at the cursor, not read from its beginning."""
    sent: list[tuple[str, Any]] = []
    page = partial(fetch_page, dto=NumberRead, statement=select(Order), order_by=[Order.number.desc()], secret="s")
    with postgres_bazaar.session() as session:
        session.execute(text("CREATE INDEX orders_number_id ON orders (number, id)"))
        for kind in ("seqscan", "bitmapscan", "sort"):
            session.execute(text(f"SET LOCAL enable_{kind} = off"))
        event.listen(session.get_bind(), "before_cursor_execute", lambda *told: sent.append((told[2], told[3])))
        first = page(session, size=1)
        page(session, size=1, cursor=first.next)
        statement, parameters = sent[-1]
        plan = "\n".join(session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())

    assert "Index Cond: ((number)::text <= " in plan, plan
