"""What a run has to tell in the end: its processes, and what they saw as findings of the same shape as a check's."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .._catalogue import Edit, Finding, Step
from .._check.checked import Report, Sightings
from .._check.options.policy import Policies
from .._check.source.discover import SourceFile, discover, shown
from .._check.telling.fingerprints import Places, fingerprinted
from .._check.telling.quoting import quoted
from .._watch.processes.gathering import Note, Sighted
from .._watch.processes.wire import Hello, identity
from ..errors import NothingToCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A program that was watched to its end; `unwatched` are Python processes below it that were not, `still_there` those that go on.

    `blind` tells why the command line keeps Python from being watched, or is empty.
    """

    command: tuple[str, ...]
    exit_code: int
    seconds: float
    processes: tuple[Hello, ...]
    unwatched: tuple[Note, ...]
    still_there: tuple[Hello, ...]
    blind: str
    report: Report


class Sources:
    """The files that findings speak of, each read once, when it is asked for."""

    def __init__(self) -> None:
        self._files: dict[str, SourceFile | None] = {}

    def told(self, finding: Finding) -> Finding:
        """The finding as a check would tell it: names as the user writes them, function and fingerprint from the source."""
        named = replace(
            finding,
            file=_shown(finding.file),
            story=tuple(map(_step_shown, finding.story)),
            edits=tuple(map(_edit_shown, finding.edits)),
        )
        source = self.file(named.file)
        (marked,) = fingerprinted([named], Places([source] if source else []))
        return marked if marked.fingerprint else replace(named, fingerprint=_by_words(named))

    def file(self, name: str) -> SourceFile | None:
        """A source by its shown name; None where there is none that can be read."""
        if name not in self._files:
            self._files[name] = _read(name)
        return self._files[name]

    def quoted(self, findings: Iterable[Finding]) -> dict[tuple[str, int], str]:
        """The source lines that findings and their stories speak of."""
        findings = list(findings)
        names = {file for each in findings for file in (each.file, *(step.file for step in each.story))}
        return quoted(findings, [file for file in map(self.file, sorted(names)) if file is not None])


def report(sighted: Iterable[Sighted], policies: Policies, sources: Sources) -> Report:
    """The findings that the user's configuration lets through, with what was seen of each."""
    seen: dict[Finding, Sightings] = {}
    for each in sighted:
        finding = sources.told(each.finding)
        policy = policies.of(finding.file)
        if policy.wants(finding.slug) and policy.shows(finding.confidence):
            seen[policy.graded(finding)] = sightings(each)
    return Report(findings=tuple(seen), seen=seen, lines=sources.quoted(seen))


def sightings(sighted: Sighted) -> Sightings:
    """How often it was seen, in the words of a report."""
    return Sightings(sighted.count, sighted.total_ms, sighted.first, sighted.last, sighted.pids)


def _read(name: str) -> SourceFile | None:
    if not os.path.isfile(name):
        return None
    try:
        return next((found for found in discover([name]) if isinstance(found, SourceFile)), None)
    except NothingToCheck:
        return None


def _shown(file: str) -> str:
    return file if file.startswith("<") else shown(Path(file))


def _step_shown(step: Step) -> Step:
    return replace(step, file=_shown(step.file))


def _edit_shown(edit: Edit) -> Edit:
    return replace(edit, file=_shown(edit.file))


def _by_words(finding: Finding) -> str:
    """A fingerprint where there is no source: of the function and the words, without the numbers in them."""
    slug, _, _, _, words = identity(finding)
    return hashlib.sha256("\0".join([slug, finding.function, words]).encode()).hexdigest()[:32]
