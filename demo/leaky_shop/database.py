"""Engines and sessions of the shop."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker

DATABASE_URL = os.environ.get("SHOP_DATABASE_URL", "sqlite:///shop.db")
ASYNC_DATABASE_URL = os.environ.get("SHOP_ASYNC_DATABASE_URL", "sqlite+aiosqlite:///shop.db")

engine = create_engine(DATABASE_URL)
SessionLocal = sessionmaker(bind=engine)

async_engine = create_async_engine(ASYNC_DATABASE_URL)
AsyncSessionLocal = async_sessionmaker(async_engine)


@contextmanager
def get_db() -> Iterator[Session]:
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


def db_dependency() -> Iterator[Session]:
    with SessionLocal() as db:
        yield db


async def async_db() -> AsyncIterator[AsyncSession]:
    async with AsyncSessionLocal() as db:
        yield db
