"""The report for people."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hermetic._catalogue import Finding, Step
from hermetic._check.checked import Report
from hermetic._report.text import Layout, render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL, LINES, LOST, SEEN


def of(*findings: Finding) -> Report:
    return replace(FULL, findings=findings, unused_suppressions=())


def test_a_finding_tells_its_story_beside_the_source() -> None:
    """Place, slug and message; then every step with its line; then the fix."""
    expected = dedent("""\
        orders.py:41:10 detached-access  order.customer is read after its session closed
           33 │ with Session(engine) as session:                     opened
           34 │     order = session.scalars(select(Order)).first()   loaded without `customer`
           38 │                                                      closed
           41 │ send(order.customer.email)                           needs a SELECT, no session left
           fix: select(Order).options(joinedload(Order.customer)) at line 34  [--fix --unsafe]

        """)

    assert expected == render(of(DETACHED), Layout(summary=False))


def test_a_step_in_another_file_stands_under_its_name() -> None:
    """The story says when it leaves the file of the finding and when it comes back."""
    story = (Step("shop/mail.py", 7, "handed in here"), Step("orders.py", 41, "read here"))
    lines = render(of(replace(DETACHED, story=story, fix=None)), Layout(summary=False)).splitlines()

    assert [
        "  ── shop/mail.py",
        "    7 │ def send(address):           handed in here",
        "  ── orders.py",
        "   41 │ send(order.customer.email)   read here",
    ] == lines[1:5]


def test_the_finding_itself_is_shown_where_no_step_stands_on_it() -> None:
    """A story that stops short is completed by the line of the finding."""
    story = (Step("orders.py", 33, "opened"),)

    assert "   41 │ send(order.customer.email)" in render(of(replace(DETACHED, story=story)))


def test_steps_on_one_line_share_its_source() -> None:
    """A line that matters twice is shown once."""
    story = (Step("orders.py", 41, "loaded"), Step("orders.py", 41, "written"))

    assert [
        "   41 │ send(order.customer.email)   loaded",
        "      │                              written",
    ] == render(of(replace(DETACHED, story=story, fix=None))).splitlines()[1:3]


def test_a_long_line_is_cut_around_the_finding() -> None:
    """What the finding speaks of stays in sight, wherever in its line it stands."""
    source = "send(" + "first_argument, " * 12 + "order.customer.email, " + "last_argument, " * 12 + ")"
    at = source.index("order.customer") + 1
    finding = replace(DETACHED, column=at, end_column=at + 14, story=(Step("orders.py", 41, "read here"),))
    shown = render(replace(of(finding), lines={("orders.py", 41): source}), Layout(width=80)).splitlines()[1]

    assert "order.customer" in shown
    assert 80 == len(shown)
    assert 2 == shown.count("…")


def test_many_calls_with_one_cause_are_told_once() -> None:
    """Findings whose stories end in the same other place share one story, and none of their places is left out."""
    story = (Step("orders.py", 41, "called here"), Step("shop/mail.py", 7, "blocks"))
    calls = [
        replace(DETACHED, file=file, line=line, story=story) for file, line in [("a.py", 3), ("a.py", 9), ("b.py", 5)]
    ]
    told = render(of(*calls, DETACHED)).splitlines()

    assert ["a.py:3:10", "orders.py:41:10"] == [line.split()[0] for line in told if " detached-access  " in line]
    assert "   also: a.py:9:10" in told
    assert "         b.py:5:10" in told
    assert "4 findings in 3 files" in "\n".join(told)


def test_what_is_not_proven_says_so() -> None:
    """The reader sees how sure a finding is before its message."""
    assert "lost-write (likely)  order is changed, and no commit" in render(of(LOST))


def test_a_pipe_gets_a_finding_on_one_line() -> None:
    """Whoever greps a report finds place, slug and message together, however long."""
    long = replace(LOST, message="word " * 60)

    assert render(of(long)).splitlines()[0].endswith("word word")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_terminal_gets_lines_that_fit(width: int) -> None:
    """Long messages, sources and step texts are broken or shortened to the width."""
    source = {("orders.py", 34): "        order = " + "session." * 30}
    story = (Step("orders.py", 34, "loaded " + "without its customer " * 6),)
    finding = replace(DETACHED, message="word " * 60, story=story, fix="select " * 40)
    report = replace(of(finding), lines=LINES | source)

    assert width >= max(map(len, render(report, Layout(width=width, breaks=True)).splitlines()))


def test_the_summary_counts_by_hazard_and_confidence() -> None:
    """A table of what was found comes after the findings."""
    told = render(of(DETACHED, DETACHED, LOST)).splitlines()

    assert "detached-access         2" in told
    assert "lost-write                        1" in told


def test_the_summary_tells_what_was_understood_and_what_is_not_shown() -> None:
    """No number is left out: findings, allowed, hidden, lowered, files, lines, providers and models."""
    told = render(FULL)

    assert "2 findings in 2 files" in told
    assert "1 allowed by comments" in told
    assert "5 less sure, not shown: --min-confidence possible" in told
    assert "3 in tests, migrations and examples" in told
    assert "checked 748 files, 143,079 lines in 9.1 s: 312 session providers, 85 mapped classes" in told
    assert "1 session provider not understood: shop.deps.get_db" in told
    assert "1 function too long to follow to the end: shop.legacy.everything" in told


def test_a_comment_that_covers_nothing_is_told() -> None:
    """An allowance that is no longer needed hides the next mistake."""
    assert "orders.py:12 allow[lost-write] covers nothing; remove it" in render(FULL)


def test_nothing_found_is_said() -> None:
    """A clean report still tells what was understood."""
    assert render(CLEAN).startswith("no findings\nchecked 1 file, 10 lines")


def test_nothing_recognised_is_no_clean_zero() -> None:
    """Where neither session nor model was seen, no findings means nothing, and the next step is named."""
    told = " ".join(render(EMPTY).split())

    assert "No session and no model was recognised, so no findings means nothing here." in told
    assert "Give the path that holds the models" in told


def test_quiet_leaves_findings_alone() -> None:
    """Without a summary a clean report is empty."""
    assert "" == render(CLEAN, Layout(summary=False))


def test_plain_means_no_escape_codes() -> None:
    """Colour is only what was asked for."""
    assert "\x1b" not in render(FULL)
    assert "\x1b[" in render(FULL, Layout(colour=True))


def test_source_is_never_markup() -> None:
    """Brackets in code and messages are text, not styling."""
    finding = replace(DETACHED, message="rows[bold] is read", story=(Step("orders.py", 41, "[red]here[/red]"),))

    assert "rows[bold] is read" in render(of(finding))
    assert "[red]here[/red]" in render(of(finding))


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 200), st.booleans())
def test_any_text_can_be_told(message: str, source: str, width: int, colour: bool) -> None:
    """Whatever stands in a source line or a message, a report comes out."""
    finding = replace(DETACHED, message=message, fix=message, story=(Step("orders.py", 41, message, source),))
    report = replace(of(finding), lines={("orders.py", 41): source})

    assert "detached-access" in render(report, Layout(width=width, breaks=True, colour=colour))


def test_what_a_run_saw_stands_beside_a_finding() -> None:
    """How often, in how many processes and how long it took; those that the check did not find come under a line of their own."""
    told = render(SEEN, Layout(summary=False)).splitlines()
    title = told.index("Seen while running, and not by the check:")

    assert "  seen: 3 times while running, in 2 processes, 12.4 ms in all" in told[:title]
    assert told[title + 2].startswith("my shop/100%, really.py:7:1 lost-write")
    assert "  seen: 1 time while running" in told[title:]
    assert "2 seen while running, in files that were not checked" in render(SEEN).splitlines()
