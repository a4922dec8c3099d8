"""The bank under faults of the network and of the server: each scenario injects one family of them and tells what came of it."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from .bank import Audit, orders
from .proxy import MANNERS, Break, Manner, Proxy
from .server import Server
from .tellers import Stack, Tellers, address

COMMIT_BYTES = {"psycopg": 12, "psycopg_async": 12, "asyncpg": 13}
"""The length of a driver's COMMIT as a message of the wire."""

ANSWER_BYTES = 18
"""CommandComplete with the tag COMMIT, and ReadyForQuery."""

MOST_BYTES = 8000
"""A connection of a storm breaks before it has carried so many: some three or four transfers."""

BACKENDS = "bank"


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
    audits: tuple[Audit, Audit]
    """Before it was asked for, and after."""

    @property
    def is_clean(self) -> bool:
        return all(each.is_clean for each in self.audits)

    @property
    def lost(self) -> int:
        return sum(len(each.lost) + bool(each.money) for each in self.audits)

    @property
    def doubled(self) -> int:
        return sum(len(each.doubled) + len(each.ghosts) for each in self.audits)


def storm(server: Server, stack: Stack, count: int, seed: int) -> Result:
    """Every connection breaks somewhere, in some manner."""
    rng = random.Random(seed)
    manners: list[Manner] = list(MANNERS)

    def draw() -> Break:
        where = rng.choice(["sent", "received"])
        return Break(where, rng.randrange(MOST_BYTES), rng.choice(manners))

    with Proxy(server.socket) as proxy:

        async def work(bank: Tellers) -> Counter[str]:
            proxy.storm(draw)
            await bank.do(orders("storm", count, seed))
            proxy.calm()
            return proxy.injected

        return asyncio.run(_played("connections break at random", stack, proxy, work))


def boundaries(driver: str, *, step: int = 1, manners: tuple[Manner, ...] = tuple(MANNERS)) -> Iterator[Break]:
    """Each byte of the COMMIT and of its answer, in each manner."""
    places = [("request", after) for after in range(0, COMMIT_BYTES[driver] + 1, step)]
    places += [("answer", after) for after in range(0, ANSWER_BYTES + 1, step)]
    for (where, after), manner in itertools.product(places, manners):
        yield Break(where, after, manner)


def broken_commits(server: Server, stack: Stack, breaks: list[Break], seed: int) -> Result:
    """Each COMMIT breaks at one place of it, one after the other through them all."""
    with Proxy(server.socket) as proxy:

        async def work(bank: Tellers) -> Counter[str]:
            proxy.break_commit(*breaks)
            for batch in itertools.count():
                await bank.do(orders(f"commit-{batch}", max(proxy.armed, 8), seed + batch))
                if not proxy.armed:
                    break
            proxy.calm()
            return proxy.injected

        return asyncio.run(_played("each byte of the COMMIT", stack, proxy, work))


def upheaval(server: Server, stack: Stack, kind: str, times: int, seed: int) -> Result:
    """The server ends backends, is restarted, is killed, so many times while the tellers work."""
    strike, pause_s = upheavals(server)[kind]

    with Proxy(server.socket) as proxy:

        async def work(bank: Tellers) -> Counter[str]:
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

        return asyncio.run(_played(kind, stack, proxy, work))


def upheavals(server: Server) -> dict[str, tuple[Callable[[], bool], float]]:
    """What can befall a server, and how many seconds to leave it alone before."""
    return {
        "pg_terminate_backend": (partial(server.terminate_backend, BACKENDS), 0.02),
        "kill -9 of a backend": (partial(server.kill_backend, BACKENDS), 0.2),
        "restart, immediate": (partial(_true, server.restart), 0.2),
        "kill -9 of the server": (partial(_true, server.kill), 0.2),
    }


def _true(strike: Callable[[], None]) -> bool:
    strike()
    return True


async def _played(name: str, stack: Stack, proxy: Proxy, work: Callable[..., object]) -> Result:
    """Open the bank, let the scenario work, settle what is unknown, audit before and after."""
    bank = Tellers(address(stack.driver, proxy.port), stack, BACKENDS)
    try:
        await bank.open()
        faults = Counter(await work(bank))
        unknown = len(bank.told.unknown)
        before = await bank.audit()
        await bank.settle()
        told = bank.told
        return Result(name, str(stack), faults, len(told.done), len(told.failed), unknown, (before, await bank.audit()))
    finally:
        await bank.dispose()
