"""The long proof: random lives of Session and AsyncSession beside the model, counted; run by `make prove`.

python -m tests.lifecycle.prove --steps 1000000 --seed 1 --jobs 2
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from random import Random
from typing import cast

import sqlalchemy

from hermetic._lifecycle.model import Lifecycle
from hermetic._lifecycle.states import Line

from .database import Database
from .sequences import MakeLifecycle, Tally, live, run_plainly, shrunk, steps_of

ASYNC_SHARE = 0.4
REPORT_AT = 50_000
UNKNOWN_LIMIT = 0.03

LINE = cast(Line, sqlalchemy.__version__[:3])
"""The line of SQLAlchemy that is installed; the model is asked about the same."""


async def prove(steps: int, seed: int, *, is_async: bool, lifecycle: MakeLifecycle, shout: bool = False) -> Tally:
    """Compare until so many steps agree, unknown ones aside, or too many are unknown; stops at the first disagreement,
    which the tally then tells."""
    database = Database(is_async=is_async)
    await database.open()
    total = Tally()
    random = Random(f"{seed} {is_async}")
    told = 0
    most = steps / (1 - UNKNOWN_LIMIT)
    try:
        while not total.disagreement and total.steps - total.unknown < steps and total.steps < most:
            sequence = steps_of(random)
            tally = Tally()
            await live(database, sequence, lifecycle, tally)
            total.add(tally)
            if tally.disagreement:
                story, disagreement = await shrunk(database, sequence, lifecycle)
                total.disagreement = "\n".join([*story, disagreement or tally.disagreement])
                if shout:
                    sys.stderr.write(f"  {kind(is_async)}: a disagreement after {total.steps:,} steps\n")
            if shout and total.steps - told >= REPORT_AT:
                told = total.steps
                sys.stderr.write(f"  {kind(is_async)}: {told:,} steps\n")
    finally:
        await database.close()
    return total


def kind(is_async: bool) -> str:
    return "AsyncSession" if is_async else "Session"


def prove_part(steps: int, seed: int, is_async: bool) -> Tally:
    """One process's part of the proof."""
    # A lazy load that an AsyncSession cannot await leaves its coroutine behind.
    warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
    gc.freeze()
    work = prove(steps, seed, is_async=is_async, lifecycle=partial(Lifecycle, LINE), shout=True)
    return asyncio.run(work) if is_async else run_plainly(work)


def shares(counted: Counter[str], total: int) -> str:
    return ", ".join(f"{name} {count / total:.1%}" for name, count in counted.most_common())


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> int:
    """Prove, print what was compared, and answer 1 when the two sides disagree anywhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1_000_000, help="how many steps are to agree")
    parser.add_argument("--seed", type=int, default=1, help="where the random sequences start")
    parser.add_argument("--jobs", type=int, default=2, help="how many processes share the work")
    asked = parser.parse_args()
    sizes = {False: asked.steps - int(asked.steps * ASYNC_SHARE), True: int(asked.steps * ASYNC_SHARE)}
    parts = [
        (-(-size // asked.jobs), asked.seed * 1000 + job, is_async)
        for is_async, size in sizes.items()
        for job in range(asked.jobs)
    ]
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(prove_part, *zip(*parts, strict=True)))
    return report(parts, found)


def report(parts: list[tuple[int, int, bool]], found: list[Tally]) -> int:
    """Tell what was compared; 1 when anything disagrees or too much is unknown."""
    total = Tally()
    for tally in found:
        total.add(tally)
    disagreements = [tally.disagreement for tally in found if tally.disagreement]
    for (_, seed, is_async), tally in zip(parts, found, strict=True):
        say(f"{kind(is_async)}, seed {seed}: {tally.steps:,} steps, unknown {tally.unknown / tally.steps:.2%}")
    if total.cut_short:
        say(f"sequences cut short by the garbage collector closing their connection: {total.cut_short}")
    say(f"operations: {shares(total.operations, total.steps)}")
    say(f"outcomes: {shares(total.effects, total.steps)}")
    say(f"unknown: {shares(total.unknowns, total.steps)}")
    for disagreement in disagreements:
        say(f"\nA disagreement, as short as it gets:\n{disagreement}")
    unknown = total.unknown / total.steps
    agreed = total.steps - total.unknown - len(disagreements)
    say(
        f"sqlalchemy {sqlalchemy.__version__}: {agreed:,} of {total.steps:,} steps agree, "
        f"{len(disagreements)} disagree, unknown {unknown:.1%}"
    )
    return int(bool(disagreements) or unknown >= UNKNOWN_LIMIT)


if __name__ == "__main__":
    sys.exit(main())
