"""BEFORE.md and TESTS.md say what is so."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_how_to import Command, shows, steps

APP = Path(__file__).resolve().parent.parent
COMMANDS = [step for step in steps(APP / "BEFORE.md") if isinstance(step, Command)]
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (APP / "TESTS.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `before/`, beside the sources."""
    copy = tmp_path_factory.mktemp("advisor")
    for name in ("before", "src"):
        shutil.copytree(APP / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    binaries = copy / "bin"
    binaries.mkdir()
    for name, arguments in {"hermetic": "-m hermetic", "python": ""}.items():
        (binaries / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', "utf-8")
        (binaries / name).chmod(0o755)
    return copy


@pytest.mark.parametrize("command", COMMANDS, ids=[command.text for command in COMMANDS])
def test_before_and_after(folder: Path, command: Command) -> None:
    """Each command of BEFORE.md prints every line that the page shows below it, and the last one nothing."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "120"}
    done = subprocess.run(
        ["sh", "-c", command.text], cwd=folder / "before", env=environment, capture_output=True, text=True, timeout=120
    )
    told = done.stdout + done.stderr

    assert [] == [line for line in command.shown if not shows(told, line)], told
    assert command.shown or not told


def test_what_the_cure_loses_is_kept(folder: Path) -> None:
    """The difference in one line each: the same calls keep nothing there, and everything here."""
    counts = {}
    for name in ("cure", "after"):
        done = subprocess.run([sys.executable, f"{name}.py"], cwd=folder / "before", capture_output=True, text=True)
        counts[name] = done.stdout.splitlines()[:2]

    assert counts["cure"] == ["0 customers after the first is created", "income after it is raised: 4980.0"]
    assert counts["after"][1:] == ["1 customers after the first is created"]


def test_every_test_of_the_table_exists() -> None:
    """By its name, in its file."""
    there = {
        (file.name, node.name)
        for file in (APP / "tests").glob("test_*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }

    assert NAMED
    assert set() == {*NAMED} - there
