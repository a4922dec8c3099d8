"""Joins what a watched program saw with what a check finds: the one confirms the other, and brings what the other missed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..._catalogue import Finding, finding_of
from ..._fingerprints import HALF
from ...errors import BadConfig
from ..checked import Problem, Sightings
from ..options.policy import Policies
from .fingerprints import Places, fingerprinted

VERSION = 1

Seen = Mapping[Finding, Sightings]
"""What a run saw, each finding with its counts."""

_OUTDATED = "{slug} was seen here while running, but the code has changed since; run it again"


@dataclass(frozen=True, slots=True)
class Joined:
    """The findings of a check beside those of a run: what was `seen` of each, and those that only the run saw.

    `outdated` are sightings in code that has changed since, `elsewhere` counts those in files that were not checked.
    """

    findings: list[Finding]
    seen: Mapping[Finding, Sightings] = field(default_factory=dict)
    only_seen: frozenset[Finding] = frozenset()
    outdated: tuple[Problem, ...] = ()
    elsewhere: int = 0


def load(path: Path) -> Seen:
    """What a run saw, out of the file that `hermetic run --output` wrote; raises BadConfig."""
    writes_it = f"`hermetic run --output {path} -- COMMAND` writes it"
    try:
        found = [_understood(told) for told in _told(path.read_text("utf-8"))]
    except OSError as error:
        raise BadConfig(f"{path} cannot be read ({error.strerror}); {writes_it}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadConfig(f"{path} does not hold what a run saw; {writes_it}") from None
    latest = {finding.fingerprint: (finding, sightings) for finding, sightings in found}
    return dict(latest.values())


def together(runs: Iterable[Seen]) -> Seen:
    """What several runs saw."""
    found: dict[Finding, Sightings] = {}
    for run in runs:
        for finding, sightings in run.items():
            found[finding] = found[finding].and_(sightings) if finding in found else sightings
    return found


# Any, here and below: a JSON value; where it is no finding of a run, that is an error that `load` knows.
def _told(text: str) -> list[Any]:
    """The findings in a document, or in JSON Lines."""
    if not text.strip():
        return []
    try:
        document = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]
    if "fingerprint" in document:
        return [document]
    if document["version"] != VERSION or "run" not in document:
        raise ValueError("not a run")
    return list(document["findings"])


def _understood(told: Mapping[str, Any]) -> tuple[Finding, Sightings]:
    seen = told["seen"]
    first, last = (datetime.fromisoformat(seen[name]).timestamp() for name in ("first", "last"))
    return finding_of(told), Sightings(int(seen["count"]), float(seen["total_ms"]), first, last, tuple(seen["pids"]))


def joined(findings: Sequence[Finding], seen: Seen, places: Places, policies: Policies) -> Joined:
    """Each finding that was seen is proven; after all of them come those that were only seen, as far as their files are checked."""
    proven: dict[Finding, Sightings] = {}
    only: dict[Finding, Sightings] = {}
    outdated: list[Problem] = []
    told, elsewhere = list(findings), 0
    for sighted, sightings in seen.items():
        index = _which(sighted, findings)
        if index is not None:
            finding = told[index] = replace(findings[index], confidence="proven")
            proven[finding] = proven[finding].and_(sightings) if finding in proven else sightings
        elif places.at(sighted.file, sighted.line) is None:
            elsewhere += 1
        elif policies.of(sighted.file).wants(sighted.slug):
            (today,) = fingerprinted([policies.of(sighted.file).graded(sighted)], places)
            if today.fingerprint == sighted.fingerprint:
                only[today] = sightings
            else:
                outdated.append(Problem(sighted.file, sighted.line, _OUTDATED.format(slug=sighted.slug), "outdated"))
    return Joined([*told, *only], proven | only, frozenset(only), tuple(outdated), elsewhere)


def _which(sighted: Finding, findings: Sequence[Finding]) -> int | None:
    """The index of the finding that a sighting is of: the same hazard in the same statement, at the same column if there are two.

    A statement is known again by its fingerprint where lines have moved, by its function where other statements of that have
    changed, and by its line.
    """
    same = [index for index, each in enumerate(findings) if each.slug == sighted.slug and _is_statement(sighted, each)]
    exact = [index for index in same if findings[index].column == sighted.column]
    return next(iter(exact or same), None)


def _is_statement(sighted: Finding, finding: Finding) -> bool:
    if finding.fingerprint == sighted.fingerprint:
        return True
    if finding.file != sighted.file:
        return False
    in_function = (finding.function, finding.fingerprint[HALF:]) == (sighted.function, sighted.fingerprint[HALF:])
    return in_function or finding.line <= sighted.line <= finding.end_line
