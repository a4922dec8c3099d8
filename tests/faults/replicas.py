"""The bank with a replica that breaks: whoever has written reads it, in the same request and in the next, wherever they are answered."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass

from sqlalchemy import NullPool, create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hermetic._scopes import replicas

from .bank import Audit, Entry, Order, audit, open_bank, orders
from .proxy import Break, Manner, Proxy
from .scenarios import BACKENDS, MOST_BYTES
from .server import Server
from .tellers import Stack, Tellers, address

LATER_S = (0.0, 0.03)
"""A client reads at once, when the primary alone has its write, and a little later, when the replica may."""

BEHIND_S = 0.1
"""How long the replica is behind or down before it comes back."""

TOUCHY: tuple[Manner, ...] = ("reset", "close", "stall", "delay")
"""What a network does to a read; the others are about what the server still does with a write."""

MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What clients saw of what they had written."""

    stack: str
    faults: Counter[str]
    reads: int
    from_replica: int
    broken: int
    """Reads that an error ended, and that their client did again."""
    missed: list[str]
    """Keys whose client did not find what it had written."""
    audit: Audit

    @property
    def is_clean(self) -> bool:
        return not self.missed and self.audit.is_clean


class Readers(Tellers):
    """Tellers that look for each entry when it is acknowledged, as a request of its own that brings a token, or should."""

    def __init__(self, primary: str, replica: str, stack: Stack, *, brings: bool) -> None:
        super().__init__(primary, stack, BACKENDS, replicas=[replica], secret="s", replica_lag_s=60)
        self._brings = brings
        self.reads: Counter[str] = Counter()
        self.missed: list[str] = []

    async def _transfer(self, order: Order) -> int:
        number = await super()._transfer(order)
        for later_s in LATER_S:
            await asyncio.sleep(later_s)
            await asyncio.create_task(self._look(self._token(), order), context=Context())
        return number

    def _transfer_now(self, order: Order) -> int:
        number = super()._transfer_now(order)
        for later_s in LATER_S:
            time.sleep(later_s)
            Context().run(self._look_now, self._token(), order)
        return number

    def _token(self) -> str:
        return str(self.db.token()) if self._brings else ""

    async def _look(self, token: str, order: Order) -> None:
        self.db.expect(token)
        for _ in range(MOST_TRIES):
            try:
                async with self.db.read() as session:
                    found = await session.run_sync(_found, order.key)
            except DBAPIError:
                self.reads["broken"] += 1
            else:
                return self._note_read(order, *found)
        raise AssertionError(f"{order.key} could not be read at all")

    def _look_now(self, token: str, order: Order) -> None:
        self.db.expect(token)
        for _ in range(MOST_TRIES):
            try:
                with self.db.read() as session:
                    found = _found(session, order.key)
            except DBAPIError:
                self.reads["broken"] += 1
            else:
                return self._note_read(order, *found)
        raise AssertionError(f"{order.key} could not be read at all")

    def _note_read(self, order: Order, is_there: bool, is_replica: bool) -> None:
        self.reads["all"] += 1
        self.reads["from the replica"] += is_replica
        if not is_there:
            self.missed.append(order.key)


def _found(session: Session, key: str) -> tuple[bool, bool]:
    """Whether the entry is there, and whether a replica says so."""
    number = session.scalar(select(Entry.id).where(Entry.key == key))
    return number is not None, bool(session.scalar(text("SELECT pg_is_in_recovery()")))


def strikes(primary: Server, standby: Server) -> dict[str, Callable[[], bool]]:
    """What can befall a replica; each gives whether it did, with the replica on its way back."""

    def away(leave: Callable[[], object], come_back: Callable[[], object]) -> bool:
        leave()
        time.sleep(BEHIND_S)
        come_back()
        return True

    return {
        "replica: falls behind and catches up": lambda: away(standby.pause, standby.resume),
        "replica: pg_terminate_backend": lambda: standby.terminate_backend(BACKENDS),
        "replica: cut off from the primary": primary.cut_off,
        "replica: stopped, immediate, and started": lambda: away(standby.stop, standby.start),
        "replica: kill -9 of the server": lambda: away(standby.kill, lambda: None),
    }


def breaking_replica(
    primary: Server,
    standby: Server,
    stack: Stack,
    times: dict[str, int],
    cuts: int,
    seed: int,
    *,
    brings: bool = True,
) -> Seen:
    """Let each of these befall the replica so often while tellers write and read, and so many of its connections break."""
    with Proxy(standby.socket) as proxy, impatient():
        url = address(stack.driver, proxy.port)
        bank = Readers(
            f"postgresql+{stack.driver}://postgres@/postgres?host={primary.sockets}", url, stack, brings=brings
        )
        return asyncio.run(_played(bank, proxy, primary, standby, times, cuts, random.Random(seed)))


async def _played(
    bank: Readers,
    proxy: Proxy,
    primary: Server,
    standby: Server,
    times: dict[str, int],
    cuts: int,
    rng: random.Random,
) -> Seen:
    engine = create_engine(primary.url, poolclass=NullPool)
    struck: Counter[str] = Counter()
    begun, over = asyncio.Event(), asyncio.Event()

    async def strike_all() -> None:
        await begun.wait()
        ways = strikes(primary, standby)
        planned = [kind for kind, count in times.items() for _ in range(count)]
        rng.shuffle(planned)
        for kind in planned:
            while not await asyncio.to_thread(ways[kind]):
                await asyncio.sleep(0.01)
            struck[kind] += 1
            await asyncio.sleep(0.02)
        while proxy.injected.total() < cuts:
            await asyncio.sleep(0.02)
        over.set()

    async def serve() -> None:
        for batch in itertools.count():
            if over.is_set():
                return
            await bank.do(orders(f"read-{batch}", 24, rng.randrange(2**30)))
            begun.set()

    try:
        await asyncio.to_thread(open_bank, engine)
        proxy.storm(lambda: _drawn(rng) if proxy.injected.total() < cuts else None)
        await asyncio.gather(strike_all(), serve())
        proxy.calm()
        await bank.settle()
        after = await asyncio.to_thread(audit, engine, bank.told)
    finally:
        await bank.dispose()
    faults = struck + Counter({f"replica, {kind}": count for kind, count in proxy.injected.items()})
    reads = bank.reads
    return Seen(str(bank.stack), faults, reads["all"], reads["from the replica"], reads["broken"], bank.missed, after)


def _drawn(rng: random.Random) -> Break:
    return Break(rng.choice(["sent", "received"]), rng.randrange(MOST_BYTES), rng.choice(TOUCHY))


@contextmanager
def impatient() -> Iterator[None]:
    """A replica that failed is asked again at once, so that it can fail again."""
    rest_s, look_s = replicas.REST_S, replicas.LOOK_S
    replicas.REST_S, replicas.LOOK_S = 0.02, 0.01
    try:
        yield
    finally:
        replicas.REST_S, replicas.LOOK_S = rest_s, look_s
