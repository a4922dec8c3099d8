"""The how-to pages do what they say: their files are written and their commands run, in the order of the page."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.cli.test_whole import MAIL, MODELS

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = [ROOT / "docs" / "index.md", *(ROOT / "docs" / "how-to").glob("*.md")]
PAGES = sorted(page for page in WRITTEN if "```console" in page.read_text("utf-8"))
PATIENCE_S = 300
FILE = re.compile(r"(?:#|<!--) (?P<name>[\w./-]+\.\w+)(?: -->)?\n")
PROMPT = "$ "
IN_A_PIPELINE = re.compile(r"^\s*(?:- |run: |- run: )?(hermetic check .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """A line of a console, and the lines that the page shows below it; `…` stands for anything."""

    text: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class File:
    """A block whose first line names the file that it is."""

    name: str
    text: str


def steps(page: Path) -> Iterator[Command | File]:
    """What a reader of the page does."""
    for token in MarkdownIt().parse(page.read_text("utf-8")):
        if token.type != "fence":
            continue
        if token.info == "console":
            for part in re.split(r"^\$ ", token.content, flags=re.MULTILINE)[1:]:
                command, *shown = part.rstrip("\n").split("\n")
                yield Command(command, tuple(line for line in shown if line))
        elif match := FILE.match(token.content):
            yield File(match["name"], token.content)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The package `shop` with one finding, in a repository of which `origin/main` is the last commit."""
    for name, text in {"__init__": "", "models": MODELS, "mail": MAIL}.items():
        file = tmp_path / "shop" / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    commit = ["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "first"]
    for command in (["init", "-q"], ["add", "."], commit, ["update-ref", "refs/remotes/origin/main", "HEAD"]):
        subprocess.run(["git", *command], check=True, cwd=tmp_path, capture_output=True)
    return tmp_path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which `hermetic` is the one that is tested, and `python` and `pytest` those that test it."""
    directory = tmp_path_factory.mktemp("bin")
    for name, arguments in {"hermetic": "-m hermetic", "pytest": "-m pytest", "python": ""}.items():
        (directory / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', "utf-8")
        (directory / name).chmod(0o755)
    return os.pathsep.join([str(directory), os.environ["PATH"]])


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_a_page_does_what_it_says(page: Path, project: Path, path: str) -> None:
    """Each command prints every line that the page shows below it, and none ends with a usage error."""
    environment = os.environ | {
        "PATH": path,
        "PYTHONPATH": f"{ROOT / 'src'}",
        "COLUMNS": "120",
        "SUMMARY": "summary.md",
    }
    ran = 0
    before = "0"
    for step in steps(page):
        if isinstance(step, File):
            file = project / step.name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step.text, "utf-8")
            commands = [Command(text) for text in IN_A_PIPELINE.findall(step.text)]
        else:
            commands = [step]
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", f"(exit {before}); {command.text}"], cwd=project, env=environment, capture_output=True,
                text=True, encoding="utf-8", timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            told = done.stdout + done.stderr
            assert [] == [line for line in command.shown if not shows(told, line)], f"{command.text}\n{told}"
            assert done.returncode in (0, 1), f"{command.text}\n{told}"
            before = str(done.returncode)
            ran += 1

    assert ran


def shows(told: str, line: str) -> bool:
    """Whether a line that a page shows was printed."""
    pattern = line.replace("[", "[[]").replace("…", "*")
    return any(fnmatch.fnmatchcase(printed, pattern) for printed in told.splitlines())
