"""The bank under faults of the network and of the server: each scenario injects one family of them and tells what came of it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import NullPool, create_engine

from tests.mariadb import MariaDB

from .bank import Audit, audit, open_bank, orders
from .copied import CopiedTellers
from .proxy import MANNERS, Break, Manner, Proxy
from .server import Server
from .tellers import Stack, Tellers, TellersWithoutKeys, address

COMMIT_BYTES = {"psycopg": 12, "psycopg_async": 12, "asyncpg": 13, "pymysql": 11, "asyncmy": 11}
"""The length of a driver's COMMIT as a message of the wire."""

ANSWER_BYTES = {"psycopg": 18, "psycopg_async": 18, "asyncpg": 18, "pymysql": 11, "asyncmy": 11}
"""CommandComplete with the tag COMMIT, and ReadyForQuery; MariaDB's OK packet."""

MOST_BYTES = 8000
"""A connection of a storm breaks before it has carried so many: some three or four transfers."""

BACKENDS = "bank"


Bank = Tellers | CopiedTellers

Hire = Callable[[Proxy], Bank]
"""Makes the tellers that work behind a proxy."""


def through_hermetic(stack: Stack) -> Hire:
    """Tellers that work through Hermetic."""
    return lambda proxy: Tellers(address(stack.driver, proxy.port), stack, BACKENDS)


def without_keys(stack: Stack) -> Hire:
    """Tellers that use Hermetic's begin() alone."""
    return lambda proxy: TellersWithoutKeys(address(stack.driver, proxy.port), stack, BACKENDS)


def as_copied(form: str) -> Hire:
    """Tellers that work in a form that tutorials teach."""
    url = "postgresql+psycopg://postgres@127.0.0.1:{}/postgres?sslmode=disable&gssencmode=disable&application_name={}"
    return lambda proxy: CopiedTellers(url.format(proxy.port, BACKENDS), form)


@dataclass(frozen=True, slots=True)
class Result:
    """What a scenario did and what came of it."""

    scenario: str
    stack: str
    faults: Counter[str]
    """How many were injected, by kind."""
    done: int
    failed: int
    unknown: int
    """Orders whose outcome was asked for again, by their key, when nothing broke any more."""
    before: Audit
    """The audit before it was asked for."""
    after: Audit
    held: int = 0
    """Connections that are still out of the pool when nobody works any more."""

    @property
    def is_clean(self) -> bool:
        return self.before.is_clean and self.after.is_clean and not self.held


def storm(server: Server | MariaDB, hire: Hire, faults: int, seed: int) -> Result:
    """Every connection breaks somewhere, in some manner, until so many have."""
    rng = random.Random(seed)
    manners: list[Manner] = list(MANNERS)

    def draw() -> Break:
        where = rng.choice(["sent", "received"])
        return Break(where, rng.randrange(MOST_BYTES), rng.choice(manners))

    with Proxy(server.socket, talk=server.talk) as proxy:

        async def work(bank: Bank) -> Counter[str]:
            proxy.storm(draw)
            for batch in itertools.count():
                await bank.do(orders(f"storm-{batch}", 24, seed + batch))
                if proxy.injected.total() >= faults:
                    break
            proxy.calm()
            return proxy.injected

        return asyncio.run(_played("connections break at random", hire(proxy), server, work))


def boundaries(driver: str, *, step: int = 1, manners: tuple[Manner, ...] = tuple(MANNERS)) -> Iterator[Break]:
    """Each byte of the COMMIT and of its answer, in each manner."""
    places = [("request", after) for after in range(0, COMMIT_BYTES[driver] + 1, step)]
    places += [("answer", after) for after in range(0, ANSWER_BYTES[driver] + 1, step)]
    for (where, after), manner in itertools.product(places, manners):
        yield Break(where, after, manner)


def broken_commits(server: Server | MariaDB, hire: Hire, breaks: list[Break], seed: int) -> Result:
    """Each COMMIT breaks at one place of it, one after the other through them all."""
    with Proxy(server.socket, talk=server.talk) as proxy:

        async def work(bank: Bank) -> Counter[str]:
            proxy.break_commit(*breaks)
            for batch in itertools.count():
                await bank.do(orders(f"commit-{batch}", max(proxy.armed, 8), seed + batch))
                if not proxy.armed:
                    break
            proxy.calm()
            return proxy.injected

        return asyncio.run(_played("each byte of the COMMIT", hire(proxy), server, work))


def upheaval(server: Server | MariaDB, hire: Hire, kind: str, times: int, seed: int) -> Result:
    """The server ends backends, is restarted, is killed, so many times while the tellers work."""
    strike, pause_s = server.upheavals(BACKENDS)[kind]

    with Proxy(server.socket, talk=server.talk) as proxy:

        async def work(bank: Bank) -> Counter[str]:
            struck: Counter[str] = Counter()
            over = asyncio.Event()

            async def strike_all() -> None:
                while struck[kind] < times:
                    await asyncio.sleep(pause_s)
                    struck[kind] += await asyncio.to_thread(strike)
                over.set()

            async def serve() -> None:
                for batch in itertools.count():
                    if over.is_set():
                        return
                    await bank.do(orders(f"upheaval-{batch}", 24, seed + batch))

            await asyncio.gather(strike_all(), serve())
            return struck

        return asyncio.run(_played(kind, hire(proxy), server, work))


async def _played(
    name: str, bank: Bank, server: Server | MariaDB, work: Callable[[Bank], Awaitable[Counter[str]]]
) -> Result:
    """Open the bank, let the scenario work, settle what is unknown, audit before and after, past every proxy."""
    engine = create_engine(server.url, poolclass=NullPool)
    try:
        await asyncio.to_thread(open_bank, engine)
        faults = Counter(await work(bank))
        told, unknown = bank.told, len(bank.told.unknown)
        before = await asyncio.to_thread(audit, engine, told)
        await bank.settle()
        after = await asyncio.to_thread(audit, engine, told)
        told_of = len(told.done), len(told.failed), unknown
        return Result(f"{name}{server.label}", str(bank.stack), faults, *told_of, before, after, bank.held)
    finally:
        await bank.dispose()
