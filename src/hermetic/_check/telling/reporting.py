"""Makes the report of what was read and found: what is told, in which confidence, and why the rest is not."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..._catalogue import CONFIDENCES, Confidence, Finding, catalogue
from ..checked import Analysis, Counts, Entry, Problem, Report, Suppression
from ..options.policy import Policies
from ..source.discover import SourceFile
from ..templates.files import Template
from .baseline import Baseline, Comparison
from .changes import Changes
from .fingerprints import Places, fingerprinted
from .quoting import quoted
from .seen import Joined, Seen, joined
from .suppressions import suppressions


@dataclass(frozen=True, slots=True)
class Material:
    """What a check is made from: the modules, the templates, and what could not be read or remembered."""

    files: Sequence[SourceFile]
    templates: Sequence[Template] = ()
    problems: Sequence[Problem] = ()

    @property
    def every(self) -> list[SourceFile | Template]:
        return [*self.files, *self.templates]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is told: by which policies, beside which baseline and changes, with what a run has seen."""

    policies: Policies
    baseline: Baseline | None = None
    changes: Changes | None = None
    seen: Seen = field(default_factory=dict)


class Clock:
    """Takes the seconds of each part of a check."""

    def __init__(self) -> None:
        self.laps: list[tuple[str, float]] = []
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """End a part and begin the next."""
        now = time.perf_counter()
        self.laps.append((name, now - self._since))
        self._since = now


def reported(material: Material, analysis: Analysis, wishes: Wishes, clock: Clock) -> Report:
    """What a check has to tell of what was found."""
    files, policies = material.files, wishes.policies
    places = Places(files)
    findings, lowered, missed = _prepared(analysis, files, policies, places)
    both = joined(findings, wishes.seen, places, policies)
    shown, suppressed, comments = _allowed(both, files, policies)
    told = [each for each in shown if policies.of(each.file).shows(each.confidence)]
    compared = _compared(told, shown, files, wishes.baseline, policies)
    here = [each for each in compared.new if wishes.changes is None or wishes.changes.touch(each, places)]
    lines = quoted([*here, *compared.known, *(finding for finding, _ in suppressed)], material.every)
    sizes = _sizes(files)
    clock.lap("telling")
    return Report(
        findings=tuple(here),
        suppressed=tuple(suppressed),
        unused_suppressions=comments.unused,
        problems=(*material.problems, *comments.problems, *missed, *both.outdated),
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


def _counts(analysis: Analysis, sizes: Mapping[str, int], clock: Clock, **left_out: int) -> Counts:
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
