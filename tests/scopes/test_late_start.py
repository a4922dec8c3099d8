"""The session of an AsyncDatabase is an AsyncSession from the first moment, and made when something of it is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.ext.asyncio import AsyncSession, async_object_session
from sqlalchemy.orm import Session

from hermetic import AsyncDatabase
from tests.world import Base, Tag

MADE: list[object] = []


class Plain(Session):
    """Tells of each plain session that is made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        MADE.append(self)
        super().__init__(*args, **kwargs)


class Counted(AsyncSession):
    """An AsyncSession as users write one: its plain session is theirs."""

    sync_session_class = Plain


class Named(Counted):
    """One with a start of its own, and an attribute that its class has a default for."""

    tenant = "nobody"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.tenant = "ada"
        super().__init__(*args, **kwargs)


def counted(kind: type[AsyncSession], use: Callable[[Any], object]) -> tuple[int, object]:
    """How many plain sessions were made in a scope in which that was done, and what it gave."""
    MADE.clear()

    async def whole() -> object:
        async with AsyncDatabase("sqlite+aiosqlite://", session_class=kind) as db, db.begin() as session:
            return use(session)

    given = asyncio.run(whole())
    return len(MADE), given


def test_nothing_is_made_for_a_session_that_is_not_used() -> None:
    """It is what its type says all the same."""

    assert (0, True) == counted(Counted, lambda session: isinstance(session, Counted))


@pytest.mark.parametrize(
    ("use", "given"),
    [
        (lambda session: len(session.new), 0),
        (lambda session: session.in_transaction(), False),
        (lambda session: isinstance(session.sync_session, Session), True),
        (lambda session: isinstance(session.get_bind(), (Engine, Connection)), True),
        (lambda session: setattr(session, "autoflush", False) or session.autoflush, False),
        (lambda session: getattr(session, "absent", "none"), "none"),
    ],
)
def test_whatever_is_asked_of_it_makes_it(use: Callable[[Any], object], given: object) -> None:
    """Once, and with an answer as ever."""
    assert (1, given) == counted(Counted, use)


def test_a_class_with_a_start_of_its_own_is_started_at_once() -> None:
    """Or its attributes would be those of the class until something else is asked for."""

    assert (1, "ada") == counted(Named, lambda session: session.tenant)


def test_objects_know_their_session() -> None:
    """async_object_session gives the one of the scope."""

    async def whole() -> bool:
        async with AsyncDatabase("sqlite+aiosqlite://") as db:
            async with db.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            async with db.begin() as session:
                tag = Tag(label="one")
                session.add(tag)
                return async_object_session(tag) is session

    assert asyncio.run(whole())


def test_an_attribute_that_is_missing_is_told_as_everywhere() -> None:
    """With the name of the class and of the attribute."""

    async def whole() -> None:
        async with AsyncDatabase("sqlite+aiosqlite://") as db, db.begin() as session:
            assert 1 == await session.scalar(text("SELECT 1"))
            _ = session.absent  # type: ignore[attr-defined]  # that is the point

    with pytest.raises(AttributeError, match="'ScopeAsyncScopeSession' object has no attribute 'absent'"):
        asyncio.run(whole())
