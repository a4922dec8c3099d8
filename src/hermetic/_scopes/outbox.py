"""The outbox: messages kept in the transaction of the work they tell of, and delivered after it even when the program dies.

A hook of `after_commit` is lost with the process; a message here is not. It is delivered at least once: who takes it has
it for `lease_s` seconds, and when it was not done in that time the next one is given it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from ..errors import BadDatabase
from .aio import AsyncDatabase
from .sync import Database

TABLE = "hermetic_outbox"
LONGEST_DELAY_S = 3600.0


def outbox_table(metadata: MetaData) -> Table:
    """The outbox's table in a metadata of yours, for migrations; without it the table is made when it is first needed."""
    return Table(
        TABLE,
        metadata,
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
        Column("topic", String(255), nullable=False),
        Column("payload", Text, nullable=False),
        Column("tries", Integer, nullable=False),
        Column("ready_s", Double, index=True),
        Column("error", Text),
        keep_existing=True,
    )


BOX = outbox_table(MetaData())


@dataclass(frozen=True, slots=True)
class Message:
    """What was put into the outbox; `id` stays the same when it is delivered again, `tries` counts the times before."""

    id: int
    topic: str
    payload: Any  # Any: what JSON can hold
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """How messages are delivered: so many at a time, held for so many seconds, given up after so many tries."""

    most: int = 100
    lease_s: float = 60.0
    most_tries: int = 20
    first_delay_s: float = 1.0


_USUAL = Terms()


def put(session: Session, topic: str, payload: object) -> None:
    """Keep a message with the work of this session. Raises BadDatabase for what JSON cannot hold."""
    try:
        text = json.dumps(payload)
    except (TypeError, ValueError) as error:
        raise BadDatabase(f"A message about {topic!r} cannot be kept: {error}.\n  Give what JSON can hold.") from None
    session.execute(insert(BOX).values(topic=topic, payload=text, tries=0, ready_s=time.time()))


def take(session: Session, terms: Terms) -> list[Message]:
    """Take the messages that are due, the oldest first, for as long as the lease lasts."""
    now = time.time()
    due = select(BOX.c.id, BOX.c.topic, BOX.c.payload, BOX.c.tries).where(BOX.c.ready_s <= now)
    rows = session.execute(due.order_by(BOX.c.id).limit(terms.most).with_for_update(skip_locked=True)).all()
    if rows:
        taken = BOX.c.id.in_([row.id for row in rows])
        session.execute(update(BOX).where(taken).values(ready_s=now + terms.lease_s))
    return [Message(row.id, row.topic, json.loads(row.payload), row.tries) for row in rows]


def settle(session: Session, message: Message, terms: Terms, error: Exception | None) -> None:
    """A message is done, or is to be delivered again later; after the last try it stays, with its error, and waits for you."""
    if error is None:
        session.execute(delete(BOX).where(BOX.c.id == message.id))
        return
    tries = message.tries + 1
    delay_s = min(terms.first_delay_s * 2**message.tries, LONGEST_DELAY_S)
    ready_s = time.time() + delay_s if tries < terms.most_tries else None
    told = f"{type(error).__name__}: {error}"
    session.execute(update(BOX).where(BOX.c.id == message.id).values(tries=tries, ready_s=ready_s, error=told))


class Outbox:
    """Messages that are sent when the work they tell of is committed, and never when it is not.

    ```python
    outbox = Outbox(db)

    with db.begin() as session:
        session.add(order)
        outbox.put(session, "order placed", {"number": order.number})

    outbox.deliver(send)  # in a worker, again and again
    ```
    """

    def __init__(self, database: Database[Any], terms: Terms = _USUAL) -> None:  # Any: whatever session class
        self._database = database
        self._terms = terms
        database.make_table(BOX)

    def put(self, session: Session, topic: str, payload: object) -> None:
        """Keep a message with the work of this session; the payload is what JSON can hold."""
        put(session, topic, payload)

    def deliver(self, send: Callable[[Message], object]) -> int:
        """Hand each message that is due to a function, in the order of being put; gives how many it took without error.

        No transaction is open while it works. A message may come twice, when the process dies between its work and the
        note that it is done: `message.id` is the same then.
        """
        done = 0
        for message in self._database.run(take, self._terms):
            error = None
            try:
                send(message)
            except Exception as raised:
                error = raised
            self._database.run(settle, message, self._terms, error)
            done += error is None
        return done


class AsyncOutbox:
    """The same for an AsyncDatabase; `await outbox.create()` once."""

    def __init__(self, database: AsyncDatabase[Any], terms: Terms = _USUAL) -> None:  # Any: whatever session class
        self._database = database
        self._terms = terms

    async def create(self) -> None:
        """Make the table where it is missing."""
        await self._database.make_table(BOX)

    async def put(self, session: AsyncSession, topic: str, payload: object) -> None:
        """Keep a message with the work of this session; the payload is what JSON can hold."""
        await session.run_sync(put, topic, payload)

    async def deliver(self, send: Callable[[Message], Awaitable[object]]) -> int:
        """Hand each message that is due to a coroutine function, as Outbox.deliver does."""
        done = 0
        for message in await self._database.run(_take, self._terms):
            error = None
            try:
                await send(message)
            except Exception as raised:
                error = raised
            await self._database.run(_settle, message, self._terms, error)
            done += error is None
        return done


async def _take(session: AsyncSession, terms: Terms) -> list[Message]:
    return await session.run_sync(take, terms)


async def _settle(session: AsyncSession, message: Message, terms: Terms, error: Exception | None) -> None:
    await session.run_sync(settle, message, terms, error)
