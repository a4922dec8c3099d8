"""The report as a comment."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from hermetic._report.markdown import LONGEST, render
from tests.report.samples import CLEAN, DETACHED, EMPTY, FULL, SEEN

COMMENT = 65_536


def test_a_table_counts_and_each_finding_folds_its_story_away() -> None:
    """A reader sees the numbers first, and opens what they care for."""
    told = render(FULL)

    assert told.startswith(
        "## Hermetic: 2 findings in 2 files\n\n| hazard | proven | likely | possible |\n|---|--:|--:|--:|"
    )
    assert "| `detached-access` | 1 |  |  |\n| `lost-write` |  | 1 |  |" in told
    assert "<details><summary>orders.py:41 <b>detached-access</b>: order.customer is read after its" in told
    assert "   33 │ with Session(engine) as session:" in told
    assert told.endswith(
        "Checked 748 files, 143,079 lines, 312 session providers, 85 mapped classes; 1 known from the baseline;"
        " 2 in the baseline no longer found; 1 allowed by comments; 5 less sure, not shown; 4 that no change touches;"
        " 2 files or comments with problems.\n"
    )


def test_nothing_found_is_said() -> None:
    """And where it means nothing, that is said too."""
    assert render(CLEAN).startswith("## Hermetic: no findings\n\nChecked 1 file, 10 lines")
    assert "**No session and no model was recognised" in render(EMPTY)


def test_a_flood_fits_into_a_comment() -> None:
    """GitHub refuses longer ones, so the rest is counted."""
    told = render(replace(FULL, findings=(DETACHED,) * 1000))

    assert LONGEST < len(told) < COMMENT
    assert " more; `hermetic check` tells all of them." in told


class Words(HTMLParser):
    """The text that a browser shows of the findings' headings."""

    def __init__(self) -> None:
        super().__init__()
        self.summary = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or tag == "summary"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "summary"

    def handle_data(self, data: str) -> None:
        self.summary += data if self._inside else ""


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40))
def test_any_message_is_shown_as_it_is(text: str) -> None:
    """Brackets, stars, tags and fences in code are text."""
    finding = replace(DETACHED, message=f"a {text} b", fix=f"```{text}```")
    words = Words()
    words.feed(
        MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(render(replace(CLEAN, findings=(finding,))))
    )

    assert "orders.py:41 detached-access: " + " ".join(f"a {text} b".split()) == " ".join(words.summary.split())


def test_what_a_run_saw_stands_below_the_fix() -> None:
    """A reviewer sees that it is not only a theory."""
    assert "Seen 3 times while running, in 2 processes, 12.4 ms in all." in render(SEEN).splitlines()
