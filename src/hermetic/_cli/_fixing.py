"""Carries out `--fix` and `--show-fixes`: tries the fixes on a copy in memory, then writes files or prints a diff."""

from __future__ import annotations

import difflib
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from .._catalogue import Safety
from .._check.checked import Report
from .._check.fixes.applying import Look, Outcome, mend
from .._check.fixes.draft import Draft, Untouched
from .._check.options.config import Config, Overrides
from .._check.options.policy import Policies
from ..errors import BadConfig
from ._printing import say
from .check import Options


class Checking(Protocol):
    """Checks once, with other texts for some modules; `all_of_it` whatever baseline and changes say."""

    def __call__(
        self, overrides: Overrides, *, edited: Mapping[str, str] | None = None, all_of_it: bool = False
    ) -> Report: ...


def refuse(options: Options) -> None:
    """Raises BadConfig for options that do not go together."""
    if options.fix and options.show_fixes:
        raise BadConfig("--fix writes and --show-fixes only shows; give one of them")
    if options.unsafe and not (options.fix or options.show_fixes):
        raise BadConfig("--unsafe says which fixes; add --fix or --show-fixes")
    if options.watch and (options.fix or options.show_fixes):
        raise BadConfig("--watch tells of findings; fix them in a run of its own")
    if (options.fix or options.show_fixes) and (options.write_baseline or options.prune):
        raise BadConfig("a fix changes what a baseline would hold; write or prune it in a run of its own")


def tried(options: Options, config: Config, overrides: Overrides, checking: Checking) -> Outcome:
    """Try the fixes that are asked for, of the findings that are told; what a baseline holds is let be."""
    policies = Policies(overrides.on(config), overrides)

    def looking(edited: Mapping[str, str]) -> Look:
        report = checking(replace(overrides, min_confidence="possible"), edited=edited, all_of_it=True)
        told = [each for each in report.findings if policies.of(each.file).shows(each.confidence)]
        return Look(tuple(told), report.findings, report.texts)

    narrowed = checking(overrides).findings if options.diff is not None or _has_baseline(options, config) else None
    allowed: tuple[Safety, ...] = ("safe", "unsafe") if options.unsafe else ("safe",)
    return mend(looking, allowed, narrowed)


def _has_baseline(options: Options, config: Config) -> bool:
    return not options.no_baseline and (options.baseline or config.baseline) is not None


def write(outcome: Outcome) -> int:
    """Put the fixed modules into their files; gives how many findings that mends, and says what was left."""
    refused = set()
    for draft in outcome.drafts:
        try:
            draft.save()
        except Untouched as why:
            refused.add(str(draft.path))
            say(f"{why}\n", to_stderr=True)
    _tell(outcome)
    return sum(not refused & {edit.file for edit in each.edits} for each in outcome.mended)


def show(outcome: Outcome) -> int:
    """Print what `write` would change, as one diff; gives the exit code of the findings that are there."""
    for draft in outcome.drafts:
        say(_diff(draft))
    _tell(outcome)
    say(summary(len(outcome.mended), outcome, verb="would fix"), to_stderr=True)
    return 1 if outcome.mended or outcome.remaining else 0


def summary(count: int, outcome: Outcome, *, verb: str = "fixed") -> str:
    """`fixed 3, 2 more with --unsafe`."""
    more = f", {outcome.unsafe} more with --unsafe" if outcome.unsafe else ""
    return f"{verb} {count}{more}\n"


def _diff(draft: Draft) -> str:
    name = draft.path.as_posix().lstrip("/")
    before, after = (list(io.StringIO(text, newline="")) for text in (draft.before.decode(draft.encoding), draft.text))
    lines = difflib.unified_diff(before, after, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _tell(outcome: Outcome) -> None:
    for sentence in outcome.left:
        say(f"{sentence}\n", to_stderr=True)
