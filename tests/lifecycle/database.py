"""The real side's database: one in-memory SQLite connection, reached by a Session or an AsyncSession."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from .library import SEED, Base

TRANSACTION_WORDS = ("SAVEPOINT", "RELEASE", "ROLLBACK")
RELATED = {
    ("Person", "boss"): "SELECT id FROM person WHERE id = (SELECT boss_id FROM person WHERE id = ?)",
    ("Person", "reports"): "SELECT id FROM person WHERE boss_id = ? ORDER BY rowid",
    ("Person", "books"): "SELECT id FROM book WHERE owner_id = ? ORDER BY rowid",
    ("Book", "owner"): "SELECT id FROM person WHERE id = (SELECT owner_id FROM book WHERE id = ?)",
    ("Book", "tags"): "SELECT id FROM tag JOIN book_tag ON id = tag_id WHERE book_id = ?",
    ("Tag", "books"): "SELECT id FROM book JOIN book_tag ON id = book_id WHERE tag_id = ?",
}
EVERYTHING = "SELECT 'Person', * FROM person", "SELECT 'Book', * FROM book", "SELECT 'Tag', * FROM tag"


class Database:
    """One database with its engine; `statements` counts what SQLAlchemy sent, transaction control aside."""

    def __init__(self, *, is_async: bool) -> None:
        self.is_async = is_async
        self.statements = 0
        connect = {"check_same_thread": False}
        if is_async:
            self.engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool, connect_args=connect)
            sync_engine = self.engine.sync_engine
        else:
            sync_engine = create_engine("sqlite://", poolclass=StaticPool, connect_args=connect)
        self.sync_engine = sync_engine
        event.listen(sync_engine, "connect", self._connected)
        event.listen(sync_engine, "begin", self._began)
        event.listen(sync_engine, "before_cursor_execute", self._executed)

    async def open(self) -> None:
        if self.is_async:
            async with self.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
        else:
            Base.metadata.create_all(self.sync_engine)

    async def close(self) -> None:
        if self.is_async:
            await self.engine.dispose()
        else:
            self.sync_engine.dispose()

    def session(self, **options: Any) -> Any:
        if self.is_async:
            return AsyncSession(self.engine, **options)
        return Session(self.sync_engine, **options)

    async def reset(self) -> None:
        """The seed rows and nothing else.

        The connection may be gone: what an AsyncSession could not await leaves it to the garbage collector, which
        closes it, and an in-memory database with it.
        """
        try:
            self._reset()
        except sqlite3.Error:
            await self.close()
            await self.open()
            self._reset()

    def _reset(self) -> None:
        if self.raw.in_transaction:
            self.raw.rollback()
        self.raw.executescript(SEED)

    def rows(self) -> dict[tuple[str, int], tuple[Any, ...]]:
        """Every row as the connection sees it now, by class name and primary key."""
        found = [row for query in EVERYTHING for row in self.raw.execute(query)]
        return {(row[0], row[1]): row[2:] for row in found}

    def links(self) -> set[tuple[int, int]]:
        return set(self.raw.execute("SELECT book_id, tag_id FROM book_tag"))

    def related(self, entity: str, relation: str, key: int) -> list[int]:
        """The primary keys on the other side of a relationship, as the connection sees them now."""
        return [row[0] for row in self.raw.execute(RELATED[entity, relation], (key,))]

    def _connected(self, connection: Any, _record: Any) -> None:
        raw = connection.driver_connection._conn if self.is_async else connection
        self.raw: sqlite3.Connection = raw
        raw.isolation_level = None

    def _began(self, _connection: Connection) -> None:
        # Not through SQLAlchemy, which could not await it where a lazy load begins the transaction.
        if not self.raw.in_transaction:
            self.raw.execute("BEGIN")

    def _executed(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(TRANSACTION_WORDS):
            self.statements += 1
