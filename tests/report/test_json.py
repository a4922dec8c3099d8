"""The report for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hermetic._check.checked import Report
from hermetic._report.json import render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL, SEEN


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The schema that ships beside the format."""
    text = files("hermetic._report").joinpath("findings.schema.json").read_text("utf-8")
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


@pytest.mark.parametrize("report", [FULL, SEEN, CLEAN, EMPTY], ids=["full", "seen", "clean", "empty"])
def test_the_document_is_what_its_schema_says(report: Report, schema: Draft202012Validator) -> None:
    """Every report validates against the schema in the package."""
    assert [] == list(schema.iter_errors(json.loads(render(report))))


def test_the_schema_describes_every_field(schema: Draft202012Validator) -> None:
    """A field that is written but not described is a mistake, so the schema is held closed here."""
    closed = _closed(schema.schema)

    assert [] == list(Draft202012Validator(closed).iter_errors(json.loads(render(SEEN))))


def _closed(schema: Any) -> Any:
    """The schema, forbidding fields that it does not name."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if "items" in schema and "allOf" in schema["items"]:
        closed["items"] = {**schema["items"], "unevaluatedProperties": False}
    elif schema.get("type") == "object" and "slug" not in schema["properties"]:
        closed["additionalProperties"] = False
    return closed


def test_a_finding_carries_its_story_and_fix() -> None:
    """Everything the text shows is there for a program to read."""
    finding = json.loads(render(FULL))["findings"][1]

    assert ("detached-access", "HM301", "error", "proven") == tuple(
        finding[key] for key in ("slug", "code", "severity", "confidence")
    )
    assert ("orders.py", 41, 10, 41, 24) == tuple(
        finding[key] for key in ("file", "line", "column", "end_line", "end_column")
    )
    assert {"file": "orders.py", "line": 33, "text": "opened"} == finding["story"][0]
    assert DETACHED.fix == finding["fix"]
    assert ("unsafe", 2, ".options(joinedload(Order.customer))") == (
        finding["safety"],
        len(finding["edits"]),
        finding["edits"][1]["replacement"],
    )


def test_a_finding_tells_what_a_run_saw_of_it() -> None:
    """How often, for how long, when and where; what nobody ran says nothing of it."""
    lost, detached = (finding["seen"] for finding in json.loads(render(SEEN))["findings"])

    assert {
        "count": 3,
        "total_ms": 12.44,
        "first": "2026-09-21T14:13:20.500+00:00",
        "last": "2026-09-21T14:14:20.250+00:00",
        "pids": [4711, 4712],
        "only": False,
    } == detached
    assert lost["only"]
    assert ["seen" in finding for finding in json.loads(render(FULL))["findings"]] == [False, False]


def test_equal_mistakes_get_fingerprints_of_their_own() -> None:
    """Two mistakes with the same code around them are two; the first keeps the fingerprint of the finding."""
    findings = json.loads(render(replace(FULL, findings=(DETACHED, DETACHED))))["findings"]

    assert DETACHED.fingerprint == findings[0]["fingerprint"]
    assert DETACHED.fingerprint != findings[1]["fingerprint"]


def test_file_names_that_are_no_text_can_be_written() -> None:
    """A name with bytes that no encoding knows goes out as an escape."""
    report = replace(FULL, findings=(replace(DETACHED, file="caf\udce9.py"),))

    assert render(report).isascii()
