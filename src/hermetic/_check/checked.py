"""What a check has to tell; `_report` writes it out in its formats, by shape, without importing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .._catalogue import Finding


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to know besides findings: what, where, and the next step, in one sentence."""

    path: str
    line: int | None
    sentence: str
    kind: Literal["unreadable", "suppression", "example", "cache", "outdated", "template"] = "unreadable"

    def __str__(self) -> str:
        return f"{self.path}{'' if self.line is None else f':{self.line}'}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Suppression:
    """One slug that a comment allows, from `first` to `last` line of its file (1-based, both included)."""

    file: str
    line: int
    slug: str
    reason: str
    first: int
    last: int

    def covers(self, finding: Finding) -> bool:
        return finding.slug == self.slug and finding.file == self.file and self.first <= finding.line <= self.last


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """So many findings of one hazard in one function, as a baseline holds them; `file` is relative to the baseline's directory."""

    file: str
    function: str
    hazard: str
    fingerprint: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a run found, and how much of it was understood.

    `sessions` counts the places where sessions are made, `models` the mapped classes, `functions` those walked;
    `unresolved` names the providers that could not be resolved, `given_up` what took too long to walk to its end.
    """

    findings: tuple[Finding, ...]
    sessions: int
    models: int
    functions: int
    unresolved: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What a check saw: files and lines read, what was recognised in them, and the findings it does not show.

    `lowered` are findings of tests, migrations and examples, taken one confidence step down; `hidden` those below the
    confidence that is shown; `unchanged` those that no changed line has to do with, `elsewhere` those that a run saw in files that were not checked.
    `phases` tells the seconds of each part of the check, in their order.
    """

    files: int = 0
    lines: int = 0
    sessions: int = 0
    models: int = 0
    functions: int = 0
    lowered: int = 0
    hidden: int = 0
    unchanged: int = 0
    elsewhere: int = 0
    seconds: float = 0.0
    phases: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Sightings:
    """How often a finding was seen while a program ran: the milliseconds it cost in all, and when, in seconds of the epoch."""

    count: int
    total_ms: float
    first: float
    last: float
    pids: Sequence[int]

    def and_(self, other: Sightings) -> Sightings:
        """Both together."""
        return Sightings(
            self.count + other.count,
            self.total_ms + other.total_ms,
            min(self.first, other.first),
            max(self.last, other.last),
            tuple(dict.fromkeys((*self.pids, *other.pids))),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has to tell: findings by file and line, what comments allowed, and what went wrong.

    `found` counts all findings that no comment allows by (slug, confidence), told or not; `sizes` are lines by file.
    `suppressed` pairs a finding with the reason its comment gives. `known` are findings that the baseline holds, `stale`
    what it holds beyond them, and `pruned` what it would hold without that. `lines` holds the source lines that findings and
    their stories speak of, by (file, line), unstripped; `texts` each module's text by its name. `seen` tells how often
    findings were seen while the program ran, where that is known; those in `only_seen` were found in no other way. `unresolved` names session
    providers that stayed unknown, `given_up` functions that took too long to follow to their end.
    """

    findings: tuple[Finding, ...] = ()
    suppressed: tuple[tuple[Finding, str], ...] = ()
    unused_suppressions: tuple[Suppression, ...] = ()
    problems: tuple[Problem, ...] = ()
    known: tuple[Finding, ...] = ()
    stale: tuple[Entry, ...] = ()
    pruned: tuple[Entry, ...] = ()
    unresolved: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()
    found: Mapping[tuple[str, str], int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    counts: Counts = Counts()
    lines: Mapping[tuple[str, int], str] = field(default_factory=dict)
    seen: Mapping[Finding, Sightings] = field(default_factory=dict)
    only_seen: frozenset[Finding] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def recognised_nothing(self) -> bool:
        """Whether neither a session nor a model was found, so that no findings means nothing."""
        return not self.counts.sessions and not self.counts.models
