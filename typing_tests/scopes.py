"""What type checkers infer for scopes; checked, never run."""

from __future__ import annotations

from typing import assert_type

import sqlmodel
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlmodel.ext.asyncio.session import AsyncSession as SQLModelAsyncSession

from hermetic import AsyncDatabase, Database
from hermetic.scopes import AsyncScopeSession, ScopeSession
from hermetic.testing import sandbox


class ShopSession(Session):
    pass


class AsyncShopSession(AsyncSession):
    pass


def add(session: Session, first: int, second: int = 0) -> list[int]:
    return [first, second]


async def add_later(session: AsyncSession, first: int) -> int:
    return first


def plain() -> None:
    db = Database("sqlite://", pool_size=5, lazy_loads="refuse")
    assert_type(db, Database[ScopeSession])
    with db.begin() as session:
        assert_type(session, ScopeSession)
        session.after_commit(print, "kept")
        with session.released():
            pass
    with db.read() as session:
        assert_type(session, ScopeSession)
    assert_type(db.run(add, 1, once="key", tries=3), list[int])
    with sandbox(db):
        pass

    own = Database("sqlite://", session_class=ShopSession)
    with own.begin(isolation_level="SERIALIZABLE") as shop:
        assert_type(shop, ShopSession)
    with Database("sqlite://", session_class=sqlmodel.Session).read() as model:
        assert_type(model, sqlmodel.Session)


async def awaited() -> None:
    db = AsyncDatabase("sqlite+aiosqlite://")
    assert_type(db, AsyncDatabase[AsyncScopeSession])
    async with db.begin() as session:
        assert_type(session, AsyncScopeSession)
        async with session.released():
            pass
    assert_type(await db.run(add_later, 1), int)
    async with sandbox(db):
        pass

    async with AsyncDatabase("sqlite+aiosqlite://", session_class=AsyncShopSession).read() as shop:
        assert_type(shop, AsyncShopSession)
    async with AsyncDatabase("sqlite+aiosqlite://", session_class=SQLModelAsyncSession).begin() as model:
        assert_type(model, SQLModelAsyncSession)


def refused() -> None:
    Database("sqlite://", pool="large")  # type: ignore[call-overload]  # no such option
    Database("sqlite://", lazy_loads="never")  # type: ignore[call-overload]  # one of two words
