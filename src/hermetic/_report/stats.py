"""Writes what a check saw in numbers: what was found and where, what was understood, what was allowed, and the time it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from .._catalogue import CONFIDENCES
from .told import Report, many

DENSEST = 15
"""Directories that are named; the others are counted."""


def render(report: Report) -> str:
    """A part for each question, in plain text."""
    parts = (_found(report), _where(report), _understood(report), _allowed(report), _time(report))
    return "\n".join("".join(f"{line.rstrip()}\n" for line in part) for part in parts)


def _found(report: Report) -> Iterator[str]:
    """Every hazard that was found, in all confidences, told or not."""
    hazards = sorted({slug for slug, _ in report.found})
    width = max(map(len, [*hazards, "found, told or not"]))
    yield f"{'found, told or not':<{width}}" + "".join(f"{each:>10}" for each in CONFIDENCES)
    for slug in hazards:
        yield f"{slug:<{width}}" + "".join(f"{report.found.get((slug, each), ''):>10}" for each in CONFIDENCES)
    totals = [sum(count for (_, each), count in report.found.items() if each == wanted) for wanted in CONFIDENCES]
    yield f"{'all':<{width}}" + "".join(f"{total:>10}" for total in totals)


def _where(report: Report) -> Iterator[str]:
    """The directories with findings that are told, the densest first."""
    lines: Counter[str] = Counter()
    for file, count in report.sizes.items():
        lines[_directory(file)] += count
    findings = Counter(_directory(finding.file) for finding in report.findings)
    density = {place: 1000 * count / max(lines[place], 1) for place, count in findings.items()}
    places = sorted(findings, key=lambda place: (-density[place], place))
    width = max(map(len, [*places[:DENSEST], "told, by directory"]))
    yield f"{'told, by directory':<{width}}  findings     lines  per 1,000"
    for place in places[:DENSEST]:
        yield f"{place:<{width}}{findings[place]:>10}{lines[place]:>10,}{density[place]:>11.2f}"
    if len(places) > DENSEST:
        yield f"and {many(len(places) - DENSEST, 'more directory', 'more directories')}"
    whole = 1000 * len(report.findings) / max(report.counts.lines, 1)
    yield f"{'all':<{width}}{len(report.findings):>10}{report.counts.lines:>10,}{whole:>11.2f}"


def _directory(file: str) -> str:
    return PurePath(file).parent.as_posix()


def _understood(report: Report) -> Iterator[str]:
    counts = report.counts
    yield (
        f"understood: {many(counts.sessions, 'session provider')}, {many(counts.models, 'mapped class', 'mapped classes')},"
        f" {many(counts.functions, 'function')} followed"
    )
    yield from _listed("session providers not understood", report.unresolved)
    yield from _listed("functions given up", report.given_up)


def _listed(what: str, names: Sequence[str]) -> Iterator[str]:
    """All the names, or the word none."""
    yield f"{what}: {len(names) or 'none'}"
    for name in names:
        yield f"  {name}"


def _allowed(report: Report) -> Iterator[str]:
    """What comments allow, and why."""
    yield f"allowed by comments: {len(report.suppressed) or 'none'}"
    for finding, reason in report.suppressed:
        yield f"  {finding.file}:{finding.line} {finding.slug}: {reason or 'no reason given'}"


def _time(report: Report) -> Iterator[str]:
    phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in report.counts.phases)
    yield f"time: {phases}" if phases else f"time: {report.counts.seconds:.1f} s"
