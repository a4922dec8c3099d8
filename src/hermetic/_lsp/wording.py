"""Says findings in the terms of the protocol: diagnostics, pages for a hover, places in the client's own units."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from lsprotocol.types import (
    CodeDescription,
    Diagnostic,
    DiagnosticRelatedInformation,
    DiagnosticSeverity,
    Location,
    Position,
    Range,
)
from pygls.workspace import PositionCodec

from .._catalogue import Finding, Severity, catalogue

SOURCE = "hermetic"
_SEVERITIES: dict[Severity, DiagnosticSeverity] = {
    "error": DiagnosticSeverity.Error,
    "warning": DiagnosticSeverity.Warning,
    "info": DiagnosticSeverity.Information,
}
_END = 10_000
"""A column beyond the end of a line, which the protocol takes for its end."""


def diagnostic(finding: Finding, text: str | None, codec: PositionCodec, uri_of: Callable[[str], str]) -> Diagnostic:
    """A finding as an editor shows it: the hazard as code with a link to its page, the story as what is related."""
    fix = f"\nfix: {finding.fix}" if finding.fix else ""
    return Diagnostic(
        range=placed(finding, text, codec),
        message=f"{finding.message} ({finding.confidence}){fix}",
        severity=_SEVERITIES[finding.severity],
        code=finding.slug,
        code_description=CodeDescription(href=page_uri(finding.slug)),
        source=SOURCE,
        related_information=[
            DiagnosticRelatedInformation(
                location=Location(uri=uri_of(step.file), range=_line(step.line)), message=step.text or "here"
            )
            for step in finding.story
        ],
    )


def placed(finding: Finding, text: str | None, codec: PositionCodec) -> Range:
    """Where a finding stands, in the units of the client."""
    return ranged((finding.line, finding.column), (finding.end_line, finding.end_column), text, codec)


def ranged(first: tuple[int, int], last: tuple[int, int], text: str | None, codec: PositionCodec) -> Range:
    """From one 1-based line and column in characters to another, in the units of the client."""
    start, end = (Position(line=line - 1, character=max(column - 1, 0)) for line, column in (first, last))
    span = Range(start=start, end=end)
    if text is None or text.isascii():
        return span
    return codec.range_to_client_units([f"{line}\n" for line in text.split("\n")], span)


def page(finding: Finding) -> str:
    """What a hover tells: the finding with its story, then its hazard's page, as Markdown."""
    hazard = catalogue()[finding.slug]
    story = "\n".join(f"- `{step.file}:{step.line}` {step.text}" for step in finding.story)
    fix = f"\n\n**fix:** {finding.fix}" if finding.fix else ""
    told = f"**{finding.slug}** ({hazard.code}, {finding.confidence}): {finding.message}\n\n{story}{fix}"
    return f"{told}\n\n---\n\n{hazard.page.strip()}"


def page_uri(slug: str) -> str:
    """The file that begins with a hazard's page."""
    return Path(inspect.getfile(sys.modules[catalogue()[slug].module])).as_uri()


def _line(line: int) -> Range:
    return Range(start=Position(line=line - 1, character=0), end=Position(line=line - 1, character=_END))
