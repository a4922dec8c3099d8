"""Carries one `hermetic check` from its options to its exit code."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from .._check.checked import Problem, Report
from .._check.options.config import Config, Overrides, load
from .._check.run import Progress, check
from .._check.telling.baseline import Baseline
from .._check.telling.changes import changes_since
from .._check.telling.seen import Seen, together
from .._check.telling.seen import load as load_seen
from .._check.work.cache import DIRECTORY
from .._report import stats
from ..errors import BadConfig
from . import _fixing as fixing
from ._baselining import accept, prune, remembered
from ._outputs import outputs, write
from ._printing import is_terminal, say
from ._watching import watch
from .check import Options

FOUND = 1
FLOOD = 20


def checked(options: Options) -> int:
    """Check, once or until Ctrl-C, and answer with the exit code; raises CheckFailed when it cannot be done."""
    fixing.refuse(options)
    if not options.watch:
        is_many = options.fix or options.show_fixes
        with nullcontext() if is_many else _uncollected():
            return _once(options)
    if options.write_baseline or options.prune:
        raise BadConfig("--watch tells of findings; write or prune a baseline without it")
    watch(options.paths, [each.file for each in outputs(options) if each.file], partial(_once, options))
    return 0


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nobody look for what can be freed, now or later: the process ends soon, and the look takes longer than many a check."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _once(options: Options) -> int:
    """Check, write the report, and answer with the exit code."""
    wanted = outputs(options)
    config = _config(options)
    baseline = remembered(options, config)
    outcome = None
    if options.fix or options.show_fixes:
        outcome = fixing.tried(options, config, _overrides(options), partial(_checked, options, config, baseline))
    if outcome is not None and options.show_fixes:
        return fixing.show(outcome)
    mended = 0 if outcome is None else fixing.write(outcome)
    report = _checked(options, config, baseline, _overrides(options))
    if not options.write_baseline:
        write(report, wanted, quiet=options.quiet)
    if options.stats:
        say("\n" + stats.render(report), to_stderr=options.format != "text")
    if outcome is not None and not options.quiet:
        say(fixing.summary(mended, outcome), to_stderr=options.format != "text")
    if not options.quiet and (options.write_baseline or options.format != "github"):
        _tell(report.problems, everything=options.verbose)
    if baseline is not None and options.prune:
        prune(report, baseline)
    if baseline is not None and options.write_baseline:
        accept(report, baseline)
        return 0
    return FOUND if report.findings else 0


def _checked(
    options: Options,
    config: Config,
    baseline: Baseline | None,
    overrides: Overrides,
    *,
    edited: Mapping[str, str] | None = None,
    all_of_it: bool = False,
) -> Report:
    """Check once; `all_of_it` tells also what the baseline holds and what no change touches."""
    changes = None if options.diff is None or all_of_it else changes_since(options.diff, _directory(options))
    with _progress(options) as progress:
        return check(
            options.paths or (".",),
            config,
            overrides=overrides,
            baseline=None if all_of_it else baseline,
            changes=changes,
            seen=_seen(options),
            edited=edited,
            progress=progress,
        )


def _seen(options: Options) -> Seen:
    """What all the runs saw that the options name; raises BadConfig."""
    return together([load_seen(file) for file in options.seen])


def _directory(options: Options) -> Path:
    """Where to ask git: at the first path."""
    start = Path(options.paths[0]) if options.paths else Path.cwd()
    return start if start.is_dir() else start.parent


def _config(options: Options) -> Config:
    """What the configuration file says of the check as a whole, with the command line's word on it."""
    start = Path(options.paths[0]) if options.paths else Path.cwd()
    config = load(start, options.config)
    cache_dir = options.cache_dir or config.cache_dir or config.base / DIRECTORY
    return replace(
        config,
        jobs=config.jobs if options.jobs is None else options.jobs,
        cache_dir=None if options.no_cache else cache_dir,
        tell_fences=options.verbose,
    )


def _overrides(options: Options) -> Overrides:
    """What the command line says of the findings."""
    return Overrides(
        select=options.select,
        ignore=options.ignore,
        exclude=options.exclude,
        min_confidence=options.min_confidence,
        tests=options.tests,
    )


def _tell(problems: Sequence[Problem], *, everything: bool) -> None:
    """Print what went wrong beside the findings, on stderr; a flood of it only in part."""
    shown = problems if everything or len(problems) <= FLOOD else problems[: FLOOD // 2]
    for problem in shown:
        say(f"{problem}\n", to_stderr=True)
    if len(shown) < len(problems):
        say(f"and {len(problems) - len(shown)} more; --verbose tells all of them\n", to_stderr=True)


@contextmanager
def _progress(options: Options) -> Iterator[Progress | None]:
    """A bar on the terminal's stderr while a long check runs; nothing elsewhere."""
    if options.no_progress or options.quiet or not is_terminal(sys.stderr):
        yield None
        return
    from ._bar import Bar  # rich is slow to import, and no program that reads a pipe needs a bar

    bar = Bar()
    try:
        yield bar.show
    finally:
        bar.stop()
