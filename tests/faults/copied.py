"""The same bank as tutorials write it: a plain session, a try around the commit, a loop that tries again.

The bad form of everything in this folder. Its engine has the pre-ping, the pool and the session factory that are commonly
recommended; what it lacks is in no engine's settings.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from .bank import Account, Entry, Order, Told
from .tellers import TELLERS, Stack

TRIES = 5

Transfer = Callable[["sessionmaker[Session]", Order], int]


def two_commits(make_session: sessionmaker[Session], order: Order) -> int:
    """One commit after each half."""
    with make_session() as session:
        source = session.get_one(Account, order.source)
        target = session.get_one(Account, order.target)
        source.balance -= order.amount
        session.commit()
        target.balance += order.amount
        return _entered(session, order)


def commit_and_rollback(make_session: sessionmaker[Session], order: Order) -> int:
    """One commit, and a rollback when it fails."""
    with make_session() as session:
        try:
            source = session.get_one(Account, order.source)
            target = session.get_one(Account, order.target)
            source.balance -= order.amount
            target.balance += order.amount
            return _entered(session, order)
        except Exception:
            session.rollback()
            raise


def locked(make_session: sessionmaker[Session], order: Order) -> int:
    """One commit, and both rows locked in a fixed order before they are read: as careful as it is commonly written."""
    with make_session() as session:
        found = {
            key: session.get_one(Account, key, with_for_update=True) for key in sorted([order.source, order.target])
        }
        found[order.source].balance -= order.amount
        found[order.target].balance += order.amount
        return _entered(session, order)


def _entered(session: Session, order: Order) -> int:
    entry = Entry(key=order.key, source_id=order.source, target_id=order.target, amount=order.amount)
    session.add(entry)
    session.commit()
    return entry.id


FORMS: dict[str, Transfer] = {
    "a commit after each half": two_commits,
    "one commit, rollback when it fails": commit_and_rollback,
    "one commit, rows locked before": locked,
}


class CopiedTellers:
    """Tellers who do their orders in one of those forms, and try again after every error of the database."""

    def __init__(self, url: str, form: str) -> None:
        self.stack = Stack(form, None)
        self.told = Told()
        self._transfer = FORMS[form]
        self._engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)
        self._make_session = sessionmaker(self._engine, expire_on_commit=False, autoflush=False)

    @property
    def held(self) -> int:
        """Connections that are out of the pool."""
        return self._engine.pool.checkedout()  # type: ignore[attr-defined]  # a QueuePool

    async def do(self, orders: Iterable[Order]) -> None:
        """Do all of them, a few at a time."""
        await asyncio.to_thread(self._do, orders)

    def _do(self, orders: Iterable[Order]) -> None:
        with ThreadPoolExecutor(TELLERS) as threads:
            list(threads.map(self._serve, orders))

    async def settle(self) -> None:
        """There is nothing to ask for: an order is done, they say, or it failed."""

    async def dispose(self) -> None:
        self._engine.dispose()

    def _serve(self, order: Order) -> None:
        for attempt in range(TRIES):
            try:
                self.told.acknowledge(order, self._transfer(self._make_session, order))
            except DBAPIError as error:
                self.told.failed[order.key] = error
                time.sleep(0.002 * 2**attempt)
            else:
                self.told.failed.pop(order.key, None)
                return
