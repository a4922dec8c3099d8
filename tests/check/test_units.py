"""Units of work that ask for each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import permutations
from typing import cast

import pytest

from hermetic._check.work import units
from hermetic._check.work.units import Units

CIRCLE = {"a": "b", "b": "cd", "c": "a", "d": "", "e": "a"}
"""Who asks whom: a, b and c go round, d is below them, e above."""


def answers(order: str, ask_by: Callable[[Units, str], str]) -> dict[str, object]:
    asked = Units()
    return {name: asked.ask((name,), partial(ask_by, asked, name), "?").value for name in order}


def reach(asked: Units, name: str) -> str:
    """The names that one name leads to, by asking those it names."""
    found = {name}
    for other in CIRCLE[name]:
        found |= set(cast(str, asked.ask((other,), partial(reach, asked, other), "?").value))
    return "".join(sorted(found - {"?"}))


def test_a_circle_is_settled_the_same_whoever_is_asked_first() -> None:
    """All of it is known to each of its members, and to who stands above; what stands below is not touched."""
    told = [answers("".join(order), reach) for order in permutations(CIRCLE)]

    assert [{"a": "abcd", "b": "abcd", "c": "abcd", "d": "d", "e": "abcde"}] * len(told) == told


def test_a_circle_that_never_stands_still_comes_to_an_end() -> None:
    """A value that grows with each turn is left after a few of them, the same whoever is asked first."""

    def grow(asked: Units, name: str) -> str:
        other = {"a": "b", "b": "a"}[name]
        return name + cast(str, asked.ask((other,), partial(grow, asked, other), "?").value)

    assert dict(answers("ab", grow)) == dict(answers("ba", grow))


def test_a_long_chain_is_looked_at_from_its_far_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long, it stays within a few levels at a time."""
    monkeypatch.setattr(units, "MAX_DEPTH", 5)
    deepest = 0

    def count(asked: Units, number: int) -> int:
        nonlocal deepest
        deepest = max(deepest, asked._depth)
        if not number:
            return 0
        return 1 + cast(int, asked.ask((str(number - 1),), partial(count, asked, number - 1), 0).value)

    chain = Units()

    assert 100 == chain.ask(("100",), partial(count, chain, 100), 0).value
    assert 6 >= deepest
