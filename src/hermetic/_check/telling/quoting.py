"""Quotes the source lines that findings and their stories speak of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..._catalogue import Finding
from ..source.discover import SourceFile
from ..templates.files import Template


def quoted(findings: Iterable[Finding], files: Sequence[SourceFile | Template]) -> dict[tuple[str, int], str]:
    """The lines by (file, line), unstripped; blank ones are left out."""
    wanted: dict[str, set[int]] = {}
    for finding in findings:
        wanted.setdefault(finding.file, set()).add(finding.line)
        for step in finding.story:
            wanted.setdefault(step.file, set()).add(step.line)
    found: dict[tuple[str, int], str] = {}
    for file in files:
        if file.name in wanted:
            lines = file.text.split("\n")
            for number in wanted[file.name]:
                if file.first_line <= number <= len(lines) and lines[number - 1].strip():
                    found[file.name, number] = lines[number - 1]
    return found
