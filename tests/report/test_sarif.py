"""The report for code scanning services."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft7Validator

from hermetic._catalogue import catalogue
from hermetic._check.checked import Report
from hermetic._report.sarif import render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL, SEEN
from tests.schemas import stored

STANDARD = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """The schema of the standard."""
    return Draft7Validator(stored(STANDARD))


def run(report: Report) -> Any:
    return json.loads(render(report))["runs"][0]


@pytest.mark.parametrize("report", [FULL, CLEAN, EMPTY], ids=["full", "clean", "empty"])
def test_the_log_is_what_the_standard_says(report: Report, schema: Draft7Validator) -> None:
    """Every report validates against the OASIS schema of SARIF 2.1.0."""
    assert [] == list(schema.iter_errors(json.loads(render(report))))


def test_every_hazard_makes_a_valid_rule(schema: Draft7Validator) -> None:
    """The page of each hazard in the catalogue goes into a log that validates."""
    findings = tuple(replace(DETACHED, slug=slug, code=hazard.code) for slug, hazard in catalogue().items())
    log = json.loads(render(replace(FULL, findings=findings)))

    assert [] == list(schema.iter_errors(log))
    assert list(catalogue()) == [rule["id"] for rule in log["runs"][0]["tool"]["driver"]["rules"]]


def test_a_rule_is_the_page_of_its_hazard() -> None:
    """A code scanning service shows the same help as `hermetic explain`."""
    rules = {rule["id"]: rule for rule in run(FULL)["tool"]["driver"]["rules"]}
    hazard = catalogue()["detached-access"]

    assert hazard.page.strip() == rules["detached-access"]["help"]["markdown"]
    assert hazard.title == rules["detached-access"]["shortDescription"]["text"]
    assert "DetachedAccess" == rules["detached-access"]["name"]


def test_a_result_points_to_its_rule() -> None:
    """The index of the rule and its id agree."""
    log = run(FULL)
    rules = log["tool"]["driver"]["rules"]

    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in log["results"])


def test_the_story_is_a_code_flow() -> None:
    """Each step is a place with its words, in their order."""
    sites = run(FULL)["results"][1]["codeFlows"][0]["threadFlows"][0]["locations"]

    assert ["opened", "loaded without `customer`", "closed", "needs a SELECT, no session left"] == [
        site["location"]["message"]["text"] for site in sites
    ]
    assert [33, 34, 38, 41] == [site["location"]["physicalLocation"]["region"]["startLine"] for site in sites]


def test_edits_are_a_fix() -> None:
    """By file, with what they are worth."""
    lost, detached, *_ = run(FULL)["results"]
    (fix,) = detached["fixes"]
    (change,) = fix["artifactChanges"]
    region = {"startLine": 34, "startColumn": 45, "endLine": 34, "endColumn": 45}
    replacement = {"deletedRegion": region, "insertedContent": {"text": ".options(joinedload(Order.customer))"}}

    assert "fixes" not in lost
    assert ({"safety": "unsafe"}, DETACHED.fix) == (fix["properties"], fix["description"]["text"])
    assert ("orders.py", 2) == (change["artifactLocation"]["uri"], len(change["replacements"]))
    assert replacement == change["replacements"][1]


def test_what_a_comment_allows_is_there_as_suppressed() -> None:
    """A suppressed finding carries the reason that the comment gives; the others carry no suppression."""
    *told, _, allowed = run(FULL)["results"]

    assert [None, None] == [result.get("suppressions") for result in told]
    assert [{"kind": "inSource", "status": "accepted", "justification": "read in the template only"}] == (
        allowed["suppressions"]
    )


def test_what_the_baseline_holds_is_there_as_suppressed() -> None:
    """A service closes it without a comment in the source, and what the baseline holds too much is a notification."""
    *_, known, _ = run(FULL)["results"]
    told = [each["message"]["text"] for each in run(FULL)["invocations"][0]["toolExecutionNotifications"]]

    assert [("external", "accepted")] == [(each["kind"], each["status"]) for each in known["suppressions"]]
    assert "the baseline holds 2 n-plus-one of Orders.total in orders.py too many; --prune takes it out" in told


def test_results_have_fingerprints() -> None:
    """A service can follow a finding from one commit to the next."""
    assert all(32 == len(result["partialFingerprints"]["hermetic/v2"]) for result in run(FULL)["results"])


def test_a_result_names_its_function() -> None:
    """A service can group the results of one function, or of the code outside of any."""
    names = [
        result["locations"][0]["logicalLocations"] for result in run(replace(FULL, known=(), suppressed=()))["results"]
    ]

    assert [
        [{"fullyQualifiedName": "<module>", "kind": "module"}],
        [{"fullyQualifiedName": "Orders.tell", "kind": "function"}],
    ] == names


def test_file_names_are_uris() -> None:
    """Spaces, percent signs and undecodable bytes are escaped; a name below the sources is relative to their root."""
    names = ["my shop/100%.py", "caf\udce9.py"]
    report = replace(FULL, findings=tuple(replace(DETACHED, file=name) for name in names), known=(), suppressed=())
    places = [result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run(report)["results"]]

    assert [
        {"uri": "my%20shop/100%25.py", "uriBaseId": "%SRCROOT%"},
        {"uri": "caf%E9.py", "uriBaseId": "%SRCROOT%"},
    ] == places


def test_a_file_elsewhere_is_given_absolutely() -> None:
    """A path outside the working directory is a file URI."""
    report = replace(FULL, findings=(replace(DETACHED, file="/srv/shop/orders.py"),))
    place = run(report)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]

    assert {"uri": "file:///srv/shop/orders.py"} == place


def test_nothing_recognised_is_a_notification() -> None:
    """A log without results says when that means nothing."""
    (told,) = run(EMPTY)["invocations"][0]["toolExecutionNotifications"]

    assert told["message"]["text"].startswith("No session and no model was recognised")


def test_problems_are_notifications() -> None:
    """What could not be checked, and comments that cover nothing, are told by the run, not by results."""
    told = run(FULL)["invocations"][0]["toolExecutionNotifications"]

    assert ["old.py", "gone.py", "orders.py"] == [
        each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in told if "locations" in each
    ]


def test_what_a_run_saw_is_an_occurrence_count() -> None:
    """SARIF has a place for how often a result was observed."""
    results = json.loads(render(SEEN))["runs"][0]["results"]

    assert [1, 3] == [result["occurrenceCount"] for result in results[:2]]
