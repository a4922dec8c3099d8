"""Starts the program that `hermetic run` watches, passes signals on to it, and tells how it ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ..errors import NotStarted

NOT_EXECUTABLE = 126
NOT_FOUND = 127
BY_SIGNAL = 128
"""Exit codes as a shell gives them; a program ended by signal N gives `BY_SIGNAL` + N."""

BOOT = Path(__file__).resolve().parent.parent / "_watch" / "boot"

LAST_ROUND_S = 0.15
"""SIGTERM waits so long, for processes that die of it to tell first what they saw."""

_FORWARDED = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_FROM_THE_KEYBOARD = ("SIGINT", "SIGQUIT")
_INTERPRETER = re.compile(r"(python|pypy)[\d.]*(\.exe)?")
_OPTIONS = re.compile("-([^WXcm]*)([WXcm]?)")
_BLINDING = {"S": "imports no sitecustomize", "E": "ignores PYTHONPATH", "I": "ignores PYTHONPATH"}


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, by which every Python below it finds the run in `folder`."""
    path = os.environ.get("PYTHONPATH")
    return os.environ | {
        "HERMETIC_RUN": str(folder),
        "PYTHONPATH": f"{BOOT}{os.pathsep}{path}" if path else str(BOOT),
    }


def carried_out(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the program to its end; its exit code. Raises NotStarted."""
    try:
        program = subprocess.Popen(command, env=environment)
    except OSError as error:
        raise _not_started(command[0], error) from None
    with _signals_passed_on(program):
        code = program.wait()
    return code if code >= 0 else BY_SIGNAL - code


def _not_started(name: str, error: OSError) -> NotStarted:
    if isinstance(error, FileNotFoundError):
        return NotStarted(f"there is no command {name!r}; give it as you would without `hermetic run --`", NOT_FOUND)
    hint = f"; for a script, `hermetic run -- python {name}`" if name.endswith(".py") else ""
    return NotStarted(f"{name!r} cannot be run ({error.strerror}){hint}", NOT_EXECUTABLE)


@contextmanager
def _signals_passed_on(program: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hand the program the signals that come here, which do not end this process before it.

    What is typed at a terminal reaches both by itself. A signal that this process was started to ignore stays ignored.
    """

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            threading.Timer(LAST_ROUND_S, program.send_signal, [number]).start()
        elif number not in typed or not _is_in_the_foreground():
            program.send_signal(number)

    typed = [getattr(signal, name, None) for name in _FROM_THE_KEYBOARD]
    numbers = [getattr(signal, name) for name in _FORWARDED if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    try:
        for number in taken:
            signal.signal(number, pass_on)
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _is_in_the_foreground() -> bool:
    """Whether the terminal sends what is typed to this process and its children; on Windows, it always does."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def blind_because(command: Sequence[str]) -> str:
    """Why a command's Python cannot be watched, as far as one sees that in its options; empty where one does not."""
    name, *words = _interpreted(command) or [""]
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word.startswith("--") or word == "-":
            break
        letters, end = _OPTIONS.match(word).groups()  # type: ignore[union-attr]  # it matches every word
        blinding = next((letter for letter in letters if letter in _BLINDING), None)
        if blinding:
            told = f"`{Path(name).name} -{blinding}` {_BLINDING[blinding]}"
            return f"{told}; leave -{blinding} out, or call hermetic.watch() in the program"
        if end in ("c", "m"):
            break
        if end and word.endswith(end):
            next(rest, None)
    return ""


def _interpreted(command: Sequence[str]) -> list[str]:
    """The command line of the Python that a command comes to: its own, or that of its script's first line."""
    if _INTERPRETER.fullmatch(Path(command[0]).name):
        return list(command)
    file = shutil.which(command[0])
    try:
        with open(file or "", "rb") as script:
            first = script.readline(1000)
    except OSError:
        return []
    words = first[2:].decode("utf-8", "replace").split() if first.startswith(b"#!") else []
    while words and not _INTERPRETER.fullmatch(Path(words[0]).name):
        words.pop(0)
    return words
