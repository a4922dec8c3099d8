"""The report for build servers."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermetic._check.checked import Report
from hermetic._report.junit import render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL, SEEN

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "file"},
    "testcase": {"name", "classname", "time", "group"},
    "failure": {"type", "message"},
    "skipped": {"type", "message"},
}
"""What Jenkins' schema junit-10.xsd lets each element carry, as far as it is used here."""

CHILDREN = {
    "testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "skipped"}, "failure": set(),
    "skipped": set(),
}  # fmt: skip


@pytest.mark.parametrize("report", [FULL, CLEAN, EMPTY], ids=["full", "clean", "empty"])
def test_only_what_servers_know_is_written(report: Report) -> None:
    """Every element and attribute is one of Jenkins' schema, and every count is the number of what it counts."""
    root = ElementTree.fromstring(render(report))
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
        assert {child.tag for child in element} <= CHILDREN[element.tag]
    for suite in (root, *root.iter("testsuite")):
        assert int(suite.attrib["tests"]) == len(list(suite.iter("testcase")))
        assert int(suite.attrib["failures"]) == len(list(suite.iter("failure")))
        assert int(suite.attrib.get("skipped", len(list(suite.iter("skipped"))))) == len(list(suite.iter("skipped")))


def test_a_finding_is_a_case_that_failed() -> None:
    """Named by hazard and function, so that a server can follow it when lines move; the story is its text."""
    (case,) = ElementTree.fromstring(render(replace(FULL, findings=(DETACHED,), known=(), suppressed=()))).iter(
        "testcase"
    )
    failure = case[0]

    assert {"name": "detached-access in Orders.tell", "classname": "orders"} == case.attrib
    assert ("HM301 detached-access (proven)", DETACHED.message) == (failure.get("type"), failure.get("message"))
    assert "33 │ with Session(engine) as session:" in (failure.text or "")
    assert (failure.text or "").startswith("orders.py:41:10: order.customer is read after its session closed\n")


def test_what_is_allowed_is_skipped_with_its_reason() -> None:
    """By a comment or by the baseline."""
    skipped = [each.get("message") for each in ElementTree.fromstring(render(FULL)).iter("skipped")]

    assert ["the baseline holds it", "read in the template only"] == skipped


def test_a_clean_report_holds_a_case_that_passes() -> None:
    """A server takes a report without any case for a broken one; where nothing was recognised, the case is skipped."""
    passed, unsure = (ElementTree.fromstring(render(report)) for report in (CLEAN, EMPTY))

    assert ([], 1) == (list(passed.iter("skipped")), len(list(passed.iter("testcase"))))
    assert [True] == [
        (each.get("message") or "").startswith("No session and no model") for each in unsure.iter("skipped")
    ]


@given(st.text(max_size=40))
def test_any_text_makes_a_document(text: str) -> None:
    """Signs that XML cannot hold are replaced."""
    report = replace(FULL, findings=(replace(DETACHED, message=text, fix=text, file=f"{text}.py"),))

    assert ElementTree.fromstring(render(report)) is not None


def test_what_a_run_saw_is_told() -> None:
    """Below the fix."""
    assert "\nseen: 3 times while running, in 2 processes, 12.4 ms in all<" in render(SEEN)
