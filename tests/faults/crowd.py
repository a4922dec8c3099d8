"""Far more units of work than connections, all at once: each is done, and none waits much longer than its turn."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from hermetic import AsyncDatabase, Database

from .bank import Entry

POOL = 10
PATIENCE_S = 600.0
HOW: dict[str, Any] = {"pool_size": POOL, "pool_timeout_s": PATIENCE_S}  # Any: settings of a Database


@dataclass(frozen=True, slots=True)
class Crowd:
    """What became of a crowd of units."""

    units: int
    kept: int
    """Rows that are there afterwards: one for each unit."""
    held: int
    """Connections that are out of the pool afterwards."""
    longest_s: float
    """How long the unit waited that waited longest, from the moment at which all were there."""
    whole_s: float
    overtaken: int
    """By how many that came later a unit was overtaken, at most."""


def _crowd(units: int, kept: int, held: int, ends: list[tuple[int, float]], whole_s: float) -> Crowd:
    """`ends` has the number of each unit and when it ended, in seconds since the start, in the order of ending."""
    overtaken = max(place - number for place, (number, _) in enumerate(ends))
    return Crowd(units, kept, held, max(end_s for _, end_s in ends), whole_s, overtaken)


async def async_crowd(url: str, units: int) -> Crowd:
    """Each unit in a task of its own."""
    ends: list[tuple[int, float]] = []
    async with AsyncDatabase(url, **HOW) as db:
        start_s = time.monotonic()

        async def unit(number: int) -> None:
            async with db.begin() as session:
                session.add(Entry(key=f"crowd-{number}", source_id=1, target_id=2, amount=1))
            ends.append((number, time.monotonic() - start_s))

        await asyncio.gather(*(unit(number) for number in range(units)))
        async with db.read() as session:
            kept = await session.scalar(select(func.count(func.distinct(Entry.key))))
        return _crowd(units, kept or 0, db.engine.pool.checkedout(), ends, time.monotonic() - start_s)


def sync_crowd(url: str, units: int, threads: int) -> Crowd:
    """So many threads at once, each with one unit after the other."""
    ends: list[tuple[int, float]] = []
    with Database(url, **HOW) as db:
        start_s = time.monotonic()

        def unit(number: int) -> None:
            with db.begin() as session:
                session.add(Entry(key=f"crowd-{number}", source_id=1, target_id=2, amount=1))
            ends.append((number, time.monotonic() - start_s))

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(unit, range(units)))
        with db.read() as session:
            kept = session.scalar(select(func.count(func.distinct(Entry.key))))
        return _crowd(units, kept or 0, db.engine.pool.checkedout(), ends, time.monotonic() - start_s)
