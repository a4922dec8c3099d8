"""A message is delivered when the work it tells of is committed, and never when it is not."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from sqlalchemy import select

from hermetic import AsyncDatabase, Database
from hermetic.errors import BadDatabase
from hermetic.scopes import AsyncOutbox, Message, Outbox, Terms, outbox_table
from tests.world import Base, Tag

from .twin import Twin, drive

PATIENT = Terms()

AT_ONCE = Terms(lease_s=0, first_delay_s=0)
"""A message is due again at once."""


class Box:
    """An outbox of either kind, awaited."""

    def __init__(self, db: Twin, terms: Terms) -> None:
        self._is_async = db.is_async
        self._real: Any = AsyncOutbox(db.real, terms) if db.is_async else Outbox(db.real, terms)

    async def put(self, session: Any, topic: str, payload: object) -> None:
        if self._is_async:
            await self._real.put(session, topic, payload)
        else:
            self._real.put(session.plain, topic, payload)

    async def deliver(self, send: Any) -> int:
        number: int = (
            await self._real.deliver(send)
            if self._is_async
            else self._real.deliver(lambda message: drive(send(message)))
        )
        return number


async def box_of(db: Twin, terms: Terms = PATIENT) -> Box:
    outbox_table(Base.metadata)
    await db.create(Base.metadata)
    return Box(db, terms)


async def test_a_message_follows_its_work(db: Twin) -> None:
    """It is delivered once, with what was put, in the order of being put."""
    box = await box_of(db)
    got: list[Message] = []

    async def send(message: Message) -> None:
        got.append(message)

    async with db.begin() as session:
        session.add(Tag(label="new"))
        await box.put(session, "tag", {"label": "new"})
        await box.put(session, "mail", ["ada@shop.example"])
    counts = [await box.deliver(send), await box.deliver(send)]

    assert ([2, 0], [("tag", {"label": "new"}), ("mail", ["ada@shop.example"])]) == (
        counts,
        [(message.topic, message.payload) for message in got],
    )


async def test_a_message_goes_with_its_work(db: Twin) -> None:
    """When the unit is rolled back there was no message."""
    box = await box_of(db)
    got: list[Message] = []

    async def send(message: Message) -> None:
        got.append(message)

    with pytest.raises(ZeroDivisionError):
        async with db.begin() as session:
            await box.put(session, "tag", None)
            raise ZeroDivisionError

    assert (0, []) == (await box.deliver(send), got)


async def test_a_message_that_failed_comes_again(db: Twin) -> None:
    """With the number of the times before; the others are not kept back by it."""
    box = await box_of(db, AT_ONCE)
    tries: list[tuple[str, int]] = []

    async def send(message: Message) -> None:
        tries.append((message.topic, message.tries))
        if message.topic == "ill" and message.tries < 2:
            raise ZeroDivisionError

    async with db.begin() as session:
        await box.put(session, "ill", None)
        await box.put(session, "well", None)
    counts = [await box.deliver(send) for _ in range(3)]

    assert ([1, 0, 1], [("ill", 0), ("well", 0), ("ill", 1), ("ill", 2)]) == (counts, tries)


async def test_a_message_that_always_fails_is_put_aside(db: Twin) -> None:
    """After the last try it waits for a person, with its error."""
    box = await box_of(db, Terms(lease_s=0, first_delay_s=0, most_tries=2))
    tries: list[int] = []

    async def send(message: Message) -> None:
        tries.append(message.tries)
        raise ZeroDivisionError("never")

    async with db.begin() as session:
        await box.put(session, "ill", None)
    for _ in range(4):
        await box.deliver(send)
    async with db.read() as session:
        error = await session.scalar(select(outbox_table(Base.metadata).c.error))

    assert ([0, 1], "ZeroDivisionError: never") == (tries, error)


async def test_a_worker_that_dies_leaves_its_messages(db: Twin) -> None:
    """What it had taken and not noted as done is delivered by the next one: twice rather than never."""
    box = await box_of(db, AT_ONCE)
    got: list[int] = []

    class Killed(BaseException):
        """The process dies."""

    async def die(message: Message) -> None:
        got.append(message.id)
        raise Killed

    async def send(message: Message) -> None:
        got.append(message.id)

    async with db.begin() as session:
        await box.put(session, "mail", None)
    with pytest.raises(Killed):
        await box.deliver(die)
    await box.deliver(send)

    assert (2, 1) == (len(got), len(set(got)))


async def test_nothing_is_held_while_it_is_sent(db: Twin) -> None:
    """A slow mail server keeps no transaction open."""
    box = await box_of(db)
    held: list[int] = []

    async def send(_message: Message) -> None:
        held.append(db.real.engine.pool.checkedout())

    async with db.begin() as session:
        await box.put(session, "mail", None)
    await box.deliver(send)

    assert [0] == held


async def test_what_json_cannot_hold_is_refused(db: Twin) -> None:
    """And with it the work, since it could not be told of."""
    box = await box_of(db)

    with pytest.raises(BadDatabase, match="A message about 'mail' cannot be kept"):
        async with db.begin() as session:
            await box.put(session, "mail", object())


def test_workers_share_the_messages(postgres: str) -> None:
    """Four that deliver at once take each message once between them, and none waits for another."""
    url = f"postgresql+psycopg:{postgres}"
    with Database(url) as db:
        outbox_table(Base.metadata)
        Base.metadata.drop_all(db.engine)
        Base.metadata.create_all(db.engine)
        box = Outbox(db, Terms(most=5))
        with db.begin() as session:
            for number in range(100):
                box.put(session, "mail", number)
        got: list[int] = []

        def work() -> None:
            while box.deliver(lambda message: got.append(message.payload)):
                pass

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert list(range(100)) == sorted(got)


def test_an_async_outbox_makes_its_table() -> None:
    """`create` does what the plain one does when it is made."""

    async def deliver() -> int:
        async with AsyncDatabase("sqlite+aiosqlite://") as db:
            box = AsyncOutbox(db)
            await box.create()
            async with db.begin() as session:
                await box.put(session, "mail", None)
            return await box.deliver(lambda _message: asyncio.sleep(0))

    assert 1 == asyncio.run(deliver())
