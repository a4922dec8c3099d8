"""Runs `hermetic run` as a user does, in a copy of the apps, and looks at what it prints and writes."""

from __future__ import annotations

import json
import os
import queue
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).parent / "apps"
PATIENCE_S = 60
SEEN = "seen.json"

BOTH = {("n-plus-one", "names"): 5, ("lost-write", "forget"): 1}
"""What is wrong with the apps that run to their end, and how often."""


@dataclass
class Running:
    """A program under `hermetic run`; `told` is what came to stderr so far, the program's own lines among it."""

    process: subprocess.Popen[str]
    folder: Path
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip("\n"))

    def line(self, part: str) -> str:
        """The next line on stderr with this in it."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.told.append(self._lines.get(timeout=max(until - time.monotonic(), 0.01)))
            except queue.Empty:
                raise AssertionError(f"nothing said {part!r}:\n" + "\n".join(self.told)) from None
            if part in self.told[-1]:
                return self.told[-1]

    def lines(self) -> list[str]:
        """All lines on stderr so far."""
        while not self._lines.empty():
            self.told.append(self._lines.get())
        return self.told

    def ended(self, by: signal.Signals | None = None) -> dict[str, Any]:
        """What the run wrote, once the program has ended, by itself or by a signal."""
        if by is not None:
            self.process.send_signal(by)
        try:
            self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
        self._reader.join(PATIENCE_S)
        self.told += self._lines.queue
        document: dict[str, Any] = json.loads((self.folder / SEEN).read_text("utf-8"))
        return document

    @property
    def said(self) -> str:
        return "\n".join(self.told)


@contextmanager
def running(folder: Path, *command: str, options: tuple[str, ...] = (), **environment: str) -> Iterator[Running]:
    """`command` under `hermetic run`, in a folder with the apps; whatever is left of it is ended afterwards."""
    shutil.copytree(APPS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    process = subprocess.Popen(
        [sys.executable, "-m", "hermetic", "run", "--output", SEEN, *options, "--", *command],
        cwd=folder, env=clean(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, encoding="utf-8", start_new_session=True,
    )  # fmt: skip
    program = Running(process, folder)
    try:
        yield program
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def argv(command: str) -> tuple[str, ...]:
    """A command line as a user of this environment types it."""
    program, *arguments = shlex.split(command)
    return (sys.executable if program == "python" else str(Path(sys.executable).with_name(program)), *arguments)


def clean(environment: dict[str, str]) -> dict[str, str]:
    """This environment without what the tests around set, and with the sources that are tested."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "HERMETIC_", "COV_"))}
    return kept | {"PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200"} | environment


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def answer(url: str) -> Any:
    """What a server that is just starting says in the end, as JSON."""
    return json.loads(eventually(lambda: says(url), f"{url} answers"))


def says(url: str) -> bytes:
    """What a server says now; nothing while it is not there."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE_S) as response:
            said: bytes = response.read()
    except (urllib.error.URLError, ConnectionError):
        return b""
    return said


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What is there when one has looked often enough."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"it is not so that {what}")


def found(document: dict[str, Any]) -> dict[tuple[str, str], int]:
    """How often each hazard was seen, by its slug and the function it is in."""
    return {(each["slug"], each["function"]): each["seen"]["count"] for each in document["findings"]}
