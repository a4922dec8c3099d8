"""The four applications, each in a folder of its own below `.demo/`, until Ctrl-C: `make demo-apps`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
ANSWERS_WITHIN_S = 120
ENDS_WITHIN_S = 20


@dataclass(frozen=True, slots=True)
class App:
    """An application: its module, its port, and what to know when one opens it."""

    name: str
    port: int
    about: str
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


APPS = (
    App("console", 8100, "servers, users, an audit log; log in as the page says", (("CONSOLE_DEMO", "1"),)),
    App("chat", 8101, "a chat that calls the tools of the two below"),
    App("advisor", 8102, "customers, transactions, goals, advice"),
    App("tasks", 8103, "a tasks API; its documentation is at /docs"),
)


def started(app: App) -> subprocess.Popen[bytes]:
    """The application's process; what it says goes to a file beside its database."""
    folder = ROOT / ".demo" / app.name
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", f"hermetic_{app.name}", "--port", str(app.port)]
    with (folder / "log.txt").open("wb") as log:
        return subprocess.Popen(
            command, cwd=folder, env={**os.environ, **dict(app.settings)}, stdout=log, stderr=subprocess.STDOUT
        )


def answers(app: App) -> bool:
    """Whether the application's first page can be had now."""
    try:
        urllib.request.urlopen(app.address, timeout=5).close()
    except OSError:
        return False
    return True


def awaited(app: App, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the application answers, and tell; False when it ended before, or takes too long."""
    deadline = time.monotonic() + ANSWERS_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        if answers(app):
            print(f"  {app.address}  {app.name}: {app.about}", flush=True)
            return True
        time.sleep(0.2)
    print(f"  {app.name} does not answer at {app.address}; see .demo/{app.name}/log.txt", flush=True)
    return False


def ended(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Start all, and end all; `--once` ends them as soon as each has answered."""
    signal.signal(signal.SIGTERM, ended)
    print("Four applications on Hermetic:", flush=True)
    processes = {app: started(app) for app in APPS}
    try:
        silent = [app for app, process in processes.items() if not awaited(app, process)]
        if not silent and "--once" not in sys.argv:
            print("Ctrl-C ends them.", flush=True)
            with suppress(KeyboardInterrupt):
                signal.pause()
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait(ENDS_WITHIN_S)
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
