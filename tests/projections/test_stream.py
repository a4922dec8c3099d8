from __future__ import annotations

import tracemalloc
from typing import Any

from pydantic import BaseModel
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.orm import Session

from hermetic import Projection, stream

from .bazaar import Base, Order, Tag
from .conftest import Bazaar


class ItemRead(BaseModel):
    sku: str


class OrderRead(BaseModel):
    number: str
    items: list[ItemRead]


class TagRead(BaseModel):
    name: str


def streamed(bazaar: Bazaar, *arguments: Any, **options: Any) -> list[Any]:
    async def awaited(session: Any) -> list[Any]:
        return [one async for one in stream(session, *arguments, **options)]

    if bazaar.is_async:
        return bazaar.run(awaited)
    return bazaar.run(lambda session: list(stream(session, *arguments, **options)))


def test_stream_gives_every_row(bazaar: Bazaar) -> None:
    """The DTOs come one by one, in the statement's order, with their collections."""
    found = streamed(bazaar, OrderRead, select(Order).order_by(Order.id), batch_rows=4)

    assert [("A-1", 2), ("A-2", 3), ("A-3", 1), ("A-4", 0), ("A-5", 3), ("A-6", 1)] == [
        (order.number, len(order.items)) for order in found
    ]


def test_a_batch_takes_one_query_for_each_collection(bazaar: Bazaar) -> None:
    """Six orders in batches of four: one query that stays open, two for items."""
    streamed(bazaar, OrderRead, select(Order).order_by(Order.id), batch_rows=4)

    assert 3 == len(bazaar.statements)


def test_stream_of_a_text(bazaar: Bazaar) -> None:
    """A text that is matched by names streams as well."""
    statement = select(Tag).from_statement(text("SELECT name, id FROM tags ORDER BY id"))

    assert [TagRead(name="urgent"), TagRead(name="fragile"), TagRead(name="gift")] == streamed(
        bazaar, TagRead, statement, batch_rows=2
    )


def test_stream_can_be_left_early(bazaar: Bazaar) -> None:
    """Whoever stops reading closes the cursor, and the session goes on."""
    query = Projection(TagRead, Tag).query(select(Tag).order_by(Tag.id))

    async def awaited(session: Any) -> list[Any]:
        rows = query.stream(session, batch_rows=1)
        first = await anext(rows)
        await rows.aclose()
        return [first, *await query.all(session)]

    def plain(session: Session) -> list[Any]:
        rows = query.stream(session, batch_rows=1)
        first = next(rows)
        rows.close()  # type: ignore[attr-defined]  # it is a generator
        return [first, *query.all(session)]

    assert ["urgent", "urgent", "fragile", "gift"] == [
        tag.name for tag in bazaar.run(awaited if bazaar.is_async else plain)
    ]


def test_memory_does_not_grow() -> None:
    """Ten times the rows take no more memory: far less than a list of them."""
    engine = create_engine("sqlite://")
    with Session(engine) as session:
        Base.metadata.create_all(session.connection())
        session.execute(insert(Tag), [{"name": f"tag {number}"} for number in range(20_000)])
        peaks = []
        for limit in (2_000, 20_000):
            tracemalloc.start()
            count = sum(1 for _ in stream(session, TagRead, select(Tag).limit(limit), batch_rows=100))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert limit == count
    engine.dispose()

    assert peaks[1] < 2 * peaks[0]
