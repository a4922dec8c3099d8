"""Carries one check from the paths a user gives to the report on them."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from .._catalogue import CONFIDENCES, Confidence, Finding, catalogue
from ..errors import AnalysisFailed, CheckFailed, NothingToCheck
from .checked import Analysis, Counts, Entry, Problem, Report, Suppression
from .found import found_by_engine
from .options.config import Config, Overrides
from .options.policy import Policies
from .providers import Provider
from .source.discover import Search, SourceFile, discover
from .source.places import look_again
from .telling.baseline import Baseline, Comparison
from .telling.changes import Changes
from .telling.fingerprints import Places, fingerprinted
from .telling.quoting import quoted
from .telling.seen import Joined, Seen, joined
from .telling.suppressions import suppressions
from .templates.files import Template, unread
from .work.memory import Memory

Progress = Callable[[str, int, int], None]
"""Told of each step: what is done, how many are done, how many there are (0 where that is not known)."""

_RECURSION_LIMIT = 6_000
"""Python parses expressions some 3,000 levels deep; whoever walks their trees needs room for it."""


class Analyze(Protocol):
    """The shape of `engine.analyze`."""

    def __call__(
        self, files: Sequence[SourceFile], *, progress: Progress | None, jobs: int, providers: Sequence[Provider]
    ) -> Analysis: ...


@contextmanager
def _without_collector() -> Iterator[None]:
    """Leave the garbage collector out: it would walk millions of syntax nodes, over and over, to free next to nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_without_collector()
def check(
    paths: Sequence[str | Path],
    config: Config | None = None,
    *,
    overrides: Overrides | None = None,
    baseline: Baseline | None = None,
    changes: Changes | None = None,
    seen: Seen | None = None,
    edited: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    analyze: Analyze | None = None,
) -> Report:
    """Check the files below `paths`; raises CheckFailed (see `hermetic.errors`) when that cannot be done.

    `overrides` is what goes on top of `config` and of every configuration that is nearer to a file. With a `baseline`
    only new findings are told, with `changes` only those that they touch. What a run has `seen` is proven. `edited` is what
    to take as the text of a module instead of what its file holds, by its name.
    """
    clock = _Clock()
    config = (overrides or Overrides()).on(config or Config())
    policies = Policies(config, overrides)
    memory = Memory(config.cache_dir if analyze is None else None, paths, config.providers)
    files, templates, problems = _read(paths, config, edited or {}, progress, memory)
    clock.lap("reading")
    find = analyze or partial(found_by_engine, memory=memory, templates=templates)
    every: list[SourceFile | Template] = [*files, *templates]
    analysis = memory.analysis(every) or memory.keep(every, _analysis(files, config, progress, find))
    clock.lap("analysing")
    places = Places(files)
    findings, lowered, missed = _prepared(analysis, files, policies, places)
    both = joined(findings, seen or {}, places, policies)
    shown, suppressed, comments = _allowed(both, files, policies)
    told = [each for each in shown if policies.of(each.file).shows(each.confidence)]
    compared = _compared(told, shown, files, baseline, policies)
    here = [each for each in compared.new if changes is None or changes.touch(each, places)]
    lines = quoted([*here, *compared.known, *(finding for finding, _ in suppressed)], every)
    sizes = _sizes(files)
    clock.lap("telling")
    return Report(
        findings=tuple(here),
        suppressed=tuple(suppressed),
        unused_suppressions=comments.unused,
        problems=(*problems, *unread(templates, files), *memory.problems, *comments.problems, *missed, *both.outdated),
        known=compared.known,
        stale=compared.stale,
        pruned=compared.pruned,
        unresolved=analysis.unresolved,
        given_up=analysis.given_up,
        found=Counter((each.slug, each.confidence) for each in shown),
        sizes=sizes,
        counts=_counts(analysis, sizes, clock, lowered=lowered, **_left_out(shown, told, compared, here, both)),
        lines=lines,
        seen=both.seen,
        only_seen=both.only_seen,
        texts={file.name: file.text for file in files if not file.fence},
    )


def _left_out(
    shown: Sequence[Finding], told: Sequence[Finding], compared: Comparison, here: Sequence[Finding], both: Joined
) -> dict[str, int]:
    """How many findings are not told, by the reason."""
    unchanged = len(compared.new) - len(here)
    return {"hidden": len(shown) - len(told), "unchanged": unchanged, "elsewhere": both.elsewhere}


def _counts(analysis: Analysis, sizes: Mapping[str, int], clock: _Clock, **left_out: int) -> Counts:
    """What was read and understood, how long it took, and how much is left out."""
    return Counts(
        files=len(sizes),
        lines=sum(sizes.values()),
        sessions=analysis.sessions,
        models=analysis.models,
        functions=analysis.functions,
        seconds=sum(seconds for _, seconds in clock.laps),
        phases=tuple(clock.laps),
        **left_out,
    )


def _prepared(
    analysis: Analysis, files: Sequence[SourceFile], policies: Policies, places: Places
) -> tuple[list[Finding], int, list[Problem]]:
    """The findings of the hazards that are looked for, as a user is told of them.

    Beside them, how many were lowered, and the marked mistakes that were not found.
    """
    findings, lowered = _lowered(dict.fromkeys(analysis.findings), _roles(files, policies))
    findings, missed = _without_bad(_placed(findings, files), files)
    wanted = [policies.of(each.file).graded(each) for each in findings if policies.of(each.file).wants(each.slug)]
    marked = [each if each.fingerprint else fingerprinted([each], places)[0] for each in wanted]
    return marked, lowered, missed


class _Clock:
    """Takes the seconds of each part of a check."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a part and begin the next."""
        now = time.perf_counter()
        self.laps.append((name, now - self._since))
        self._since = now


def _read(
    paths: Sequence[str | Path],
    config: Config,
    edited: Mapping[str, str],
    progress: Progress | None,
    memory: Memory,
) -> tuple[list[SourceFile], list[Template], list[Problem]]:
    """The modules, the templates and the problems below `paths`; raises NothingToCheck when there is no module at all."""
    look_again()
    files: list[SourceFile] = []
    templates: list[Template] = []
    problems: list[Problem] = []
    for found in discover(
        paths,
        Search(
            config.exclude,
            config.base,
            tell_fences=config.tell_fences,
            is_python=memory.is_python,
            fences=memory.fences,
        ),
    ):
        if isinstance(found, Problem):
            problems.append(found)
            continue
        if isinstance(found, Template):
            templates.append(found)
            continue
        files.append(_edited(found, edited))
        if progress:
            progress("reading", len(files), 0)
    if not files:
        where = ", ".join(map(str, paths)) or "."
        if problems:
            raise NothingToCheck("\n".join([*map(str, problems), f"nothing in {where} could be checked"]))
        raise NothingToCheck(f"no Python in {where}; give a path that holds .py or .md files, or shorten `exclude`")
    return files, templates, problems


def _edited(file: SourceFile, edited: Mapping[str, str]) -> SourceFile:
    text = edited.get(file.name)
    return file if text is None or file.fence else replace(file, text=text, parsed=None)


def _analysis(files: Sequence[SourceFile], config: Config, progress: Progress | None, find: Analyze) -> Analysis:
    """What the engine says; whatever breaks inside it becomes one AnalysisFailed."""
    try:
        with _deep_recursion():
            return find(files, progress=progress, jobs=config.jobs, providers=config.providers)
    except CheckFailed:
        raise
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise AnalysisFailed(
            f"the analysis stopped on an internal error: {told} ({_innermost(error)}); report it with this"
            " line, and narrow the paths or `exclude` to go on without the file that causes it"
        ) from error


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _innermost(error: BaseException) -> str:
    """Where an exception was raised, as `file.py:line`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "nowhere"


def _roles(files: Sequence[SourceFile], policies: Policies) -> dict[str, str]:
    """What each file that is not taken as code is for, by its name."""
    return {file.name: file.role for file in files if file.role != "code" and not policies.of(file.name).tests}


def _lowered(
    findings: Sequence[Finding] | Mapping[Finding, None], roles: Mapping[str, str]
) -> tuple[list[Finding], int]:
    """The findings, those of tests, migrations and examples one confidence step down, and how many these are.

    What a migration costs is paid once: that is only possible.
    """
    lowered: dict[Confidence, Confidence] = dict(zip(CONFIDENCES, (*CONFIDENCES[1:], CONFIDENCES[-1]), strict=True))
    costs = {slug for slug, hazard in catalogue().items() if hazard.is_cost}
    down = list[Finding]()
    for each in findings:
        role = roles.get(each.file)
        if role == "migration" and each.slug in costs:
            down.append(replace(each, confidence="possible"))
        else:
            down.append(replace(each, confidence=lowered[each.confidence]) if role else each)
    return down, sum(each.file in roles for each in findings)


def _placed(findings: Sequence[Finding], files: Sequence[SourceFile]) -> list[Finding]:
    """The findings with their columns counted as an editor does: in characters, and in a document from its margin."""
    bytewise: dict[str, list[SourceFile]] = {}
    for file in files:
        if file.indent or not file.text.isascii():
            bytewise.setdefault(file.name, []).append(file)
    placed = []
    for each in findings:
        around = next((file for file in bytewise.get(each.file, ()) if _within(each, file)), None)
        placed.append(_as_in_editor(each, around) if around else each)
    return placed


def _as_in_editor(finding: Finding, file: SourceFile) -> Finding:
    """A finding whose columns are the bytes that Python's parser counts, with its columns in characters."""
    lines = file.text.split("\n")
    ends = ((finding.line, finding.column), (finding.end_line, finding.end_column))
    column, end_column = (
        len(lines[line - 1].encode()[: column - 1].decode(errors="replace")) + 1 + file.indent
        if line <= len(lines)
        else column
        for line, column in ends
    )
    return replace(finding, column=column, end_column=end_column)


def _without_bad(findings: Sequence[Finding], files: Sequence[SourceFile]) -> tuple[list[Finding], list[Problem]]:
    """The findings outside blocks marked as mistakes, and a problem for each such block that has none."""
    bad = [file for file in files if file.bad]
    kept = [each for each in findings if not any(_within(each, file) for file in bad)]
    sentence = "this block is marked `hermetic: bad`, but nothing was found in it; correct the example or drop the mark"
    missed = [
        Problem(file.name, file.first_line, sentence, "example")
        for file in bad
        if not any(_within(each, file) for each in findings)
    ]
    return kept, missed


def _within(finding: Finding, file: SourceFile) -> bool:
    return finding.file == file.name and file.first_line <= finding.line <= file.text.count("\n") + 1


@dataclass(frozen=True, slots=True)
class _Comments:
    """What there is to say of the comments that allow findings."""

    unused: tuple[Suppression, ...]
    problems: tuple[Problem, ...]


def _allowed(
    both: Joined, files: Sequence[SourceFile], policies: Policies
) -> tuple[list[Finding], list[tuple[Finding, str]], _Comments]:
    """The findings that no comment allows, the others with their reason, and what there is to say of the comments."""
    found = [each for file in files for each in suppressions(file)]
    comments = [each for each in found if isinstance(each, Suppression)]
    shown, suppressed, used = _apply(both.findings, comments)
    shown.sort(key=lambda each: (each in both.only_seen, *_order(each)))
    suppressed.sort(key=lambda pair: _order(pair[0]))
    problems = tuple(each for each in found if isinstance(each, Problem))
    return shown, suppressed, _Comments(_unused(comments, used, policies), problems)


def _apply(
    findings: Sequence[Finding], comments: Sequence[Suppression]
) -> tuple[list[Finding], list[tuple[Finding, str]], set[Suppression]]:
    """The findings no comment allows, the others with their reason, and the comments that were of use."""
    shown: list[Finding] = []
    suppressed: list[tuple[Finding, str]] = []
    used: set[Suppression] = set()
    for finding in findings:
        covering = [comment for comment in comments if comment.covers(finding)]
        used.update(covering)
        if covering:
            suppressed.append((finding, covering[0].reason))
        else:
            shown.append(finding)
    return shown, suppressed, used


def _compared(
    told: Sequence[Finding],
    shown: Sequence[Finding],
    files: Sequence[SourceFile],
    baseline: Baseline | None,
    policies: Policies,
) -> Comparison:
    """The findings beside the baseline; without one, all of them are new."""
    if baseline is None:
        return Comparison(new=tuple(told))
    hidden = [each for each in shown if not policies.of(each.file).shows(each.confidence)]
    return baseline.compared(told, hidden, _Sight(baseline, policies, {os.path.abspath(file.name) for file in files}))


@dataclass(frozen=True, slots=True)
class _Sight:
    """Whether a check of the files in `read` would have found what an entry of a baseline speaks of."""

    baseline: Baseline
    policies: Policies
    read: set[str]

    def __call__(self, entry: Entry) -> bool:
        file = os.path.abspath(self.baseline.file_of(entry))
        return (file in self.read or not os.path.exists(file)) and self.policies.of(file).wants(entry.hazard)


def _unused(comments: Sequence[Suppression], used: set[Suppression], policies: Policies) -> tuple[Suppression, ...]:
    """The comments that covered nothing, of hazards that were looked for."""
    return tuple(each for each in comments if each not in used and policies.of(each.file).wants(each.slug))


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    return finding.file, finding.line, finding.column, finding.code, finding.message


def _sizes(files: Sequence[SourceFile]) -> dict[str, int]:
    """Lines of Python by file; a block of a document counts its own lines only."""
    sizes: Counter[str] = Counter()
    for file in files:
        sizes[file.name] += file.text.count("\n") + 2 - file.first_line if file.fence else file.text.count("\n")
    return sizes
