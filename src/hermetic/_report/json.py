"""Writes a report as JSON, as `findings.schema.json` beside this file describes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from .._catalogue import Finding
from .told import Report, Sightings, told_apart, version

FORMAT_VERSION = 1
"""Raised when a field changes its meaning or goes away; new fields do not raise it."""


def render(report: Report) -> str:
    """The report as one JSON document, ASCII only."""
    return json.dumps(_document(report), indent=2) + "\n"


# Any, here and below: JSON values.
def _document(report: Report) -> dict[str, Any]:
    told = [
        ({**_told(finding, report), "fingerprint": fingerprint}, number >= len(report.findings))
        for number, (finding, fingerprint) in enumerate(told_apart((*report.findings, *report.known)))
    ]
    return {
        "version": FORMAT_VERSION,
        "tool": {"name": "hermetic", "version": version()},
        "summary": _summary(report),
        "findings": [each for each, is_known in told if not is_known],
        "known": [each for each, is_known in told if is_known],
        "suppressed": [{**finding_fields(finding), "reason": reason} for finding, reason in report.suppressed],
        "stale": [
            {"file": each.file, "function": each.function, "slug": each.hazard, "count": each.count}
            for each in report.stale
        ],
        "unused_suppressions": [
            {"file": each.file, "line": each.line, "slug": each.slug, "reason": each.reason}
            for each in report.unused_suppressions
        ],
        "problems": [
            {"file": each.path, "line": each.line, "kind": each.kind, "message": each.sentence}
            for each in report.problems
        ],
        "unresolved": list(report.unresolved),
        "given_up": list(report.given_up),
    }


def _summary(report: Report) -> dict[str, Any]:
    counts = report.counts
    return {
        "files": counts.files,
        "lines": counts.lines,
        "seconds": round(counts.seconds, 3),
        "sessions": counts.sessions,
        "models": counts.models,
        "functions": counts.functions,
        "findings": len(report.findings),
        "suppressed": len(report.suppressed),
        "known": len(report.known),
        "lowered": counts.lowered,
        "hidden": counts.hidden,
        "unchanged": counts.unchanged,
        "elsewhere": counts.elsewhere,
        "recognised_nothing": report.recognised_nothing,
    }


def _told(finding: Finding, report: Report) -> dict[str, Any]:
    """A finding, with what was seen of it while the program ran, where that is known."""
    seen = report.seen.get(finding)
    if seen is None:
        return finding_fields(finding)
    return {**finding_fields(finding), "seen": {**seen_fields(seen), "only": finding in report.only_seen}}


def seen_fields(seen: Sightings) -> dict[str, Any]:
    """How often, for how long and when it was seen, in UTC, and by which processes."""
    first, last = (
        datetime.fromtimestamp(each, UTC).isoformat(timespec="milliseconds") for each in (seen.first, seen.last)
    )
    return {
        "count": seen.count,
        "total_ms": round(seen.total_ms, 3),
        "first": first,
        "last": last,
        "pids": list(seen.pids),
    }


def finding_fields(finding: Finding) -> dict[str, Any]:
    """A finding as every document has it, without its fingerprint."""
    return {
        "slug": finding.slug,
        "code": finding.code,
        "severity": finding.severity,
        "confidence": finding.confidence,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "function": finding.function,
        "message": finding.message,
        "story": [{"file": step.file, "line": step.line, "text": step.text} for step in finding.story],
        "fix": finding.fix,
        "safety": finding.safety,
        "edits": [
            {
                "file": edit.file,
                "line": edit.line,
                "column": edit.column,
                "end_line": edit.end_line,
                "end_column": edit.end_column,
                "replacement": edit.replacement,
            }
            for edit in finding.edits
        ],
    }
