"""Tellers: they do the clients' orders side by side through Hermetic, and write down what the clients are told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from hermetic import AsyncDatabase, Database
from hermetic.errors import OutcomeUnknown

from .bank import Audit, Order, Told, audit, open_bank, transfer

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
        return self.driver in ("asyncpg", "psycopg_async")

    def __str__(self) -> str:
        return f"{self.driver}, {self.isolation_level or 'default'}"


STACKS = tuple(
    Stack(driver, level, level == "READ COMMITTED")
    for driver in ("psycopg", "psycopg_async", "asyncpg")
    for level in ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")
)


def address(driver: str, port: int) -> str:
    """The URL of the server behind a port of this machine."""
    plain = "ssl=disable" if driver == "asyncpg" else "sslmode=disable&gssencmode=disable"
    return f"postgresql+{driver}://postgres@127.0.0.1:{port}/postgres?{plain}"


class Tellers:
    """A bank behind a Database of either kind."""

    def __init__(self, url: str, stack: Stack, application: str) -> None:
        self.stack = stack
        self.told = Told()
        how: dict[str, Any] = {"application_name": application}  # Any: settings of a Database
        self.db: Any = AsyncDatabase(url, **how) if stack.is_async else Database(url, **how)  # Any: one of the two

    async def open(self) -> None:
        if self.stack.is_async:
            async with self.db.engine.begin() as connection:
                await connection.run_sync(open_bank)
        else:
            await asyncio.to_thread(self._open)

    def _open(self) -> None:
        with self.db.engine.begin() as connection:
            open_bank(connection)

    async def do(self, orders: Iterable[Order]) -> None:
        """Do all of them, a few at a time; each teller takes the next when it is done with one."""
        waiting = iter(orders)
        if self.stack.is_async:
            await asyncio.gather(*(self._serve(waiting) for _ in range(TELLERS)))
        else:
            await asyncio.to_thread(self._do, waiting)

    def _do(self, waiting: Iterable[Order]) -> None:
        with ThreadPoolExecutor(TELLERS) as threads:
            list(threads.map(self._serve_one, waiting))

    async def settle(self) -> None:
        """Ask again, by their keys, for what nobody could tell; nothing breaks any more."""
        unknown, self.told.unknown = self.told.unknown, {}
        await self.do(unknown.values())
        assert {} == self.told.unknown

    async def audit(self) -> Audit:
        if self.stack.is_async:
            async with self.db.read() as session:
                return await session.run_sync(audit, self.told)
        return await asyncio.to_thread(self._audit)

    def _audit(self) -> Audit:
        with self.db.read() as session:
            return audit(session, self.told)

    async def dispose(self) -> None:
        if self.stack.is_async:
            await self.db.dispose()
        else:
            self.db.dispose()

    async def _serve(self, waiting: Iterable[Order]) -> None:
        for order in waiting:
            try:
                number = await self.db.run(
                    _transfer, order, self.stack.lock, once=order.key, isolation_level=self.stack.isolation_level, **HOW
                )
            except Exception as error:
                self._write_down(order, error)
            else:
                self.told.done[order.key] = number

    def _serve_one(self, order: Order) -> None:
        how = {"once": order.key, "isolation_level": self.stack.isolation_level, **HOW}
        try:
            number = self.db.run(transfer, order, lock=self.stack.lock, **how)
        except Exception as error:
            self._write_down(order, error)
        else:
            self.told.done[order.key] = number

    def _write_down(self, order: Order, error: Exception) -> None:
        if isinstance(error, OutcomeUnknown):
            self.told.unknown[order.key] = order
        else:
            self.told.failed[order.key] = error


async def _transfer(session: AsyncSession, order: Order, lock: bool) -> int:
    return await session.run_sync(lambda plain: transfer(plain, order, lock=lock))
