"""Reads and writes the baseline as the options of a check say."""

from __future__ import annotations

from pathlib import Path

from .._check.checked import Report
from .._check.options.config import Config
from .._check.telling.baseline import Baseline, load
from .._check.telling.baseline import write as write_entries
from ..errors import BadConfig
from ._printing import say
from .check import Options

DEFAULT = "hermetic-baseline.json"


def remembered(options: Options, config: Config) -> Baseline | None:
    """The baseline to check beside, if there is to be one; raises BadConfig when it cannot be had."""
    changes_it = options.write_baseline or options.prune
    if options.no_baseline:
        if changes_it or options.baseline is not None:
            raise BadConfig("--no-baseline contradicts --baseline, --write-baseline and --prune; leave one out")
        return None
    if changes_it and options.diff is not None:
        raise BadConfig("--diff leaves findings out that a baseline must hold; leave it out to write or prune one")
    path = options.baseline or config.baseline
    if options.write_baseline:
        path = path or config.base / DEFAULT
        return load(path) if path.exists() else Baseline(path)
    if path is None and options.prune:
        raise BadConfig(
            'there is no baseline to prune; name it with --baseline, or as `baseline = "FILE"` in [tool.hermetic]'
        )
    return None if path is None else load(path)


def accept(report: Report, baseline: Baseline) -> None:
    """Put every finding into the baseline."""
    entries = baseline.holding(report.findings, report.pruned)
    write_entries(baseline.path, entries)
    count = sum(entry.count for entry in entries)
    say(f"{count} {'finding' if count == 1 else 'findings'} written to {_shown(baseline.path)}\n")


def prune(report: Report, baseline: Baseline) -> None:
    """Take out of the baseline what is no longer found, and say so where something was."""
    write_entries(baseline.path, report.pruned)
    if report.stale:
        count = sum(entry.count for entry in report.stale)
        say(f"{count} taken out of {_shown(baseline.path)}\n", to_stderr=True)


def _shown(path: Path) -> str:
    """A path relative to the working directory where it lies below it."""
    path, cwd = path.absolute(), Path.cwd()
    return path.relative_to(cwd).as_posix() if path.is_relative_to(cwd) else str(path)
