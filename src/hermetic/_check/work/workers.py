"""Tells how many processes look at a program, and lets them; what they bring to light is what one would."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from .starts import look_at
from .units import Seen, UnitKey

if TYPE_CHECKING:
    from ..analyzer import Analyzer

Told = Callable[[str, int], None]

ENOUGH = 300
"""So many functions, about two seconds of work, are worth a process of their own."""


def processes(jobs: int, functions: int) -> int:
    """How many processes look at so many functions when `jobs` are allowed; 0 allows one per core, if that pays."""
    if jobs == 1 or (not jobs and functions < 2 * ENOUGH):
        return 1
    # Imported here and below, because it takes longer to import than many an edit to check.
    import multiprocessing

    if "fork" not in multiprocessing.get_all_start_methods():
        return 1
    if jobs:
        return jobs
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cores, functions // ENOUGH))


def looked_at(analyzer: Analyzer, starts: Sequence[UnitKey], jobs: int, told: Told) -> Mapping[UnitKey, Seen]:
    """All units that `starts` lead to, looked at by so many processes; `told` hears which start is next, and how many are done."""
    if jobs < 2 or len(starts) < 2:
        for done, key in enumerate(starts):
            told(key[1], done)
            look_at(analyzer, key)
        return analyzer.units.seen(starts)
    from .forks import looked_at_by_forks

    return looked_at_by_forks(analyzer, starts, jobs, told)
