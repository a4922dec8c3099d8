"""`BEFORE.md` is what happens: every command on the page is run, and every file on it is the file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent
PAGE = (APP / "BEFORE.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"```console\n\$ (.+)\n((?:.*\n)*?)```", PAGE)
LISTINGS = re.findall(r"```python\n# before/(\w+\.py)\n((?:.*\n)*?)```", PAGE)


def said(command: str) -> str:
    """What a command prints: what it writes to stdout, then to stderr, without the seconds that it took."""
    words = {"python": [sys.executable], "hermetic": [sys.executable, "-m", "hermetic"]}
    arguments = [part for word in command.split() for part in words.get(word, [word])]
    env = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
    done = subprocess.run(arguments, cwd=APP / "before", env=env, text=True, capture_output=True, check=False)
    told = re.sub(r"in \d+\.\d+ s", "in … s", done.stdout + done.stderr)
    return "\n".join(line.rstrip() for line in told.strip().splitlines())


@pytest.mark.parametrize(("command", "told"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_page_tells_what_happens(command: str, told: str) -> None:
    """The document's form fails, its cure loses a write, the cured form works; check and run say so."""
    assert told.strip() == said(command)


@pytest.mark.parametrize(("name", "listing"), LISTINGS, ids=[name for name, _ in LISTINGS])
def test_page_shows_the_files(name: str, listing: str) -> None:
    """What is shown is what is run, its docstring and imports left out."""
    assert listing.strip() in (APP / "before" / name).read_text(encoding="utf-8")


def test_page_is_whole() -> None:
    """Every file of `before/` that runs is on the page, as it is, under check and under run."""
    names = {file.name for file in (APP / "before").glob("*.py")} - {"tables.py"}
    said_of = {name: re.findall(rf"^\$ (python|hermetic \w+).* {name}", PAGE, re.MULTILINE) for name in names}

    assert {name: ["python", "hermetic check", "hermetic run"] for name in names} == said_of
