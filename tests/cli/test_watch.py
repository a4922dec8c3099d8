"""`hermetic check --watch`, driven as a user drives it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from hermetic._cli._watching import concerns
from tests.cli.running import run

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
LEAK = "def f():\n    leak()\n"


class Watched:
    """A running `hermetic check --watch`, and the lines it prints to either stream, in their order."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        code = "from tests.cli.test_check import in_place; in_place()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "check", "--watch", *arguments],
            cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        )  # fmt: skip
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip("\n"))

    def round(self) -> list[str]:
        """What is printed up to the next rest."""
        lines: list[str] = []
        while not lines or not lines[-1].startswith("watching for changes"):
            lines.append(self._lines.get(timeout=PATIENCE_S))
        return lines

    def stop(self) -> tuple[int, list[str]]:
        """Press Ctrl-C; the exit code, and what was printed after it."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code, list(self._lines.queue)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    (tmp_path / "a.py").write_text("x = 1\n", "utf-8")
    running = Watched(tmp_path, "--output", "markdown=told.md")
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        if running.process.stdout is not None:
            running.process.stdout.close()


def test_a_change_is_checked_at_once(watched: Watched, tmp_path: Path) -> None:
    """The first check comes by itself, the next with a change; its own report in a watched directory starts none."""
    clean = watched.round()
    (tmp_path / "a.py").write_text(LEAK, "utf-8")
    leaking = watched.round()
    (tmp_path / "a.py").unlink()
    nothing = watched.round()
    code, after = watched.stop()

    assert "no findings" == clean[0]
    assert leaking[0].startswith("a.py:2:5 session-leak")
    assert nothing[0].startswith("no findings") or nothing[0].startswith("hermetic: no Python in .")
    assert (0, []) == (code, [line for line in after if "Traceback" in line])


def test_a_broken_configuration_is_told_and_watched_on(watched: Watched, tmp_path: Path) -> None:
    """The sentence stands there until it is mended."""
    watched.round()
    (tmp_path / "pyproject.toml").write_text("[tool.hermetic]\njobs = 'many'\n", "utf-8")
    broken = watched.round()
    (tmp_path / "pyproject.toml").write_text("[tool.hermetic]\njobs = 1\n", "utf-8")
    mended = watched.round()

    assert "jobs is the string 'many', and should be a number of processes" in broken[0]
    assert "no findings" == mended[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("shop/orders.py", True),
        ("docs/guide.md", True),
        ("pyproject.toml", True),
        (".gitignore", True),
        ("data.csv", False),
        (".venv/lib/a.py", False),
        (".hermetic_cache/a.toml", False),
        ("told.md", False),
    ],
)
def test_only_what_a_check_reads_starts_one(path: str, expected: bool) -> None:
    """Sources, documents and settings; not caches, data, or the check's own reports."""
    assert expected == concerns(Path(path).absolute(), {Path("told.md").resolve()})


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "hermetic: no such path: 'nowhere'; give a file or a directory that exists below "),
        (
            ["--write-baseline"],
            "hermetic: --watch tells of findings; write or prune a baseline without it\n",
        ),
        (["--fix"], "hermetic: --watch tells of findings; fix them in a run of its own\n"),
    ],
)
def test_what_cannot_be_watched_is_a_sentence(arguments: list[str], sentence: str) -> None:
    """With exit code 2."""
    done = run("check", "--watch", *arguments)

    assert (2, True) == (done.exit_code, done.stderr.startswith(sentence))


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watching needs a library that not everybody wants."""
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    done = run("check", "--watch")

    assert (2, "hermetic: --watch needs watchfiles; pip install 'hermetic[watch]'\n") == (done.exit_code, done.stderr)
