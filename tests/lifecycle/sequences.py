"""Random sequences of operations, lived by both sides; a disagreement is shrunk to the fewest steps."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hermetic._lifecycle.model import Lifecycle

from .database import Database
from .operations import OPERATIONS
from .pair import Pair, Step, agree

LENGTH = 40


@dataclass(slots=True)
class Tally:
    """What was compared: steps by operation and by what SQLAlchemy did, and the disagreement that ended it."""

    steps: int = 0
    unknown: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    unknowns: Counter[str] = field(default_factory=Counter)
    disagreement: str = ""


def steps_of(random: Random, length: int = LENGTH) -> list[Step]:
    names = list(OPERATIONS)
    weights = [weight for weight, _ in OPERATIONS.values()]
    return [
        ("open", random.randrange(64), random.randrange(64), 0),
        *(
            (name, random.randrange(64), random.randrange(64), random.randrange(64))
            for name in random.choices(names, weights, k=length)
        ),
    ]


async def live(database: Database, steps: list[Step], lifecycle: Callable[[], Lifecycle], tally: Tally) -> list[str]:
    """Take the steps on both sides; the story of the steps taken, ended by a disagreement if there is one."""
    database.reset()
    pair = Pair(database, lifecycle)
    story = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, *numbers in steps:
                move = OPERATIONS[name][1](pair, *numbers)
                if move is None:
                    continue
                said, seen = await pair.take(move)
                story.append(f"{move.record} {move.note}: {said} / {seen}")
                tally.steps += 1
                tally.operations[name] += 1
                tally.effects[seen.code or seen.error or seen.effect] += 1
                if said.effect == "unknown":
                    tally.unknown += 1
                    tally.unknowns[f"{name} {said.because}"] += 1
                    if said.because == "tangled":
                        return story
                if not agree(said, seen):
                    tally.disagreement = f"{name}: the model says {said}, SQLAlchemy {seen}"
                    return story
                if found := pair.differences():
                    tally.disagreement = f"{name}: " + "; ".join(found)
                    return story
    finally:
        await pair.end()
    return story


async def shrunk(database: Database, steps: list[Step], lifecycle: Callable[[], Lifecycle]) -> tuple[list[Step], list[str], str]:
    """The fewest steps that still disagree, with their story."""
    kept = steps
    size = len(kept) // 2
    while size:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            tally = Tally()
            await live(database, fewer, lifecycle, tally)
            if tally.disagreement:
                kept = fewer
            else:
                start += size
        size //= 2
    tally = Tally()
    story = await live(database, kept, lifecycle, tally)
    return kept, story, tally.disagreement
