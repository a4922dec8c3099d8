"""What the tests of every application can ask for: a PostgreSQL, the application as a process under watch, a browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browsers import accessible, browser, chromium, page, phone
from tests.servers import postgres, postgres_server

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["accessible", "browser", "chromium", "page", "phone", "postgres", "postgres_server"]

STARTS_WITHIN_S = 60
ENDS_WITHIN_S = 20


def free_port() -> int:
    """A port of the loopback interface that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something answers at the address, whatever it says; fail with the log when the process ends before."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"nothing answers at {url}:\n{log.read_text(encoding='utf-8', errors='replace')}")


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., AbstractContextManager[str]]:
    """`with serve([module, *options], env={…}) as address:` an application as users start it, under `hermetic run`.

    It is given `--port`, and answers at the address. It fails the test when the watcher has a finding at its end.
    """
    folder = tmp_path_factory.mktemp("served")

    @contextmanager
    def served(command: Sequence[str], *, env: Mapping[str, str] = {}, ready: str = "/") -> Iterator[str]:
        port = free_port()
        seen, log = folder / f"{port}.json", folder / f"{port}.log"
        watched = [sys.executable, "-m", "hermetic", "run", "--quiet", "--output", str(seen), "--"]
        program = [sys.executable, "-m", *command, "--port", str(port)]
        address = f"http://127.0.0.1:{port}"
        with log.open("wb") as out:
            process = subprocess.Popen(
                watched + program, cwd=folder, env={**os.environ, **env}, stdout=out, stderr=subprocess.STDOUT
            )
        try:
            _await_answer(address + ready, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(ENDS_WITHIN_S)
        findings = json.loads(seen.read_text(encoding="utf-8"))["findings"]

        assert [] == findings, log.read_text(encoding="utf-8", errors="replace")

    return served


@pytest.fixture
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., None]:
    """`picture(page, "list.png")`: a screenshot into the application's `docs/` with --screenshots, else thrown away."""
    folder = request.path.parents[1] / "docs" if request.config.getoption("--screenshots") else tmp_path
    folder.mkdir(exist_ok=True)

    def take(page: Page, name: str, *, full: bool = False) -> None:
        page.screenshot(path=folder / name, full_page=full)

    return take
