"""The comparison claims of Hermetic only what a case, a test or a document shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "why" / "compared.md"
ROWS = 51
OTHERS = {"yes", "partial", "other", "no", "?"}


@dataclass(frozen=True)
class Claim:
    """One cell of Hermetic's column: the word it begins with, and where it links to."""

    row: str
    word: str
    file: Path | None
    title: str


def rows(about: str) -> list[list[Token]]:
    """The cells of each row of the table whose first column has this name."""
    tokens = MarkdownIt("commonmark").enable("table").parse(PAGE.read_text("utf-8"))
    found: list[list[Token]] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            found.append([])
        if before.type in ("td_open", "th_open"):
            found[-1].append(token)
    heads = [index for index, row in enumerate(found) if row[-1].content == "Hermetic"]
    (first,) = (index for index in heads if found[index][0].content == about)
    return found[first + 1 : next((index for index in heads if index > first), len(found))]


def claim(row: list[Token]) -> Claim:
    parts = row[-1].children or []
    word = next(part.content for part in parts if part.type == "text")
    link = next((part for part in parts if part.type == "link_open"), None)
    if link is None:
        return Claim(row[0].content, word, None, "")
    return Claim(row[0].content, word, PAGE.parent / str(link.attrs["href"]), str(link.attrs["title"]))


HAZARDS = [claim(row) for about in ("hazard", "further hazard") for row in rows(about)]
CLAIMS = [*HAZARDS, *(claim(row) for row in rows("feature"))]


def test_every_row_is_filled() -> None:
    """None is missing, and every cell holds one of the words that the page explains."""
    assert ROWS == len(CLAIMS)
    assert (
        set()
        == {
            cell.content
            for about in ("hazard", "further hazard", "feature")
            for row in rows(about)
            for cell in row[1:-1]
        }
        - OTHERS
    )
    assert set() == {each.word for each in CLAIMS} - {"yes", "partial", "no"}


@pytest.mark.parametrize("claim", CLAIMS, ids=[each.row for each in CLAIMS])
def test_a_claim_is_shown(claim: Claim) -> None:
    """Yes and partial link to a test function, or to a heading, that exists; no links nowhere."""
    if claim.word == "no":
        assert claim.file is None
        return
    assert claim.file is not None
    text = claim.file.read_text("utf-8")
    wanted = f"def {claim.title}(" if claim.file.suffix == ".py" else f"## {claim.title}\n"

    assert wanted in text


SHOWN = [each for each in HAZARDS if each.file is not None]


@pytest.mark.parametrize("claim", SHOWN, ids=[each.row for each in SHOWN])
def test_a_hazard_is_caught_where_the_link_leads(claim: Claim) -> None:
    """The linked case marks a line that must be found; `tests/hazards` runs it."""
    assert claim.file is not None
    case = re.split(r"^## ", claim.file.read_text("utf-8"), flags=re.MULTILINE)

    assert ["# caught" in part for part in case if part.startswith(f"{claim.title}\n")] == [True]
