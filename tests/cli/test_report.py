"""`hermetic report`: a page of what a run or a check wrote, read in a browser as people read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.running import run
from tests.cli.simple import LEAK, Write

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = (
    "</script><script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">{{ 7 * 7 }}"
)
SEEN = {
    "count": 3, "total_ms": 1.5, "first": "2026-11-21T10:00:00.000+00:00", "last": "2026-11-21T10:05:00.000+00:00", "pids": [7],
}  # fmt: skip
RAN = {"command": ["python", "app.py"], "exit_code": 0, "seconds": 2.5, "processes": [{"off": []}], "unwatched": []}


def checked() -> dict[str, Any]:
    """What a check writes as JSON."""
    document: dict[str, Any] = json.loads(run("check", "--format", "json").stdout)
    return document


def written(shop: Path, document: dict[str, Any]) -> Path:
    """The page of a document."""
    (shop / "found.json").write_text(json.dumps(document), "utf-8")
    done = run("report", "found.json")

    assert (0, "hermetic: wrote found.html\n") == (done.exit_code, done.stderr)
    return shop / "found.html"


def test_a_check_as_a_page(shop: Path, write: Write, page: Page, accessible: Callable[[Page], None]) -> None:
    """Its findings by file with their stories; words and severities narrow them down, and axe finds nothing to say."""
    write("a.py", LEAK)
    write("b.py", LEAK)
    document = checked()
    page.goto(written(shop, document).as_uri())
    both = page.locator("article").count()
    quoted = page.locator(".story .here code").first.text_content()
    page.get_by_label("Search").fill("b.py")
    one = page.locator("article:visible").count()
    accessible(page)
    page.get_by_label("Search").fill("nothing of that kind")

    assert (len(document["findings"]), len(document["findings"]) // 2, 0) == (
        both,
        one,
        page.locator("article:visible").count(),
    )
    assert f"0 of {both} shown" == page.locator("#shown").text_content()
    assert quoted in LEAK


def test_a_run_as_a_page(shop: Path, write: Write, phone: Page, accessible: Callable[[Page], None]) -> None:
    """How often each finding was seen, and what was run; on a phone, in the dark, nothing is wider than the screen."""
    write("a.py", LEAK)
    (finding, *_) = checked()["findings"]
    phone.emulate_media(color_scheme="dark")
    phone.goto(written(shop, {"version": 1, "run": RAN, "findings": [finding | {"seen": SEEN}]}).as_uri())
    accessible(phone)

    assert "seen 3 times while running, 1.5 ms in all" in phone.locator("article").inner_text()
    assert ["python app.py", "1 process for 2.5 s", "0"] == phone.locator("dd").all_inner_texts()[1:]
    assert 390 == phone.evaluate("document.documentElement.scrollWidth")


@pytest.mark.parametrize("where", ["message", "slug", "file", "function", "fix", "severity", "text"])
def test_hostile_text_stays_text(shop: Path, write: Write, page: Page, where: str) -> None:
    """Whatever a document holds, the page shows it and does not run it."""
    write("a.py", LEAK)
    document = checked()
    finding = document["findings"][0]
    finding["story"] = [{"file": "a.py", "line": 1, "text": HOSTILE if where == "text" else "opened"}]
    if where != "text":
        finding[where] = HOSTILE
    page.goto(written(shop, document).as_uri())

    assert "What hermetic found in a check" == page.title()
    assert HOSTILE in " ".join(page.locator("main").all_text_contents())


def test_the_page_needs_nothing_from_anywhere(shop: Path, write: Write) -> None:
    """No address is in it."""
    write("a.py", LEAK)
    text = written(shop, checked()).read_text("utf-8")

    assert [] == [part for part in ("http:", "https:", "src=", "href=", "@import", "url(") if part in text]


def test_lines_that_have_changed_are_not_quoted(shop: Path, write: Write) -> None:
    """A page tells the lines that were found, or none."""
    write("a.py", LEAK)
    document = checked()
    write("a.py", "something = 'else'\n" * 10)

    assert "something" not in written(shop, document).read_text("utf-8")


@pytest.mark.parametrize(
    "text", ["{}", "[]", "nonsense", '{"version": 99, "findings": []}', '{"version": 1, "run": 5}']
)
def test_what_is_no_document_is_refused(shop: Path, text: str) -> None:
    """In a sentence that says what writes one."""
    (shop / "found.json").write_text(text, "utf-8")
    done = run("report", "found.json")

    assert 2 == done.exit_code
    assert "hermetic run --output" in done.stderr


def test_a_run_that_saw_nothing(shop: Path) -> None:
    """As JSON Lines it is an empty file, and a page that says so."""
    (shop / "seen.jsonl").write_text("", "utf-8")

    assert 0 == run("report", "seen.jsonl").exit_code
    assert "Nothing was found." in (shop / "seen.html").read_text("utf-8")


def test_the_page_goes_where_it_is_wanted(shop: Path, write: Write) -> None:
    """--output names it; what cannot be written is said."""
    write("a.py", LEAK)
    (shop / "found.json").write_text(json.dumps(checked()), "utf-8")
    codes = [run("report", "found.json", "--output", name).exit_code for name in ("page.html", "missing/page.html")]

    assert ([0, 2], True) == (codes, (shop / "page.html").exists())
