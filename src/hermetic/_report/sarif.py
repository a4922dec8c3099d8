"""Writes a report as SARIF 2.1.0, for code scanning services and editors.

The document is a plain dict. Of the libraries that model SARIF, sarif-om has stood still since 2019 and cannot write
JSON by itself, pysarif never went past its first release, and sarif-pydantic would bring Pydantic into every install.
The tests hold the dict against the schema of the standard.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from .._catalogue import Confidence, Edit, Finding, Hazard, Severity, Step, catalogue
from .told import RECOGNISED_NOTHING, Problem, Report, Stale, Suppression, told_apart, version

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
_RANKS: dict[Confidence, float] = {"proven": 95.0, "likely": 70.0, "possible": 30.0}

# Any, here and below: JSON values.
_KNOWN: dict[str, Any] = {
    "suppressions": [{"kind": "external", "status": "accepted", "justification": "the baseline holds it"}]
}


def render(report: Report) -> str:
    """The report as one SARIF log with one run, ASCII only."""
    allowed = [finding for finding, _ in report.suppressed]
    findings = [*report.findings, *report.known, *allowed]
    marks: list[dict[str, Any]] = (
        [{}] * len(report.findings) + [_KNOWN] * len(report.known) + [_allowed(why) for _, why in report.suppressed]
    )
    rules = _rules(findings)
    places = {hazard.slug: index for index, hazard in enumerate(rules)}
    results = [
        _result(finding, fingerprint, places.get(finding.slug), report) | mark
        for (finding, fingerprint), mark in zip(told_apart(findings), marks, strict=True)
    ]
    run = {
        "tool": {"driver": {"name": "Hermetic", "version": version(), "rules": [_rule(each) for each in rules]}},
        "columnKind": "unicodeCodePoints",
        "results": results,
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notifications(report)}],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rules(findings: Iterable[Finding]) -> list[Hazard]:
    """The hazards that were found, in the order of their codes."""
    found = {finding.slug for finding in findings}
    return [hazard for slug, hazard in catalogue().items() if slug in found]


def _rule(hazard: Hazard) -> dict[str, Any]:
    page = hazard.page.strip()
    return {
        "id": hazard.slug,
        "name": "".join(word.capitalize() for word in hazard.slug.split("-")),
        "shortDescription": {"text": hazard.title},
        "fullDescription": {"text": _what_it_does(page) or hazard.title},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": _LEVELS[hazard.severity]},
        "properties": {"code": hazard.code, "tags": ["sqlalchemy", "session"]},
    }


def _what_it_does(page: str) -> str:
    """The first section of a hazard's page as one paragraph."""
    section = re.search(r"^## What it does\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return " ".join(section[1].split()) if section else ""


def _result(finding: Finding, fingerprint: str, rule: int | None, report: Report) -> dict[str, Any]:
    text = finding.message if finding.fix is None else f"{finding.message}\nFix: {finding.fix}"
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    } | _snippet(report, finding.file, finding.line)
    return {
        "ruleId": finding.slug,
        **({} if rule is None else {"ruleIndex": rule}),
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [_location(finding.file, region) | _function(finding)],
        "partialFingerprints": {"hermetic/v2": fingerprint},
        "rank": _RANKS[finding.confidence],
        "properties": {"code": finding.code, "confidence": finding.confidence},
        **_occurrences(finding, report),
        **_fixes(finding),
    } | _code_flows(finding.story, report)


def _occurrences(finding: Finding, report: Report) -> dict[str, int]:
    """How often it was seen while the program ran, where that is known."""
    seen = report.seen.get(finding)
    return {} if seen is None else {"occurrenceCount": seen.count}


def _fixes(finding: Finding) -> dict[str, Any]:
    """The edits of a finding, by file."""
    if not finding.edits:
        return {}
    changes = [
        {
            "artifactLocation": _artifact(file),
            "replacements": [_replacement(edit) for edit in finding.edits if edit.file == file],
        }
        for file in dict.fromkeys(edit.file for edit in finding.edits)
    ]
    properties = {"safety": finding.safety}
    return {
        "fixes": [{"description": {"text": finding.fix or ""}, "artifactChanges": changes, "properties": properties}]
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    region = {
        "startLine": edit.line,
        "startColumn": edit.column,
        "endLine": edit.end_line,
        "endColumn": edit.end_column,
    }
    return {"deletedRegion": region, "insertedContent": {"text": edit.replacement}}


def _function(finding: Finding) -> dict[str, Any]:
    if not finding.function:
        return {}
    kind = "module" if finding.function == "<module>" else "function"
    return {"logicalLocations": [{"fullyQualifiedName": finding.function, "kind": kind}]}


def _code_flows(story: Iterable[Step], report: Report) -> dict[str, Any]:
    sites = [
        {
            "location": _location(step.file, {"startLine": step.line} | _snippet(report, step.file, step.line))
            | {"message": {"text": step.text}},
            "executionOrder": order,
        }
        for order, step in enumerate(story, 1)
    ]
    return {"codeFlows": [{"threadFlows": [{"locations": sites}]}]} if sites else {}


def _allowed(reason: str) -> dict[str, Any]:
    """What marks a result that a comment allows."""
    justification = {"justification": reason} if reason else {}
    return {"suppressions": [{"kind": "inSource", "status": "accepted", **justification}]}


def _notifications(report: Report) -> list[dict[str, Any]]:
    unused = [_notification(each.file, each.line, _covers_nothing(each)) for each in report.unused_suppressions]
    nothing = {"level": "warning", "message": {"text": RECOGNISED_NOTHING}}
    stale = [{"level": "note", "message": {"text": _stale(each)}} for each in report.stale]
    return [
        *(_problem(each) for each in report.problems),
        *unused,
        *stale,
        *([nothing] if report.recognised_nothing else []),
    ]


def _problem(problem: Problem) -> dict[str, Any]:
    return _notification(problem.path, problem.line, problem.sentence)


def _covers_nothing(unused: Suppression) -> str:
    return f"allow[{unused.slug}] covers nothing; remove the comment"


def _stale(stale: Stale) -> str:
    return f"the baseline holds {stale.count} {stale.hazard} of {stale.function} in {stale.file} too many; --prune takes it out"


def _notification(file: str, line: int | None, text: str) -> dict[str, Any]:
    location = _location(file, None if line is None else {"startLine": line})
    return {"level": "warning", "message": {"text": text}, "locations": [location]}


def _location(file: str, region: dict[str, Any] | None) -> dict[str, Any]:
    physical = {"artifactLocation": _artifact(file)} | ({} if region is None else {"region": region})
    return {"physicalLocation": physical}


def _artifact(file: str) -> dict[str, str]:
    """A file below the working directory is given relative to the root of the sources, any other one absolutely."""
    if PurePath(file).is_absolute():
        return {"uri": PurePath(file).as_uri()}
    return {"uri": quote(os.fsencode(file)), "uriBaseId": "%SRCROOT%"}


def _snippet(report: Report, file: str, line: int) -> dict[str, Any]:
    text = report.lines.get((file, line))
    return {"snippet": {"text": text}} if text is not None else {}
