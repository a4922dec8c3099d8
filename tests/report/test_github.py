"""The report beside the lines of a pull request."""

from __future__ import annotations

from dataclasses import replace

from hermetic._report.github import render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL, LOST, SEEN


def test_a_finding_is_a_command_with_its_place() -> None:
    """File, lines and columns come as properties; message and fix are two lines of one annotation."""
    expected = (
        "::error file=orders.py,line=41,endLine=41,col=10,endColumn=24,title=detached-access (proven)"
        "::order.customer is read after its session closed%0A"
        "fix: select(Order).options(joinedload(Order.customer)) at line 34\n"
    )

    assert expected == render(replace(CLEAN, findings=(DETACHED,)))


def test_signs_with_a_meaning_are_escaped() -> None:
    """Percent signs and line ends are escaped everywhere, colons and commas in properties; several lines have no columns."""
    expected = (
        "::warning file=my shop/100%25%2C really.py,line=7,endLine=9,title=lost-write (likely)"
        "::order is changed,%0Aand no commit follows: 100%25 of it is lost\n"
    )

    assert expected == render(replace(CLEAN, findings=(LOST,)))


def test_info_is_a_notice() -> None:
    """The mildest severity is GitHub's mildest command."""
    assert render(replace(CLEAN, findings=(replace(DETACHED, severity="info"),))).startswith("::notice ")


def test_what_went_wrong_is_told_too() -> None:
    """Comments that cover nothing and files that could not be read are warnings; a file alone has no line."""
    lines = render(FULL).splitlines()

    assert (
        "::warning file=orders.py,line=12,title=hermetic::allow[lost-write] covers nothing; remove the comment" in lines
    )
    assert any(line.startswith("::warning file=gone.py,title=hermetic::it vanished") for line in lines)


def test_nothing_recognised_is_a_warning() -> None:
    """A check that understood nothing does not pass for a clean one."""
    assert render(EMPTY).startswith("::warning title=hermetic::No session and no model was recognised")


def test_what_a_run_saw_is_told() -> None:
    """Behind the fix, on a line of its own."""
    assert "%0Aseen: 3 times while running, in 2 processes, 12.4 ms in all\n" in render(SEEN)
