"""The report for GitLab's merge requests."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from hermetic._catalogue import Confidence, Severity
from hermetic._check.checked import Report
from hermetic._report.gitlab import render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string"},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./)"},
                    "lines": {"type": "object", "required": ["begin"]},
                },
            },
        },
    },
}
"""The table of GitLab's documentation, which publishes no schema."""


@pytest.mark.parametrize("report", [FULL, CLEAN, EMPTY], ids=["full", "clean", "empty"])
def test_the_document_is_what_gitlab_documents(report: Report) -> None:
    """Every field it demands is there, in its words; a clean report is an empty array."""
    told = json.loads(render(report))

    assert [] == list(Draft202012Validator(SCHEMA).iter_errors(told))
    assert len(report.findings) == len(told)


def test_a_finding_is_an_issue() -> None:
    """Its fix is part of the description, and its place is that of the finding."""
    (issue,) = json.loads(render(replace(FULL, findings=(DETACHED,))))

    assert {
        "description": "order.customer is read after its session closed"
        " (fix: select(Order).options(joinedload(Order.customer)) at line 34)",
        "check_name": "detached-access",
        "fingerprint": DETACHED.fingerprint,
        "severity": "critical",
        "location": {"path": "orders.py", "lines": {"begin": 41, "end": 41}},
    } == issue


@pytest.mark.parametrize(
    ("severity", "confidence", "told"),
    [
        ("error", "proven", "critical"),
        ("error", "likely", "major"),
        ("warning", "proven", "minor"),
        ("info", "proven", "info"),
    ],
)
def test_severities_have_gitlabs_names(severity: Severity, confidence: Confidence, told: str) -> None:
    """Only what is proven is critical."""
    finding = replace(DETACHED, severity=severity, confidence=confidence)

    assert [told] == [each["severity"] for each in json.loads(render(replace(FULL, findings=(finding,))))]


def test_issues_that_are_alike_stay_apart() -> None:
    """GitLab shows only one of several issues with one fingerprint."""
    told = json.loads(render(replace(FULL, findings=(DETACHED, DETACHED, DETACHED))))

    assert 3 == len({each["fingerprint"] for each in told})
