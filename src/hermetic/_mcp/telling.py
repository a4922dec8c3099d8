"""Findings as an agent reads them: plain data, each with its story and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .._catalogue import Finding
from .._check.checked import Report


@dataclass(frozen=True, slots=True)
class Told:
    """One finding; `story` has a line for each step, in their order, and `page` names the tool call that tells more."""

    file: str
    line: int
    hazard: str
    severity: str
    confidence: str
    message: str
    story: list[str]
    fix: str | None
    page: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check tells; `not_told` counts findings that a baseline or comments allow, `problems` are files left out."""

    findings: list[Told]
    not_told: int
    problems: list[str]
    summary: str


def checked(report: Report, folder: Path, below: Path) -> Checked:
    """The part of a report that is about a path."""
    findings = [told(each, report, folder) for each in report.findings if _place(each.file).is_relative_to(below)]
    counts = report.counts
    known = "" if not report.recognised_nothing else "; no session and no model was recognised, so this means nothing"
    return Checked(
        findings=findings,
        not_told=len(report.known) + len(report.suppressed) + counts.hidden,
        problems=[str(each) for each in report.problems],
        summary=f"{len(findings)} findings below {_name(below, folder)}; {counts.files} files of the project looked at{known}",
    )


def told(finding: Finding, report: Report, folder: Path) -> Told:
    """A finding, with the source lines of its story."""
    return Told(
        file=_name(_place(finding.file), folder),
        line=finding.line,
        hazard=finding.slug,
        severity=finding.severity,
        confidence=finding.confidence,
        message=finding.message,
        story=[
            f"{_name(_place(step.file), folder)}:{step.line}: "
            f"{report.lines.get((step.file, step.line), step.source).strip()}  ({step.text})"
            for step in finding.story
        ],
        fix=finding.fix,
        page=f"hazard_page({finding.slug})",
    )


def _place(name: str) -> Path:
    return Path(name).absolute()


def _name(place: Path, folder: Path) -> str:
    return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.as_posix()
