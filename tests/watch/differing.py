"""Which tests end otherwise when they are watched, and go on to when they run again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Outcomes = dict[str, str]
"""How each test ended, by its name, which begins with its file's and `::`."""


def differing(plain: Outcomes, watched: Outcomes) -> tuple[str, ...]:
    """The tests that end otherwise when they are watched, or are there in one of the runs only."""
    return tuple(name for name in sorted(plain.keys() | watched.keys()) if plain.get(name) != watched.get(name))


def differing_twice(
    plain: Outcomes, watched: Outcomes, run: Callable[[bool, Iterable[str]], Outcomes]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tests that differ and do so again, and those that do not: where one differs, `run(is_watched, files)` says more.

    Some tests race against the clock.
    """
    first = differing(plain, watched)
    if not first:
        return (), ()
    files = sorted({name.partition("::")[0] for name in first})
    again = differing(*(run(is_watched, files) for is_watched in (False, True)))
    return tuple(name for name in first if name in again), tuple(name for name in first if name not in again)
