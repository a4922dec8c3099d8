"""Tellers: they do the clients' orders side by side through Hermetic, and write down what the clients are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hermetic import AsyncDatabase, Database
from hermetic.errors import OutcomeUnknown
from tests.mariadb import MariaDB

from .bank import Order, Told, transfer

TELLERS = 8

HOW: dict[str, Any] = {"tries": 16, "first_delay_s": 0.002}  # Any: arguments of run()


@dataclass(frozen=True, slots=True)
class Stack:
    """A driver, an isolation level, and whether the accounts are to be locked at it."""

    driver: str
    isolation_level: str | None
    lock: bool = False

    @property
    def is_async(self) -> bool:
        return self.driver in ("asyncpg", "psycopg_async", "aiosqlite", "asyncmy")

    def __str__(self) -> str:
        return f"{self.driver}, {self.isolation_level or 'default'}"


STACKS = tuple(
    Stack(driver, level, level == "READ COMMITTED")
    for driver in ("psycopg", "psycopg_async", "asyncpg")
    for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
)


MARIADB_STACKS = (
    Stack("pymysql", "REPEATABLE READ"),
    Stack("pymysql", "SERIALIZABLE"),
    Stack("asyncmy", "READ COMMITTED", lock=True),
    Stack("asyncmy", "REPEATABLE READ"),
)


def address(driver: str, port: int) -> str:
    """The URL of the server behind a port of this machine."""
    if driver in ("pymysql", "asyncmy"):
        return f"mariadb+{driver}://root@127.0.0.1:{port}/{MariaDB.bank}"
    plain = "ssl=disable" if driver == "asyncpg" else "sslmode=disable&gssencmode=disable"
    return f"postgresql+{driver}://postgres@127.0.0.1:{port}/postgres?{plain}"


class Tellers:
    """Those of a bank that works through a Database of either kind; `note` is told each order before it is begun."""

    def __init__(
        self, url: str, stack: Stack, application: str, note: Callable[[Order], None] | None = None, **more: Any
    ) -> None:
        self.stack = stack
        self.told = Told()
        self._note = note or (lambda _: None)
        how: dict[str, Any] = {"application_name": application, **more}  # Any: settings of a Database
        self.db: Any = AsyncDatabase(url, **how) if stack.is_async else Database(url, **how)  # Any: one of the two

    async def do(self, orders: Iterable[Order]) -> None:
        """Do all of them, a few at a time; each teller takes the next when it is done with one."""
        waiting = iter(orders)
        if self.stack.is_async:
            await asyncio.gather(*(self._serve_all(waiting) for _ in range(TELLERS)))
        else:
            await asyncio.to_thread(self._do, waiting)

    @property
    def held(self) -> int:
        """Connections that are out of the pool."""
        number: int = self.db.engine.pool.checkedout()
        return number

    async def settle(self) -> None:
        """Ask again, by their keys, for what nobody could tell; nothing breaks any more."""
        unknown, self.told.unknown = self.told.unknown, {}
        await self.do(unknown.values())
        assert {} == self.told.unknown

    async def dispose(self) -> None:
        if self.stack.is_async:
            await self.db.dispose()
        else:
            self.db.dispose()

    def _do(self, waiting: Iterable[Order]) -> None:
        with ThreadPoolExecutor(TELLERS) as threads:
            list(threads.map(self._serve, waiting))

    async def _serve_all(self, waiting: Iterable[Order]) -> None:
        for order in waiting:
            self._note(order)
            try:
                number = await self._transfer(order)
            except Exception as error:
                self._write_down(order, error)
            else:
                self.told.acknowledge(order, number)

    def _serve(self, order: Order) -> None:
        self._note(order)
        try:
            number = self._transfer_now(order)
        except Exception as error:
            self._write_down(order, error)
        else:
            self.told.acknowledge(order, number)

    async def _transfer(self, order: Order) -> int:
        number: int = await self.db.run(_transferred, order, self.stack.lock, **self._how(order))
        return number

    def _transfer_now(self, order: Order) -> int:
        number: int = self.db.run(transfer, order, self.stack.lock, **self._how(order))
        return number

    def _how(self, order: Order) -> dict[str, Any]:
        """Any: arguments of run()."""
        return {"once": order.key, "isolation_level": self.stack.isolation_level, **HOW}

    def _write_down(self, order: Order, error: Exception) -> None:
        if isinstance(error, OutcomeUnknown):
            self.told.unknown[order.key] = order
        else:
            self.told.failed[order.key] = error


async def _transferred(session: AsyncSession, order: Order, lock: bool) -> int:
    return await session.run_sync(transfer, order, lock)


class TellersWithoutKeys(Tellers):
    """Tellers that use begin() alone: what is unknown stays unknown, and nothing is tried again."""

    async def settle(self) -> None:
        """There is no key to ask by."""

    async def _transfer(self, order: Order) -> int:
        async with self.db.begin(isolation_level=self.stack.isolation_level) as session:
            return await _transferred(session, order, self.stack.lock)

    def _transfer_now(self, order: Order) -> int:
        with self.db.begin(isolation_level=self.stack.isolation_level) as session:
            return transfer(session, order, self.stack.lock)
