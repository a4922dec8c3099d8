"""The pages of error messages are true: their code gives the message, their cures are silent, and Hermetic says what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from hermetic._catalogue import catalogue
from hermetic._messages.explaining import explained
from hermetic._messages.pages import Page, pages

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 300
BEFORE = """\
import contextlib
import warnings
from pathlib import Path

with contextlib.suppress(Exception), warnings.catch_warnings():
    warnings.simplefilter("ignore")
    exec(compile(Path("app.py").read_text(), "app.py", "exec"))
"""
"""What a reader has done before the cure: the imports and models of the code that fails stay."""

every_page = pytest.mark.parametrize("page", pages(), ids=lambda page: page.slug)


def blocks(page: Page) -> list[str]:
    """The Python of a page, in its order: the code that gives the message, the cure, the way with Hermetic."""
    return [
        token.content for token in MarkdownIt().parse(page.text) if token.type == "fence" and token.info == "python"
    ]


def run(folder: Path, database: str, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DATABASE_URL": f"postgresql+psycopg:{database}", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )


def shape(text: str) -> str:
    """A message without what differs from one run to the next, or from one version to the other."""
    text = re.sub(r"0x[0-9a-f]+", "0x…", text)
    text = re.sub(r"await_(only)?\(\)", "await_()", text)
    return " ".join(re.sub(r"\d+(\.\d+)?", "#", text).split())


def is_of(title: str, message: str) -> bool:
    """Whether a message has the words of a title, in which `…` stands for anything."""
    return re.search(".*".join(map(re.escape, shape(title).split("…"))), shape(message)) is not None


@every_page
def test_the_code_gives_the_message(page: Page, tmp_path: Path, postgres: str) -> None:
    """In the words of the title, and the traceback leads back to the page, with a line of the code."""
    (tmp_path / "app.py").write_text(blocks(page)[0], "utf-8")
    told = run(tmp_path, postgres, ["app.py"]).stderr
    first = explained(told)[0]

    assert (page.slug, True) == (first.page and first.page.slug, is_of(page.title, first.message)), told
    assert first.frame is not None
    assert blocks(page)[0].splitlines()[first.frame.line - 1].strip() == first.frame.source


@every_page
def test_the_cures_are_silent(page: Page, tmp_path: Path, postgres: str) -> None:
    """The cure, then the way with Hermetic; warnings are errors."""
    (tmp_path / "app.py").write_text(blocks(page)[0], "utf-8")
    (tmp_path / "cured.py").write_text(BEFORE + "".join(blocks(page)[1:]), "utf-8")
    done = run(tmp_path, postgres, ["-W", "error", "cured.py"])

    assert 0 == done.returncode, done.stderr


@every_page
def test_hermetic_says_what_the_page_says(page: Page, tmp_path: Path, postgres: str) -> None:
    """Of the code that gives the message, by a check and while it runs."""
    (tmp_path / "app.py").write_text(blocks(page)[0], "utf-8")
    checked = run(tmp_path, postgres, ["-m", "hermetic", "check", "--no-cache", "--format", "json"])
    run(tmp_path, postgres, ["-m", "hermetic", "run", "--output", "seen.json", "--", sys.executable, "app.py"])
    seen = (tmp_path / "seen.json").read_text("utf-8")

    assert (page.check, page.watch) == (hazards(checked.stdout), hazards(seen))


def hazards(report: str) -> tuple[str, ...]:
    """The hazards of a JSON report, by name."""
    return tuple(sorted({each["slug"] for each in json.loads(report)["findings"]}))


@every_page
def test_a_page_has_its_parts(page: Page) -> None:
    """The message, the meaning, the code, the cure, the way with Hermetic; and it names hazards that there are."""
    headings = re.findall(r"^## (.*)$", page.text, re.MULTILINE)

    assert ["Code that gives it", "The cure", "With Hermetic"] == headings
    assert set(page.hazards) <= set(catalogue())
    assert page.told in page.document
