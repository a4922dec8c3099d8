"""The sandbox: what a test does through a database happens in one transaction, which is rolled back when the test ends.

A unit of work that commits releases a savepoint of that transaction, so the test sees what the program kept, and nothing
is left for the next one. There is one connection, and scopes take turns on it.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import Any, overload

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ..errors import SandboxTaken, ScopeError
from . import sqlite
from .aio import AsyncDatabase
from .home import Home
from .scope import Scope, here
from .sync import Database

PATIENCE_S = 10.0
"""How long a scope waits for another one that is on the connection of a sandbox."""


def guard_reads(connection: Connection, is_read_only: bool) -> None:
    """Let the database refuse writes in a read scope of a sandbox, whose transaction has begun long ago; MariaDB cannot.

    PostgreSQL forgets it with the savepoint of the scope ("SET TRANSACTION", version 17); SQLite is told what comes next.
    The driver's own cursor keeps it out of what the program sends.
    """
    if connection.dialect.name == "sqlite":
        sqlite.guard_reads(connection, is_read_only)
    elif connection.dialect.name == "postgresql" and is_read_only:
        cursor = connection.connection.cursor()
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.close()


@overload
def sandbox(database: Database[Any]) -> AbstractContextManager[None]: ...
@overload
def sandbox(database: AsyncDatabase[Any]) -> AbstractAsyncContextManager[None]: ...
def sandbox(
    database: Database[Any] | AsyncDatabase[Any],
) -> AbstractContextManager[None] | AbstractAsyncContextManager[None]:
    """Let everything that is done through a database in this block be undone at its end; `async with` for AsyncDatabase.

    ```python
    @pytest.fixture(autouse=True)
    def clean_slate():
        with sandbox(db):
            yield
    ```

    Whoever runs in the context of the block is in it: its tasks, `asyncio.to_thread`, the requests of a test client; while
    it is the only one of the database, everybody is. Constraints that are checked at a commit are checked at the end.
    Any: whatever session class.
    """
    return AsyncSandbox(database) if isinstance(database, AsyncDatabase) else Sandbox(database)


class Sandbox:
    """The block of `sandbox` for a Database."""

    guard = staticmethod(guard_reads)

    def __init__(self, database: Database[Any]) -> None:  # Any: whatever session class
        self._engine = database.engine
        self._home: Home[Any, Any] = database.home
        self._turn = threading.Lock()
        self._scope: Scope | None = None

    def __enter__(self) -> None:
        self.connection = self._engine.connect()
        self._transaction = self.connection.begin()
        self._home.open_box(self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._home.close_box(self)
        try:
            if error is None:
                check_deferred(self.connection)
        finally:
            self._transaction.rollback()
            self.connection.close()

    def take(self, scope: Scope) -> None:
        """Wait until the connection is this scope's."""
        if self._scope is not scope:
            if not self._turn.acquire(timeout=PATIENCE_S):
                raise SandboxTaken(_told(scope, self._scope))
            self._scope = scope

    def leave(self, scope: Scope) -> None:
        """The scope has ended."""
        if self._scope is scope:
            self._scope = None
            self._turn.release()


class AsyncSandbox:
    """The block of `sandbox` for an AsyncDatabase."""

    guard = staticmethod(guard_reads)

    def __init__(self, database: AsyncDatabase[Any]) -> None:  # Any: whatever session class
        self._engine = database.engine
        self._home: Home[Any, Any] = database.home
        self._turn = asyncio.Lock()
        self._scope: Scope | None = None

    async def __aenter__(self) -> None:
        self.connection = await self._engine.connect()
        self._transaction = await self.connection.begin()
        self._home.open_box(self)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._home.close_box(self)
        try:
            if error is None:
                await self.connection.run_sync(check_deferred)
        finally:
            await self._transaction.rollback()
            await self.connection.close()

    async def take(self, scope: Scope) -> None:
        """Wait until the connection is this scope's."""
        if self._scope is not scope:
            try:
                await asyncio.wait_for(self._turn.acquire(), PATIENCE_S)
            except TimeoutError:
                raise SandboxTaken(_told(scope, self._scope)) from None
            self._scope = scope

    def leave(self, scope: Scope) -> None:
        """The scope has ended."""
        if self._scope is scope:
            self._scope = None
            self._turn.release()


def check_deferred(connection: Connection) -> None:
    """Raise ScopeError for what a commit would have refused."""
    try:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        elif connection.dialect.name == "sqlite":
            for table, row, parent, _ in connection.execute(text("PRAGMA foreign_key_check")):
                raise ScopeError(
                    f"A commit would have failed: row {row} of {table} refers to a row of {parent} that is not there."
                )
    except DBAPIError as error:
        raise ScopeError(f"A commit would have failed: {error.orig}") from error


def _told(scope: Scope, holder: Scope | None) -> str:
    """What to tell when the connection of a sandbox did not come free."""
    who = holder.told if holder is not None else "another scope"
    return (
        f"{here()}: {scope.told} waited {PATIENCE_S:g} s for the one connection of the sandbox, which {who} is on.\n"
        f"  Two scopes that need each other open at once cannot be tested in a sandbox: give this test tables of its own."
    )
