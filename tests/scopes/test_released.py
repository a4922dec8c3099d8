"""A scope can wait for something else without holding its connection, as long as nothing is unsaved."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from hermetic.errors import ScopeClosed, UnsavedChanges
from hermetic.scopes import Unloaded
from tests.world import Order, Tag

from .twin import Twin


def held(db: Twin) -> int:
    """How many connections are out of the pool."""
    number: int = db.real.engine.pool.checkedout()
    return number


async def test_nothing_is_held_while_it_is_released(db: Twin) -> None:
    """The connection is in the pool during the block, and out of it again afterwards."""
    async with db.begin() as session:
        await session.get(Order, 1)
        before = held(db)
        async with session.released():
            during = held(db)
        await session.get(Order, 1)

        assert (1, 0, 1) == (before, during, held(db))


async def test_what_was_read_before_is_not_trusted_after(db: Twin) -> None:
    """During the block it is readable; after it a refresh brings what others wrote meanwhile."""
    async with db.begin() as session:
        order = await session.get(Order, 1)
        async with session.released():
            during = order.total
            async with Other(db) as other:
                (await other.get(Order, 1)).total = 36
        await session.refresh(order)

        assert (35, 36) == (during, order.total)


async def test_unsaved_changes_keep_the_connection(db: Twin) -> None:
    """Whether they wait to be flushed or were: releasing would commit a half, or lose it."""
    async with db.begin() as session:
        order = await session.get(Order, 1)
        order.total = 36
        with pytest.raises(UnsavedChanges, match="its transaction has work in it"):
            async with session.released():
                pass
        await session.flush()
        with pytest.raises(UnsavedChanges):
            async with session.released():
                pass
        session.add(Tag(label="new"))

    async with db.read() as session:
        assert 36 == (await session.get(Order, 1)).total


async def test_a_statement_that_wrote_keeps_the_connection(db: Twin) -> None:
    """However it was sent."""
    async with db.begin() as session:
        await session.scalars(insert(Tag).values(label="new").returning(Tag.id))
        with pytest.raises(UnsavedChanges):
            async with session.released():
                pass


async def test_the_session_waits_too(db: Twin) -> None:
    """Inside of the block nothing can be asked of it: that would take a connection again, in silence."""
    async with db.begin() as session:
        order = await session.get(Order, 1)
        async with session.released():
            with pytest.raises(ScopeClosed, match=r"get\(\) while the connection of begin\(\)"):
                await session.get(Order, 2)
            with pytest.raises(Unloaded, match="while the connection of its scope is released"):
                _ = order.customer


class Other:
    """A unit of work of somebody else."""

    def __init__(self, db: Twin) -> None:
        self._twin = Twin(str(db.real.engine.url.render_as_string(hide_password=False)), is_async=db.is_async)
        self._is_memory = not db.real.engine.url.database or db.real.engine.url.database == ":memory:"
        if self._is_memory:
            pytest.skip("a database in memory has nobody else")

    async def __aenter__(self) -> object:
        self._block = self._twin.begin()
        return await self._block.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._block.__aexit__(*error)
        await self._twin.dispose()
