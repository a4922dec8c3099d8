"""Random sequences of operations, lived by both sides; a disagreement is shrunk to the fewest steps."""

from __future__ import annotations

import sqlite3
import warnings
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import MISSING, dataclass, field, fields
from random import Random
from typing import Any, TypeVar

from hermetic._lifecycle.model import Lifecycle, Outcome

from .database import Database
from .operations import OPERATIONS, SETUP
from .pair import Pair, agree
from .seen import Move, Seen, Step

LENGTH = 40

T = TypeVar("T")
MakeLifecycle = Callable[[], Lifecycle]


@dataclass(slots=True)
class Tally:
    """What was compared: steps by operation and by what SQLAlchemy did, and the disagreement that ended it.

    `cut_short` counts the sequences whose connection was closed by the garbage collector under them.
    """

    steps: int = 0
    unknown: int = 0
    operations: Counter[str] = field(default_factory=Counter)
    effects: Counter[str] = field(default_factory=Counter)
    unknowns: Counter[str] = field(default_factory=Counter)
    cut_short: int = 0
    disagreement: str = ""

    def add(self, other: Tally) -> None:
        self.steps += other.steps
        self.unknown += other.unknown
        self.operations += other.operations
        self.effects += other.effects
        self.unknowns += other.unknowns
        self.cut_short += other.cut_short


def steps_of(random: Random, length: int = LENGTH) -> list[Step]:
    """A sequence that opens a session first; each step is an operation's name and three numbers to choose by."""
    names = list(OPERATIONS)
    weights = [weight for weight, _ in OPERATIONS.values()]
    return [
        ("open", random.randrange(64), random.randrange(64), 0),
        *(
            (name, random.randrange(64), random.randrange(64), random.randrange(64))
            for name in random.choices(names, weights, k=length)
        ),
    ]


async def live(database: Database, steps: list[Step], lifecycle: MakeLifecycle, tally: Tally) -> list[str]:
    """Take the steps on both sides; the story of the steps taken where they end in a disagreement."""
    await database.reset()
    pair = Pair(database, lifecycle)
    story: list[tuple[Move, Outcome, Seen]] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for step in steps:
                if not await take(pair, step, tally, story):
                    break
    except sqlite3.Error:
        if not database.is_async:
            raise
        tally.cut_short += 1
    finally:
        await pair.end()
    return [told(*step) for step in story] if tally.disagreement else []


async def take(pair: Pair, step: Step, tally: Tally, story: list[tuple[Move, Outcome, Seen]]) -> bool:
    """Take one step on both sides; False when the sequence ends with it."""
    name, *numbers = step
    move = OPERATIONS[name][1](pair, *numbers)
    if move is None:
        return True
    said, seen = await pair.take(move)
    story.append((move, said, seen))
    if name not in SETUP:
        tally.steps += 1
        tally.operations[name] += 1
        tally.effects[said.effect if said.effect == "loses-write" else seen.told()] += 1
        if said.effect == "unknown":
            tally.unknown += 1
            tally.unknowns[f"{name}: {said.because}"] += 1
    if not agree(said, seen):
        tally.disagreement = f"{name}: the outcomes differ"
    elif said.because != "tangled" and (found := pair.differences(said)):
        tally.disagreement = f"{name}: " + "; ".join(found)
    return not tally.disagreement and said.because != "tangled"


def told(move: Move, said: Outcome, seen: Seen) -> str:
    return f"{spelled(move.record)}{move.note}\n    model: {spelled(said)}\n    SQLAlchemy: {seen.told()}"


def spelled(record: Any) -> str:
    """A record or an outcome as one would write it, without what is left at its default."""
    said = []
    for one in fields(record):
        value = getattr(record, one.name)
        default = one.default_factory() if one.default_factory is not MISSING else one.default
        if value != default and one.name != "mapping":
            value = set(value) if isinstance(value, frozenset) else value
            said.append(f"{one.name}={value!r}")
    return f"{type(record).__name__}({', '.join(said)})"


async def shrunk(database: Database, steps: list[Step], lifecycle: MakeLifecycle) -> tuple[list[str], str]:
    """The story of the fewest steps that still disagree, and the disagreement."""
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
    return await live(database, kept, lifecycle, tally), tally.disagreement


def run_plainly(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, as all are that work with a plain Session."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a plain Session waited")
