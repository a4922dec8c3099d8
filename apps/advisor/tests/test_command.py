"""The command: one line when it listens, one sentence when it cannot start, a clean end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def start(*arguments: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hermetic_advisor", *arguments]
    environment = {**os.environ, "DATABASE_URL": url}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "DATABASE_URL is no address of a database; write it like sqlite:///advisor.db."),
        ("postgresql://nobody:secret@127.0.0.1:1/x", "postgresql+psycopg://nobody:***@127.0.0.1:1/x cannot be used"),
        ("sqlite:////nonexistent/folder/x.db", "cannot be used: unable to open database file."),
        ("oracle://x", "needs the package"),
    ],
)
def test_a_database_that_cannot_be_used(url: str, sentence: str) -> None:
    """Exit code 2 and a sentence without the password, never a traceback."""
    out, told = (process := start(url=url)).communicate(timeout=60)

    assert (2, "") == (process.returncode, out)
    assert sentence in told
    assert not [word for word in ("Traceback", "secret") if word in told]


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """Said in a sentence as well."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        out, told = (process := start("--port", port, url=f"sqlite:///{tmp_path}/a.db")).communicate(timeout=60)

    assert (2, "") == (process.returncode, out)
    assert f"hermetic-advisor: 127.0.0.1:{port} cannot be listened at: Address already in use.\n" == told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_clean(tmp_path: Path, number: signal.Signals) -> None:
    """One line tells the address; a signal ends it without another word."""
    process = start("--port", "0", url=f"sqlite:///{tmp_path}/a.db")
    assert process.stdout is not None
    line = process.stdout.readline()
    process.send_signal(number)
    out, told = process.communicate(timeout=60)

    assert line.startswith("advisor listens at http://127.0.0.1:")
    assert ("", "") == (out, told)
    assert process.returncode in {0, -number, 128 + number}
