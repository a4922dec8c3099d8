"""The chat as it is started: one line when it listens, a clean end, one sentence when it cannot."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder with a file of no servers."""
    (tmp_path / "none.json").write_text(json.dumps({"mcpServers": {}}), encoding="utf-8")
    return tmp_path


@pytest.fixture
def process(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The chat, started by its command in that folder."""
    command = [sys.executable, "-m", "hermetic_chat", "--port", "0", "--servers", "none.json"]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    started = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    yield started
    started.kill()
    started.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_and_ends(process: subprocess.Popen[str], folder: Path, number: signal.Signals) -> None:
    """It says where it listens, keeps what it is told in `chat.db` here, and ends without a word."""
    assert process.stdout is not None
    line = process.stdout.readline()
    address = line.split()[-1]
    with urllib.request.urlopen(f"{address}/health") as answer:
        health = json.load(answer)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)

    assert line.startswith("MCP Chat listens at http://127.0.0.1:")
    assert {"ok": True} == health
    assert (folder / "chat.db").exists()
    assert (process.returncode in (0, 128 + number, -number), told) == (True, "")


def test_an_address_that_is_taken_is_told(folder: Path) -> None:
    """In one sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "hermetic_chat", "--port", str(port), "--servers", "none.json"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert 2 == done.returncode
    assert "Traceback" not in done.stderr
    assert f"nobody can listen at 127.0.0.1:{port}" in done.stderr
