"""Writes findings as the failure of a test: plain text, each with its story and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .._catalogue import Finding
from .story import story

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class _Read:
    """No source but what a story holds itself."""

    lines: Mapping[tuple[str, int], str] = field(default_factory=dict)


def failure(findings: Iterable[tuple[Finding, int]]) -> str:
    """The findings, each with how often it was seen."""
    return "\n\n".join("\n".join(_lines(finding, count)) for finding, count in findings)


def _lines(finding: Finding, count: int) -> Iterator[str]:
    times = f" ({count} times)" if count > 1 else ""
    yield f"{finding.file}:{finding.line}: {finding.slug}  {finding.message}{times}"
    for line in story(finding, _Read(), _WIDTH):
        yield line.plain.rstrip()
    if finding.fix:
        yield f"   fix: {finding.fix}"
    yield f"   hermetic explain {finding.slug} tells more; to allow it here: # hermetic: allow[{finding.slug}] reason"
