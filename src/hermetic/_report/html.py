"""Writes what a run or a check found as one HTML file, which needs nothing from anywhere and can be searched and printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from .._catalogue import Finding, Severity, Step
from .told import Sightings, seen_in_words

PAGE = Path(__file__).parent / "page"

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


class Read(Protocol):
    """What a document holds; `facts` are pairs of a name and what is so, `seen` is empty for a check.

    `lines` are source lines by (file, line), `titles` the sentence of each hazard by its slug.
    """

    @property
    def title(self) -> str: ...
    @property
    def facts(self) -> Sequence[tuple[str, str]]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def seen(self) -> Mapping[Finding, Sightings]: ...
    @property
    def lines(self) -> Mapping[tuple[str, int], str]: ...
    @property
    def titles(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as the page shows it."""

    finding: Finding
    title: str
    often: str
    story: tuple[Step, ...]


def render(read: Read) -> str:
    """The page; whatever stands in the document is text on it."""
    environment = Environment(
        loader=FileSystemLoader(PAGE),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = [_shown(finding, read) for finding in read.findings]
    by_file: dict[str, list[Shown]] = {}
    for each in shown:
        by_file.setdefault(each.finding.file, []).append(each)
    return environment.get_template("report.html").render(
        read=read,
        by_file=by_file,
        severities=[(name, sum(each.finding.severity == name for each in shown)) for name in SEVERITIES],
        style=(PAGE / "report.css").read_text("utf-8"),
        script=(PAGE / "report.js").read_text("utf-8"),
    )


def _shown(finding: Finding, read: Read) -> Shown:
    seen = read.seen.get(finding)
    steps = finding.story
    if not any((step.file, step.line) == (finding.file, finding.line) for step in steps):
        steps = (*steps, Step(finding.file, finding.line, ""))
    quoted = tuple(
        Step(step.file, step.line, step.text, read.lines.get((step.file, step.line), "").strip()) for step in steps
    )
    return Shown(finding, read.titles.get(finding.slug, ""), seen_in_words([seen]) if seen else "", quoted)
