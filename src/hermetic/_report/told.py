"""The shape of what a report is written from, stated here so that no format knows how a check is made."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from typing import Protocol

from .._catalogue import Finding

RECOGNISED_NOTHING = (
    "No session and no model was recognised, so no findings means nothing here."
    " Give the path that holds the models and the session factory too."
)


class Problem(Protocol):
    """Something to know besides findings."""

    @property
    def path(self) -> str: ...
    @property
    def line(self) -> int | None: ...
    @property
    def sentence(self) -> str: ...
    @property
    def kind(self) -> str: ...


class Suppression(Protocol):
    """One slug that a comment allows."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...
    @property
    def slug(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Stale(Protocol):
    """What a baseline holds and a check did not find: so many findings of one hazard in one function."""

    @property
    def file(self) -> str: ...
    @property
    def function(self) -> str: ...
    @property
    def hazard(self) -> str: ...
    @property
    def count(self) -> int: ...


class Sightings(Protocol):
    """How often a finding was seen while a program ran: the milliseconds it cost in all, and when, in seconds of the epoch."""

    @property
    def count(self) -> int: ...
    @property
    def total_ms(self) -> float: ...
    @property
    def first(self) -> float: ...
    @property
    def last(self) -> float: ...
    @property
    def pids(self) -> Sequence[int]: ...


class Counts(Protocol):
    """What a check saw, and how many findings it does not show."""

    @property
    def files(self) -> int: ...
    @property
    def lines(self) -> int: ...
    @property
    def sessions(self) -> int: ...
    @property
    def models(self) -> int: ...
    @property
    def functions(self) -> int: ...
    @property
    def lowered(self) -> int: ...
    @property
    def hidden(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def elsewhere(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def phases(self) -> Sequence[tuple[str, float]]: ...


class Report(Protocol):
    """What a check has to tell; `lines` holds source lines by (file, line), `found` counts by (slug, confidence).

    `seen` tells how often a finding was seen while the program ran; those in `only_seen` the check itself did not find.
    """

    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def suppressed(self) -> Sequence[tuple[Finding, str]]: ...
    @property
    def unused_suppressions(self) -> Sequence[Suppression]: ...
    @property
    def known(self) -> Sequence[Finding]: ...
    @property
    def stale(self) -> Sequence[Stale]: ...
    @property
    def problems(self) -> Sequence[Problem]: ...
    @property
    def unresolved(self) -> Sequence[str]: ...
    @property
    def given_up(self) -> Sequence[str]: ...
    @property
    def found(self) -> Mapping[tuple[str, str], int]: ...
    @property
    def sizes(self) -> Mapping[str, int]: ...
    @property
    def counts(self) -> Counts: ...
    @property
    def lines(self) -> Mapping[tuple[str, int], str]: ...
    @property
    def seen(self) -> Mapping[Finding, Sightings]: ...
    @property
    def only_seen(self) -> Collection[Finding]: ...
    @property
    def recognised_nothing(self) -> bool: ...


def told_apart(findings: Iterable[Finding]) -> Iterator[tuple[Finding, str]]:
    """Each finding with a fingerprint that no other has: its own, or where several are alike, one for each of them."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.fingerprint] += 1
        which = seen[finding.fingerprint]
        alike = f"{finding.fingerprint}\0{which}".encode()
        yield finding, finding.fingerprint if which == 1 else hashlib.sha256(alike).hexdigest()[:32]


def seen_in_words(sightings: Sequence[Sightings]) -> str:
    """`3 times while running, in 2 processes, 12.4 ms in all`."""
    pids = {pid for each in sightings for pid in each.pids}
    total_ms = sum(each.total_ms for each in sightings)
    words = [f"{many(sum(each.count for each in sightings), 'time')} while running"]
    words += [f"in {many(len(pids), 'process', 'processes')}"] if len(pids) > 1 else []
    words += [f"{total_ms:,.1f} ms in all"] if total_ms >= 0.1 else []
    return ", ".join(words)


def many(count: int, one: str, more: str | None = None) -> str:
    """A number with its noun: `1 file`, `2,000 files`."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def version() -> str:
    """The version of Hermetic that writes a report; `0` for a source tree that was never installed."""
    try:
        return metadata.version("hermetic")
    except metadata.PackageNotFoundError:
        return "0"
