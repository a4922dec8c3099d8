"""The page of the document's own patterns says what happens: its commands are run, and each line compared."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_how_to import Command, shows, steps

APP = Path(__file__).resolve().parents[1]
SOURCES = APP.parents[1] / "src"
COMMANDS = [step for step in steps(APP / "BEFORE.md") if isinstance(step, Command)]
FINDING = re.compile(r"^\S+\.py:\d+:\d+ ", re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The scripts in a folder of their own, with `hermetic` and `python` being those that are tested."""
    shutil.copytree(APP / "before", tmp_path / "before")
    (tmp_path / "bin").mkdir()
    for name, arguments in {"hermetic": "-m hermetic", "python": ""}.items():
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', "utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=[command.text for command in COMMANDS])
def test_the_page_says_what_happens(command: Command, folder: Path) -> None:
    """A command prints what the page shows below it, and no finding that the page leaves out."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    done = subprocess.run(
        command.text.split(),
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(SOURCES), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stdout + done.stderr

    assert [] == [line for line in command.shown if not shows(told, line)], told
    assert len(FINDING.findall("\n".join(command.shown))) == len(FINDING.findall(told)), told
    assert "Traceback" not in told
