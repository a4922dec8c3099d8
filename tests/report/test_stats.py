"""The numbers of a check."""

from __future__ import annotations

from dataclasses import replace
from textwrap import dedent

from hermetic._report.stats import DENSEST, render
from tests.report.samples import CLEAN, DETACHED, FULL


def test_every_number_is_told() -> None:
    """What was found in all confidences, how dense it is where, what was understood and allowed, and the time."""
    expected = dedent("""\
        found, told or not    proven    likely  possible
        detached-access            1                   5
        lost-write                           2
        all                        1         2         5

        told, by directory  findings     lines  per 1,000
        .                          1        50      20.00
        my shop                    1       100      10.00
        all                        2   143,079       0.01

        understood: 312 session providers, 85 mapped classes, 4,000 functions followed
        session providers not understood: 1
          shop.deps.get_db
        functions given up: 1
          shop.legacy.everything

        allowed by comments: 1
          orders.py:41 detached-access: read in the template only

        time: reading 1.0 s, analysing 8.0 s, telling 0.1 s
        """)

    assert expected == render(FULL)


def test_nothing_is_none() -> None:
    """A clean check says so in words."""
    told = render(CLEAN)

    assert "session providers not understood: none\nfunctions given up: none\n" in told
    assert "allowed by comments: none\n" in told


def test_a_missing_reason_is_told() -> None:
    """An allowance without grounds stands out."""
    assert "  orders.py:41 detached-access: no reason given\n" in render(replace(FULL, suppressed=((DETACHED, ""),)))


def test_only_the_densest_directories_are_named() -> None:
    """The rest is counted."""
    findings = tuple(replace(DETACHED, file=f"d{number:02}/a.py") for number in range(DENSEST + 2))

    assert "and 2 more directories\n" in render(replace(FULL, findings=findings))
