"""The model agrees with SQLAlchemy, and this test would tell if it did not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hermetic._lifecycle import records
from hermetic._lifecycle.model import Lifecycle, Outcome

from .database import Database
from .operations import OPERATIONS, SETUP
from .prove import LINE, UNKNOWN_LIMIT, prove
from .seen import Step
from .sequences import Tally, live, run_plainly, steps_of

both = pytest.mark.parametrize("is_async", [False, True], ids=["Session", "AsyncSession"])
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("swept"),
]

NUMBERS = st.integers(0, 63)
STEPS = st.lists(st.tuples(st.sampled_from(list(OPERATIONS)), NUMBERS, NUMBERS, NUMBERS), min_size=5, max_size=40)

quick = settings(
    max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def compare(is_async: bool, steps: list[Step]) -> str:
    """The story of a sequence of steps when the two sides disagree, else nothing."""
    database = Database(is_async=is_async)

    async def run() -> str:
        await database.open()
        tally = Tally()
        try:
            story = await live(database, steps, partial(Lifecycle, LINE), tally)
        finally:
            await database.close()
        return "\n".join([*story, tally.disagreement]) if tally.disagreement else ""

    return asyncio.run(run()) if is_async else run_plainly(run())


@both
@quick
@given(steps=STEPS)
def test_every_step_agrees(is_async: bool, steps: list[Step]) -> None:
    """Whatever the steps, the model tells what each does, and what it leaves loaded, expired and unsaved."""
    assert "" == compare(is_async, [("open", 1, 1, 0), *steps])


RARE = {
    "a DELETE of what noload left without its children": [
        ("open", 33, 16, 0),
        ("load", 61, 3, 36),
        ("read", 11, 61, 33),
        ("create", 56, 10, 55),
        ("create", 46, 62, 7),
        ("load", 54, 52, 39),
        ("commit", 55, 16, 4),
        ("create", 31, 11, 9),
        ("delete", 49, 21, 34),
        ("flush", 3, 59, 20),
    ],
    "a row met twice beneath a write over an expired column": [
        ("open", 7, 40, 0),
        ("load", 1, 2, 27),
        ("rollback", 58, 56, 42),
        ("write", 23, 54, 5),
        ("load", 14, 46, 15),
        ("load", 36, 18, 39),
    ],
    "a query for a collection that its members' other sides changed": [
        ("open", 31, 28, 0),
        ("load", 0, 47, 57),
        ("relate", 33, 27, 46),
        ("load", 45, 24, 55),
    ],
    "an expired write to what leaves its session and comes back": [
        ("open", 49, 12, 0),
        ("load", 17, 27, 61),
        ("write", 4, 4, 55),
        ("expire", 2, 62, 13),
        ("expunge", 26, 15, 34),
        ("add", 2, 24, 39),
        ("expunge_all", 55, 24, 55),
    ],
    "a twin among what a collection let go, in the order in which the collection held it": [
        ("open", 57, 4, 0),
        ("load", 27, 22, 42),
        ("read", 56, 9, 53),
        ("relate", 5, 40, 13),
        ("relate", 19, 47, 3),
        ("expunge_all", 29, 31, 14),
        ("load", 31, 63, 16),
        ("add", 41, 15, 45),
    ],
    "an INSERT again after a refused flush, which may have refreshed the primary key before": [
        ("open", 29, 7, 0),
        ("create", 43, 6, 25),
        ("add", 2, 48, 63),
        ("flush", 26, 30, 30),
        ("expire", 12, 37, 17),
        ("write", 10, 31, 6),
        ("load", 19, 54, 26),
        ("rollback", 21, 46, 51),
        ("add", 17, 54, 13),
        ("load", 9, 34, 6),
    ],
    "several deleted instances of one row that a rollback brings back": [
        ("open", 57, 5, 0),
        ("load", 51, 62, 54),
        ("close", 46, 34, 4),
        ("load", 24, 25, 27),
        ("delete", 56, 39, 34),
        ("load", 56, 3, 22),
        ("delete", 26, 4, 15),
        ("rollback", 45, 55, 57),
    ],
    "a deleted instance that comes back in the place of its twin, which does not expire": [
        ("open", 28, 5, 44),
        ("load", 42, 47, 24),
        ("expunge_all", 58, 25, 28),
        ("load", 33, 46, 16),
        ("delete", 0, 58, 13),
        ("load", 53, 4, 19),
        ("add", 43, 28, 2),
        ("rollback", 43, 7, 26),
        ("merge", 3, 63, 30),
    ],
    "a refresh of what a refresh brought along, with the options of the first load": [
        ("open", 13, 62, 0),
        ("load", 42, 16, 9),
        ("expunge", 23, 48, 26),
        ("refresh", 62, 35, 9),
        ("refresh", 8, 53, 57),
    ],
}
"""Steps of which random ones meet the like once in some hundred thousand."""


@both
@pytest.mark.parametrize("steps", RARE.values(), ids=[name.replace(" ", "-") for name in RARE])
def test_rare_steps_agree(is_async: bool, steps: list[Step]) -> None:
    """What is too rare for a short run to meet agrees as well."""
    assert "" == compare(is_async, steps)


@both
def test_long_run_agrees(is_async: bool) -> None:
    """A few thousand random steps agree, and few of them are answered with unknown."""
    work = prove(4000, 7, is_async=is_async, lifecycle=partial(Lifecycle, LINE))
    tally = asyncio.run(work) if is_async else run_plainly(work)

    assert "" == tally.disagreement
    assert tally.unknown < UNKNOWN_LIMIT * tally.steps


def test_steps_are_not_padded() -> None:
    """Operations that only make ready for others are a small part of a sequence, and are not counted."""
    names = [name for name, *_ in steps_of(Random(1), 2000)]

    assert sum(name in SETUP for name in names) < len(names) / 5


class Mistaken(Lifecycle):
    """A model with a mistake in it."""

    __slots__ = ()
    mistake: Callable[[Lifecycle, records.Record, Outcome], Outcome]

    def apply(self, record: records.Record) -> Outcome:
        return type(self).mistake(self, record, super().apply(record))


def keeps_after_commit(life: Lifecycle, record: records.Record, outcome: Outcome) -> Outcome:
    if isinstance(record, records.Committed):
        for key, state in life.instances.items():
            life.instances[key] = replace(state, loaded=state.loaded | {"name", "title", "label"})
    return outcome


def keeps_after_rollback(life: Lifecycle, record: records.Record, outcome: Outcome) -> Outcome:
    if isinstance(record, records.RolledBack):
        for key, state in life.instances.items():
            life.instances[key] = replace(state, expired=frozenset())
    return outcome


def never_loses(_life: Lifecycle, record: records.Record, outcome: Outcome) -> Outcome:
    is_loss = outcome.effect == "loses-write" and isinstance(record, records.SessionClosed)
    return Outcome("fine") if is_loss else outcome


def always_loses(life: Lifecycle, record: records.Record, outcome: Outcome) -> Outcome:
    is_close = isinstance(record, records.SessionClosed) and outcome.effect == "fine"
    return Outcome("loses-write", because="dirty", lost=tuple(life.instances)) if is_close else outcome


def wrong_code(_life: Lifecycle, _record: records.Record, outcome: Outcome) -> Outcome:
    return replace(outcome, code="7s2a") if outcome.code == "bhk3" else outcome


def mends_itself(life: Lifecycle, _record: records.Record, outcome: Outcome) -> Outcome:
    for key, session in life.sessions.items():
        if session.phase == "failed":
            life.sessions[key] = replace(session, phase="in-transaction")
    return outcome


def free_lazy_loads(_life: Lifecycle, _record: records.Record, outcome: Outcome) -> Outcome:
    return Outcome("fine") if outcome.because == "lazy" and outcome.effect == "emits-sql" else outcome


def never_flushes_by_itself(life: Lifecycle, record: records.Record, outcome: Outcome) -> Outcome:
    if isinstance(record, records.SessionOpened):
        life.sessions[record.session] = replace(life.sessions[record.session], autoflush=False)
    return outcome


@pytest.mark.parametrize(
    "mistake",
    [
        keeps_after_commit,
        keeps_after_rollback,
        never_loses,
        always_loses,
        wrong_code,
        mends_itself,
        free_lazy_loads,
        never_flushes_by_itself,
    ],
    ids=lambda mistake: mistake.__name__.replace("_", "-"),
)
def test_mistake_is_found(mistake: Any) -> None:
    """A mistake in the model shows within a few thousand steps."""
    lifecycle = type("Mistake", (Mistaken,), {"mistake": staticmethod(mistake), "__slots__": ()})
    tally = run_plainly(prove(5000, 7, is_async=False, lifecycle=partial(lifecycle, LINE)))

    assert tally.disagreement
