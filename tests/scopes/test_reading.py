"""A read scope reads; every way to write in it is refused, by the session or by the database."""

from __future__ import annotations

from collections.abc import Awaitable

import pytest
from sqlalchemy import delete, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError

from hermetic._scopes import seal
from hermetic.errors import ReadOnly
from tests.world import Customer, Order, Tag

from .twin import Twin


async def settled(given: object) -> object:
    """What a method gives, awaited where it is to be."""
    return await given if isinstance(given, Awaitable) else given


async def test_a_read_scope_reads(db: Twin) -> None:
    """Rows and relations come as ever."""
    async with db.read() as session:
        order = await session.get(Order, 1)
        customer = await session.get(Customer, 1)

    assert (35, "Ada") == (order.total, customer.name)


async def test_what_comes_from_no_class_is_read_first(db: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when nothing is known of any class yet."""
    monkeypatch.setattr(seal, "_guarded", set())
    async with db.read() as session:
        assert 7 == await session.scalar(select(literal(7)))


async def test_a_change_is_refused_in_the_line_that_makes_it(db: Twin) -> None:
    """Not at some later flush, of which nobody knows where it came from."""
    async with db.read() as session:
        order = await session.get(Order, 1)
        with pytest.raises(ReadOnly, match=r"test_reading.py:\d+: Order.total was changed in a read scope"):
            order.total = 1

    assert 35 == order.total


@pytest.mark.parametrize("way", ["add", "add_all", "delete", "merge"])
async def test_the_session_takes_no_work(db: Twin, way: str) -> None:
    """add(), add_all(), delete() and merge() are refused at once."""
    async with db.read() as session:
        tag = Tag(id=9, label="late")
        method = getattr(session, way)
        with pytest.raises(ReadOnly, match=rf"{way}\(\) in a read scope"):
            await settled(method([tag] if way == "add_all" else tag))


@pytest.mark.parametrize(
    "statement",
    [insert(Tag).values(label="late"), update(Order).values(total=1), delete(Order)],
    ids=["insert", "update", "delete"],
)
async def test_statements_that_write_are_refused(db: Twin, statement: object) -> None:
    """Bulk statements of the ORM and of Core."""
    async with db.read() as session:
        for way in (session.execute, session.scalars, session.scalar):
            with pytest.raises(ReadOnly, match="a statement that writes"):
                await way(statement)


async def test_the_database_refuses_what_nobody_can_read(db: Twin) -> None:
    """Plain SQL, and the connection underneath, are stopped by the database itself."""
    with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
        async with db.read() as session:
            await session.execute(text("UPDATE orders SET total = 1"))
    with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
        async with db.read() as session:
            connection = await session.connection()
            await settled(connection.exec_driver_sql("UPDATE orders SET total = 1"))

    async with db.read() as session:
        assert 35 == await session.scalar(select(Order.total))


async def test_a_unit_may_write_again(db: Twin) -> None:
    """The connection that a read scope gave back is not read-only for the next one."""
    for number in range(3):
        async with db.read() as session:
            await session.get(Order, 1)
        async with db.begin() as session:
            (await session.get(Order, 1)).total = number

    async with db.read() as session:
        assert 2 == await session.scalar(select(Order.total))


async def test_reading_inside_of_a_unit_refuses_writes_until_it_ends(db: Twin) -> None:
    """The unit goes on to write after it."""
    async with db.begin() as session:
        order = await session.get(Order, 1)
        async with db.read():
            with pytest.raises(ReadOnly):
                session.add(Tag(label="late"))
        order.total = 36

    async with db.read() as session:
        assert 36 == await session.scalar(select(Order.total))
