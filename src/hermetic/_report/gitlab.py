"""Writes a report as GitLab's Code Quality JSON, which a merge request shows beside the lines it changes."""

from __future__ import annotations

import json
from typing import Any

from .._catalogue import Finding
from .told import Report, told_apart


def render(report: Report) -> str:
    """The findings as one JSON array, ASCII only; GitLab has no place for anything else.

    Source: docs.gitlab.com/ci/testing/code_quality, "Code Quality report format", GitLab 18.
    """
    issues = [_issue(finding, fingerprint) for finding, fingerprint in told_apart(report.findings)]
    return json.dumps(issues, indent=2) + "\n"


# Any: a JSON value.
def _issue(finding: Finding, fingerprint: str) -> dict[str, Any]:
    message = " ".join(finding.message.split())
    return {
        "description": message if finding.fix is None else f"{message} (fix: {' '.join(finding.fix.split())})",
        "check_name": finding.slug,
        "fingerprint": fingerprint,
        "severity": _severity(finding),
        "location": {"path": finding.file, "lines": {"begin": finding.line, "end": finding.end_line}},
    }


def _severity(finding: Finding) -> str:
    """GitLab's word for how bad it is: a proven error is critical."""
    if finding.severity == "error":
        return "critical" if finding.confidence == "proven" else "major"
    return {"warning": "minor", "info": "info"}[finding.severity]
