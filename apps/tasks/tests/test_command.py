"""The command: it starts on a new database, ends when it is told, and says in a sentence why it cannot start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "hermetic_tasks"]


def started(folder: Path, *options: str) -> subprocess.Popen[str]:
    """The command, in a folder of its own."""
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *options], cwd=folder, env=env, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_starts_and_ends(tmp_path: Path, sent: signal.Signals) -> None:
    """One line tells the address; Ctrl-C and SIGTERM end it without a traceback."""
    process = started(tmp_path, "--port", "0")
    assert process.stdout is not None
    line = process.stdout.readline()
    address = line.split()[-1]
    with urllib.request.urlopen(f"{address}tasks?limit=1") as response:
        listed = json.load(response)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)

    assert "Renew the certificate of the payment gateway" == listed[0]["title"]
    assert (tmp_path / "tasks.db").exists()
    assert process.returncode in (0, -sent)
    assert "" == errors


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "The address of the database cannot be used"),
        (
            "postgresql://nobody:secret@127.0.0.1:1/tasks",
            "The database postgresql+psycopg://nobody:***@127.0.0.1:1/tasks",
        ),
        ("sqlite:////no/such/folder/tasks.db", "The database sqlite:////no/such/folder/tasks.db cannot be used"),
    ],
)
def test_a_database_that_cannot_be_used(tmp_path: Path, url: str, told: str) -> None:
    """One sentence without the password, and exit code 2."""
    env = {**os.environ, "DATABASE_URL": url}
    ended = subprocess.run(COMMAND, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)

    assert (2, 1) == (ended.returncode, len(ended.stderr.splitlines()))
    assert ended.stderr.startswith(f"hermetic-tasks: {told}")
    assert "secret" not in ended.stderr


def test_two_workers(serve: Callable[..., Any]) -> None:
    """Several processes serve one database: a cursor that one has signed is good at the other."""
    with serve(["hermetic_tasks", "--workers", "2"], env={"DATABASE_URL": "sqlite:///workers.db"}) as address:
        first = json.load(urllib.request.urlopen(f"{address}/tasks/pages?size=2"))
        pages = [
            json.load(urllib.request.urlopen(f"{address}/tasks/pages?size=2&cursor={first['next']}")) for _ in range(8)
        ]

    assert [pages[0]] * 8 == pages
