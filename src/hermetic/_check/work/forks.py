"""Looks at a program in several processes at once.

The processes are forks of the one that read the program, so nothing has to be sent to them. Where a platform cannot
fork, one process does all.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import AnalysisFailed
from .starts import look_at, size_of
from .units import Seen, UnitKey
from .workers import Told

if TYPE_CHECKING:
    from ..analyzer import Analyzer

_SHARES = 6
"""Into so many parts is the work of each process cut, that none waits long for the last one."""


@dataclass(slots=True)
class _Forked:
    """What a process inherits, and which units it has told of."""

    analyzer: Analyzer | None = None
    told: frozenset[UnitKey] = frozenset()


_forked = _Forked()


def looked_at_by_forks(analyzer: Analyzer, starts: Sequence[UnitKey], jobs: int, told: Told) -> Mapping[UnitKey, Seen]:
    """All units that `starts` lead to; `told` hears which start was the last of a part, and how many are done."""
    _forked.analyzer, _forked.told = analyzer, frozenset()
    try:
        return dict(_gathered(analyzer, starts, jobs, told))
    except BrokenProcessPool:
        raise AnalysisFailed(
            "a process of the check was ended from outside, perhaps for want of memory;"
            " run again with `--jobs 1`, or narrow the paths or `exclude`"
        ) from None
    finally:
        _forked.analyzer = None


def _gathered(analyzer: Analyzer, starts: Sequence[UnitKey], jobs: int, told: Told) -> Iterator[tuple[UnitKey, Seen]]:
    fork = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(jobs, mp_context=fork, initializer=_begin)
    done = 0
    try:
        with warnings.catch_warnings():
            # The other threads here only draw; no fork waits for what they hold.
            warnings.simplefilter("ignore", DeprecationWarning)
            parts = {pool.submit(_look, part): part for part in _parts(analyzer, starts, jobs)}
        for finished in as_completed(parts):
            yield from _result(analyzer, finished, parts[finished])
            done += len(parts[finished])
            told(parts[finished][-1][1], done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(
    analyzer: Analyzer, finished: Future[list[tuple[UnitKey, Seen]]], part: Sequence[UnitKey]
) -> list[tuple[UnitKey, Seen]]:
    """What a process brought to light; what broke there breaks here once more, where one sees it."""
    error = finished.exception()
    if error is None or isinstance(error, BrokenProcessPool):
        return finished.result()
    for key in part:
        look_at(analyzer, key)
    return list(analyzer.units.seen(part).items())


def _parts(analyzer: Analyzer, starts: Sequence[UnitKey], jobs: int) -> list[Sequence[UnitKey]]:
    """The work cut into parts of neighbours, which call each other most, the greatest first."""
    sizes = [size_of(analyzer, key) for key in starts]
    enough = sum(sizes) // (jobs * _SHARES) + 1
    parts: list[tuple[int, Sequence[UnitKey]]] = []
    first = weight = 0
    for index, size in enumerate(sizes):
        weight += size
        if weight >= enough or index == len(sizes) - 1:
            parts.append((weight, starts[first : index + 1]))
            first, weight = index + 1, 0
    return [part for _, part in sorted(parts, key=lambda part: -part[0])]


def _begin() -> None:
    """A process ends without a word when the user stops the check, and copies no memory to look through it for garbage."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdin.close()
    gc.freeze()


def _look(part: Sequence[UnitKey]) -> list[tuple[UnitKey, Seen]]:
    analyzer = _forked.analyzer
    assert analyzer is not None
    for key in part:
        look_at(analyzer, key)
    seen = analyzer.units.seen(part)
    fresh = [(key, each) for key, each in seen.items() if key not in _forked.told]
    _forked.told |= {key for key, _ in fresh}
    return [(key, each.portable()) for key, each in fresh]
