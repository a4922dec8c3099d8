"""Clients that are killed with signal 9 in the middle of their work, and what the bank says of their orders."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from multiprocessing import get_context
from multiprocessing.connection import Connection

from sqlalchemy import NullPool, create_engine

from .bank import Order, Told, audit, open_bank, orders
from .scenarios import Result
from .tellers import TELLERS, Stack, Tellers

MANY = 100_000
"""More orders than a client lives to do."""

LONGEST_LIFE_S = 0.3


def serve(url: str, stack: Stack, name: str, seed: int, pipe: Connection) -> None:
    """Do orders until killed; each is told before it is begun, and when it is acknowledged."""
    bank = Tellers(url, stack, "client", lambda order: _say(pipe, f"begun {order.key}"))
    bank.told.listen = lambda order, number: _say(pipe, f"done {order.key} {number}")
    asyncio.run(bank.do(orders(name, MANY, seed)))


def _say(pipe: Connection, sentence: str) -> None:
    """One write, which arrives as a whole or not at all."""
    os.write(pipe.fileno(), f"{sentence}\n".encode())


def killed_clients(url: str, plain_url: str, stack: Stack, kills: int, seed: int) -> Result:
    """Start clients one after the other and kill each; `plain_url` is the way to the same database for the audit."""
    rng = random.Random(seed)
    engine = create_engine(plain_url, poolclass=NullPool)
    open_bank(engine)
    told = Told()
    for number in range(kills):
        _live_and_die(url, stack, f"client-{number}", seed + number, rng.uniform(0, LONGEST_LIFE_S), told)
    unknown, before = len(told.unknown), audit(engine, told)
    asyncio.run(_settle(url, stack, told))
    after = audit(engine, told)
    faults = Counter({"kill -9 of the client": kills})
    name = f"clients are killed, {engine.dialect.name}"
    return Result(name, str(stack), faults, len(told.done), len(told.failed), unknown, before, after)


def _live_and_die(url: str, stack: Stack, name: str, seed: int, life_s: float, told: Told) -> None:
    """One client's life; what it told is written down."""
    context = get_context("forkserver")
    context.set_forkserver_preload([__name__])
    reader, writer = context.Pipe(duplex=False)
    client = context.Process(target=serve, args=(url, stack, name, seed, writer))
    client.start()
    writer.close()
    heard = os.read(reader.fileno(), 65536)
    time.sleep(life_s)
    client.kill()
    while more := os.read(reader.fileno(), 65536):
        heard += more
    client.join()
    reader.close()
    _write_down(heard.decode(), {order.key: order for order in _some(name, seed, heard.count(b"\n") + TELLERS)}, told)


def _some(name: str, seed: int, count: int) -> list[Order]:
    """The first orders of a client: as many as it can have told of, which it does in no order."""
    return list(orders(name, count, seed))


def _write_down(heard: str, asked: dict[str, Order], told: Told) -> None:
    for line in heard.splitlines():
        match line.split():
            case ["begun", key]:
                told.unknown[key] = asked[key]
            case ["done", key, number]:
                del told.unknown[key]
                told.done[key] = int(number)


async def _settle(url: str, stack: Stack, told: Told) -> None:
    """Ask for what the dead had begun, by the keys they left."""
    bank = Tellers(url, stack, "heir")
    bank.told = told
    try:
        await bank.settle()
    finally:
        await bank.dispose()
