"""The catalogue is whole: every hazard has its page, its cases and a name of its own."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from docs.generate import ERRORS, README, REFERENCE, errors, readme, reference
from hermetic._catalogue import Hazard, catalogue

HEADINGS = ["What it does", "Why it hurts", "Example", "Use instead", "When it is fine", "Known gaps", "Sources"]
FIX = "Automatic fix"

FIRST_HAZARDS = {
    "HM101": "session-leak",
    "HM102": "shared-session",
    "HM103": "concurrent-session",
    "HM104": "engine-per-call",
    "HM105": "unbound-session",
    "HM106": "split-memory-database",
    "HM201": "poisoned-session",
    "HM202": "partial-commit",
    "HM203": "lost-write",
    "HM205": "long-transaction",
    "HM301": "detached-access",
    "HM302": "expired-access",
    "HM303": "unloaded-response",
    "HM304": "stale-read",
    "HM401": "blocking-session",
    "HM402": "implicit-io",
    "HM501": "n-plus-one",
}

every_hazard = pytest.mark.parametrize("hazard", catalogue().values(), ids=list(catalogue()))


def outside_code(page: str) -> str:
    """The page without its code blocks."""
    return re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(("code", "slug"), FIRST_HAZARDS.items(), ids=FIRST_HAZARDS.values())
def test_hazard_exists_under_its_code(code: str, slug: str) -> None:
    """A code, once given, names the same hazard for ever."""
    hazard = catalogue().get(slug)

    assert hazard is not None
    assert code == hazard.code


def test_no_two_hazards_share_a_code() -> None:
    """A code names one hazard."""
    codes = [hazard.code for hazard in catalogue().values()]

    assert sorted(set(codes)) == codes


@every_hazard
def test_page_has_the_fixed_headings(hazard: Hazard) -> None:
    """Every page tells the same seven things in the same order, and between them what can be mended mechanically."""
    headings = re.findall(r"^## (.+)$", outside_code(hazard.page), flags=re.MULTILINE)

    assert [each for each in headings if each != FIX] == HEADINGS
    assert FIX not in headings or headings.index(FIX) == HEADINGS.index("Use instead") + 1


@every_hazard
def test_page_leaves_no_heading_empty(hazard: Hazard) -> None:
    """Under each heading something is said."""
    sections = re.findall(r"^## (.+)\n([^#]*)", outside_code(hazard.page), flags=re.MULTILINE)
    empty = [heading for heading, text in sections if not text.strip()]

    assert set(empty) <= {"Example", "Use instead"}  # these two are code alone


@every_hazard
def test_page_tells_of_its_fixes(hazard: Hazard) -> None:
    """A page has a heading on automatic fixes if, and only if, the logic below it asks for one."""
    source = Path(sys.modules[hazard.module].__file__ or "").read_text("utf-8")

    assert ("Remedy(" in source) == (f"\n## {FIX}\n" in hazard.page)


@every_hazard
def test_page_opens_with_one_sentence(hazard: Hazard) -> None:
    """The first line of a page is a sentence that can stand in a table."""
    assert re.fullmatch(r"[A-Z`].+\.", hazard.title)
    assert "|" not in hazard.title


@every_hazard
def test_hazard_is_seen_by_an_engine(hazard: Hazard) -> None:
    """A hazard that nothing can see does not ship."""
    assert hazard.seen_by
    assert set(hazard.seen_by) <= {"check", "watch"}


@every_hazard
def test_code_is_well_formed(hazard: Hazard) -> None:
    """A code is HM and three digits."""
    assert re.fullmatch(r"HM\d{3}", hazard.code)


@every_hazard
def test_hazard_has_cases(hazard: Hazard, root: Path) -> None:
    """Each hazard's cases live in the Markdown file of its name."""
    assert (root / "tests" / "hazards" / f"{hazard.slug}.md").is_file()


def test_cases_belong_to_a_hazard(root: Path) -> None:
    """No cases file is left behind by a hazard that went."""
    assert set() == {cases.stem for cases in (root / "tests" / "hazards").glob("*.md")} - set(catalogue())


def test_reference_is_up_to_date() -> None:
    """The hazards reference says what the pages say; `make docs` writes it."""
    assert reference(list(catalogue().values())) == REFERENCE.read_text(encoding="utf-8")


def test_readme_is_up_to_date() -> None:
    """The README shows a real finding and lists every hazard; `make docs` writes both."""
    text = README.read_text(encoding="utf-8")

    assert readme(text, list(catalogue().values())) == text


def test_the_pages_of_messages_are_written_out() -> None:
    """`docs/errors` holds what `make docs` would write now, and nothing else."""
    written = {file.name: file.read_text("utf-8") for file in ERRORS.glob("*.md")}

    assert errors() == written
