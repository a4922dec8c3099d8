"""Loads the tasks API with wrk, and times its list beside the same API in the patterns of the document it came from.

    python -m benchmarks.tasks_load [--seconds 60] [--connections 200] [--rounds 6] [--slice-s 5] [--url URL] [--watched]

First comes the load: lists, single tasks and new tasks in turns, from so many connections, where every answer has to be a
success. Then the two are asked for the same list in turns of a few seconds; told are medians and their ratio.
`--url` names a PostgreSQL to make tables in, a schema for each. `--watched` runs the load under `hermetic run`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TASKS = 1_000
STARTS_WITHIN_S = 60
ENDS_WITHIN_S = 10
ENOUGH = "60"
"""Connections for every thread of a server: more than the patterns of the document take by themselves."""
LIST = "/tasks?limit=50"
MODELLED = "/modelled/tasks?limit=50"


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk saw: answers in a second, the slowest of a hundred in milliseconds, and what was no success."""

    per_second: float
    slowest_ms: float
    errors: int


def loaded(url: str, connections: int, seconds: int, *options: str) -> Load:
    """Load an address."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency", *options, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
    number, name = re.findall(r"99%\s+([\d.]+)(us|ms|s|m)\b", told)[0]
    refused = [int(each) for each in re.findall(r"Non-2xx or 3xx responses: (\d+)", told)]
    broken = [int(each) for line in re.findall(r"Socket errors: (.*)", told) for each in re.findall(r"\d+", line)]
    per_second = float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])
    return Load(per_second, float(number) * unit[name], sum(refused) + sum(broken))


@contextmanager
def served(command: list[str], port: int, env: dict[str, str], log: Path) -> Iterator[str]:
    """A server, until the end of the block."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT / "apps" / "tasks" / "src"), os.environ.get("PYTHONPATH", "")])
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=log.parent,
            env={**os.environ, "PYTHONPATH": path, **env},
            stdout=out,
            stderr=out,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        await_answer(f"{address}/tasks?limit=1", process, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()  # its threads wait for connections that nobody gives back


def await_answer(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until something answers. Raises RuntimeError with the log when nothing does."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(log.read_text(encoding="utf-8", errors="replace"))


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def fill(address: str) -> None:
    """Tasks to list, by the API itself."""
    for start in range(0, TASKS, 100):
        wanted = [
            {"title": f"Task {number}", "description": "What there is to say about it. " * 4, "priority": "medium"}
            for number in range(start, start + 100)
        ]
        body = json.dumps(wanted).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{address}/tasks/bulk", body, headers)).close()


def load_it(address: str, options: argparse.Namespace) -> int:
    """The load; how many answers were no success."""
    script = Path(__file__).with_suffix(".lua")
    seen = loaded(address, options.connections, options.seconds, "-s", str(script))
    print(
        f"load: {options.connections} connections for {options.seconds} s, {seen.per_second:,.0f} requests a second, "
        f"99 of 100 within {seen.slowest_ms:,.0f} ms, {seen.errors} errors"
    )
    return seen.errors


def compare(urls: dict[str, str], options: argparse.Namespace) -> int:
    """The same list of each, in turns; how many answers were no success."""
    rates: dict[str, list[float]] = {name: [] for name in urls}
    errors = 0
    for _ in range(options.rounds):
        for name, url in urls.items():
            seen = loaded(url, options.few, options.slice_s)
            rates[name].append(seen.per_second)
            errors += seen.errors
    print(f"\na list of 50 tasks, {options.few} connections, medians of {options.rounds} turns, {errors} errors")
    ours = rates["this API"]
    for name, each in rates.items():
        told = f"  {name:36} {statistics.median(each):7,.0f} a second"
        if name != "this API" and all(each):
            ratios = [mine / theirs for mine, theirs in zip(ours, each, strict=True)]
            told += f"   this API is {statistics.median(ratios):.2f}× as fast ({min(ratios):.2f}–{max(ratios):.2f})"
        print(told, flush=True)
    return errors


def addresses(url: str | None, folder: Path) -> tuple[str, str]:
    """The databases of the two."""
    if url is None:
        return f"sqlite:///{folder}/ours.db", f"sqlite:///{folder}/theirs.db"
    base = url.replace("postgresql://", "postgresql+psycopg://", 1)
    mark = "&" if "?" in base else "?"
    return f"{base}{mark}options=-csearch_path%3Dload_ours", f"{base}{mark}options=-csearch_path%3Dload_theirs"


def run(options: argparse.Namespace, folder: Path) -> int:
    """Load and compare; how many answers were no success, and findings of the watcher."""
    ours, theirs = addresses(options.url, folder)
    port, other = free_port(), free_port()
    seen = folder / "seen.json"
    watched = (
        ["-m", "hermetic", "run", "--quiet", "--output", str(seen), "--", sys.executable] if options.watched else []
    )
    command = [*watched, "-m", "hermetic_tasks", "--port", str(port)]
    with served(command, port, {"DATABASE_URL": ours}, folder / "ours.txt") as address:
        fill(address)
        os.environ["LOAD_RUN"] = str(port)
        errors = load_it(address, options)
        if not options.watched:
            errors += beside(address, theirs, other, options, folder)
    if options.watched:
        findings = json.loads(seen.read_text(encoding="utf-8"))["findings"]
        print(f"watched: {len(findings)} findings")
        for each in findings:
            print(f"  {each['file']}:{each['line']}: {each['slug']} {each['message']}")
        errors += len(findings)
    return errors


def beside(address: str, theirs: str, port: int, options: argparse.Namespace, folder: Path) -> int:
    """The other API on a database with the same rows: by itself with the pool that it comes with, then in turns with ours."""
    before = ROOT / "apps" / "tasks" / "before"
    command = ["-m", "uvicorn", "as_written:app", "--app-dir", str(before), "--log-level", "warning"]
    command += ["--no-access-log", "--port", str(port)]
    rows = f"as_written.Task(title=f'Task {{n}}', description='What there is to say about it. ' * 4) for n in range({TASKS})"
    make = f"""
import as_written
as_written.SQLModel.metadata.create_all(as_written.engine)
with as_written.Session(as_written.engine) as session:
    session.add_all({rows})
    session.commit()
"""
    env = {"DATABASE_URL": theirs}
    subprocess.run([sys.executable, "-c", make], cwd=before, env={**os.environ, **env}, check=True)
    with served(command, port, env, folder / "pool.txt") as other:
        seen = loaded(other + LIST, options.connections, options.slice_s)
        print(f"as the document writes it, with its 15 connections: {seen.per_second:,.0f} requests a second")
    with served(command, port, {**env, "POOL_SIZE": ENOUGH}, folder / "theirs.txt") as other:
        names = ["this API", "as the document writes it", "the same with a response model"]
        return compare(dict(zip(names, [address + LIST, other + LIST, other + MODELLED], strict=True)), options)


def main() -> int:
    """Load the API; 1 when an answer was no success."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60, help="how long the load lasts")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--few", type=int, default=20, help="connections in the comparison, few enough for both")
    parser.add_argument("--rounds", type=int, default=6, help="how many turns each has in the comparison")
    parser.add_argument("--slice-s", type=int, default=5, help="how many seconds a turn lasts")
    parser.add_argument("--url", help="a PostgreSQL with the schemas load_ours and load_theirs")
    parser.add_argument("--watched", action="store_true", help="load the API under `hermetic run`, and compare nothing")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not installed, so nothing was loaded: apt-get install wrk")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return 1 if run(options, Path(folder)) else 0


if __name__ == "__main__":
    sys.exit(main())
