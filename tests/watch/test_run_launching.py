"""A program under `hermetic run` gets the signals that it would get, and its end is told as a shell tells it."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from hermetic._cli._launching import blind_because
from tests.cli.running import run
from tests.watch.running import PATIENCE_S, clean, running

CATCHES = """
import os, signal, sys
def caught(number, frame):
    print(signal.Signals(number).name, flush=True)
for name in sys.argv[1:]:
    signal.signal(signal.Signals[name], caught)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_signals_are_passed_on(tmp_path: Path, name: str) -> None:
    """The program decides what they mean, and `hermetic run` ends when it does."""
    with running(tmp_path, sys.executable, "-c", CATCHES, name) as program:
        assert program.process.stdin
        assert program.process.stdout
        ready = program.process.stdout.readline()
        program.process.send_signal(signal.Signals[name])
        caught = program.process.stdout.readline()
        program.process.stdin.close()
        program.process.stdin = None
        program.ended()

    assert ("ready\n", f"{name}\n", 0) == (ready, caught, program.process.returncode)


def test_a_program_that_dies_of_a_signal(tmp_path: Path) -> None:
    """The exit code is that of a shell: 128 and the signal's number."""
    with running(tmp_path, sys.executable, "-c", "import os; os.kill(os.getpid(), 9)") as program:
        program.ended()

    assert 128 + 9 == program.process.returncode


def test_ctrl_c_is_felt_once(tmp_path: Path) -> None:
    """A terminal sends it to the program itself, so it is not passed on a second time."""
    command = [sys.executable, "-m", "hermetic", "run", "--", sys.executable, "-c", CATCHES, "SIGINT", "SIGTERM"]
    main, side = pty.openpty()
    program = subprocess.Popen(
        command, cwd=tmp_path, env=clean({}), stdin=side, stdout=side, stderr=side, preexec_fn=partial(owns, side)
    )  # fmt: skip
    os.close(side)
    with program, open(main, "rb", buffering=0) as screen:
        shown_until(screen, b"ready")
        os.write(main, b"\x03")
        shown_until(screen, b"SIGINT")
        program.send_signal(signal.SIGTERM)
        after = shown_until(screen, b"SIGTERM")
        os.write(main, b"\x04")
        program.wait(PATIENCE_S)

    assert b"SIGINT" not in after


def owns(terminal: int) -> None:
    """Make this process the first of a session on a terminal, as a login shell is."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def shown_until(screen: IO[bytes], word: bytes) -> bytes:
    """What a terminal shows up to a word."""
    shown = b""
    while word not in shown:
        shown += screen.read(1000)
    return shown.partition(word)[0]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("python app.py", ""),
        ("python3.13 -I app.py", "`python3.13 -I` ignores PYTHONPATH"),
        ("python -uE app.py", "`python -E` ignores PYTHONPATH"),
        ("/usr/bin/python -W error -S app.py", "`python -S` imports no sitecustomize"),
        ("python -Werror -Xdev -m app -S", ""),
        ("python -c pass -I", ""),
        ("python -", ""),
        ("python app.py -I", ""),
        ("bin/isolated", "`python3 -E` ignores PYTHONPATH"),
        ("bin/plain", ""),
        ("bin/env -i", ""),
        ("nowhere", ""),
    ],
)
def test_options_that_blind_a_python_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, expected: str
) -> None:
    """On the command line, or in the first line of a script, as some installers write it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bin").mkdir()
    for name, first in (("isolated", "#!/usr/bin/env -S python3 -sE"), ("plain", "#!/usr/bin/python3"), ("env", "")):
        (tmp_path / "bin" / name).write_text(f"{first}\npass\n", "utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    why = blind_because(command.split())

    assert expected == why.partition(";")[0]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["nowhere"], 127, "there is no command 'nowhere'; give it as you would without `hermetic run --`"),
        (["./app.py"], 126, "'./app.py' cannot be run (Permission denied); for a script, `hermetic run -- python ./app.py`"),
        (["--select", "lost-wirte", "true"], 2, "no hazard is called 'lost-wirte', the nearest is 'lost-write'; "),
        (["--output", "no/file", "true"], 2, "no/file cannot be written (No such file or directory); "),
    ],
    ids=["no command", "no program", "no hazard", "no folder"],
)  # fmt: skip
def test_what_cannot_be_run_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, sentence: str
) -> None:
    """And has an exit code of its own, before anything is started."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.py").write_text("pass\n", "utf-8")
    done = run("run", *arguments)

    assert (code, "", True) == (done.exit_code, done.stdout, done.stderr.startswith(f"hermetic: {sentence}"))
