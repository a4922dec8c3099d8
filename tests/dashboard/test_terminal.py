"""The facts in the last lines of a terminal, while the program's own lines scroll above them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.watch.running import PATIENCE_S, clean, eventually

from .conftest import OBEDIENT

ROWS, COLUMNS = 40, 120


class OnTerminal:
    """A program under `hermetic run --live`, on a terminal of its own; `text` is all that came to that."""

    def __init__(self, folder: Path) -> None:
        shutil.copy(OBEDIENT, folder)
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.set_blocking(self._ours, False)
        self.text = ""
        environment = clean({"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)})
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hermetic", "run", "--live", "--", sys.executable, "obedient.py"],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=theirs, stderr=theirs, text=True,
        )  # fmt: skip
        os.close(theirs)

    def do(self, line: str) -> None:
        """Have the program do something."""
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def says(self, pattern: str) -> re.Match[str]:
        """What comes to the terminal in the end, without its colours."""
        found: re.Match[str] = eventually(lambda: re.search(pattern, self.read()), f"the terminal shows {pattern}")
        return found

    def read(self) -> str:
        """All that came so far, without colours."""
        with suppress(OSError):  # nothing came, or nobody writes any more
            self.text += os.read(self._ours, 1 << 20).decode()
        return re.sub(r"\x1b\[[\d;]*m", "", self.text)

    def close(self) -> None:
        """End the program, and read what it leaves."""
        assert self.process.stdin
        self.process.stdin.close()
        while self.process.poll() is None:
            self.read()
        self.process.wait(PATIENCE_S)
        self.read()
        os.close(self._ours)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[OnTerminal]:
    """The obedient program, stocked."""
    program = OnTerminal(tmp_path)
    program.do("stock")
    yield program
    if program.process.poll() is None:
        program.close()


def test_the_same_facts(program: OnTerminal) -> None:
    """Who holds a connection and where, what was found, and the group of statements."""
    program.do("hold clerk")
    program.do("names")

    assert program.says(r"1 transaction open · 1 connection held · 1 process")
    assert program.says(r"held +\d+ (ms|s) +clerk +obedient\.py:\d+")
    assert program.says(r"N\+1 ×10 +10 × +obedient\.py:\d+ +SELECT")
    assert program.says(r"found +10 × +obedient\.py:\d+ +n-plus-one")
    program.do("release clerk")


def test_the_program_keeps_its_terminal(program: OnTerminal) -> None:
    """Its lines scroll in the upper part, and the whole terminal is its own again in the end."""
    program.says(r"\x1b\[1;28r")
    program.do("names")
    program.says("done")
    program.close()

    assert 28 == ROWS - 12
    assert program.text.rindex("\x1b[r") > program.text.rindex("\x1b[1;28r")
    assert 0 == program.process.returncode


def test_without_a_terminal_it_says_so() -> None:
    """Into a file or a pipe there is nothing to draw."""
    done = run("run", "--live", "--", "python", "-c", "pass")

    assert (2, "hermetic: --live draws on a terminal, and stderr is none; --ui shows the same in a browser\n") == (
        done.exit_code, done.stderr,
    )  # fmt: skip
