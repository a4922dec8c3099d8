"""Times `hermetic check` beside bare `ast.parse` and the linters people run, in turn on the same trees."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.samples.made_up import generate
from demo.packages import PACKAGES, source_of

PARSE = """
import ast, pathlib, sys
for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    try:
        ast.parse(file.read_bytes())
    except SyntaxError:
        pass
"""
BASELINE = "ast.parse, bare"
PYLINT = ["-m", "pylint", "--recursive=y", "--score=n"]
MYPY = ["-m", "mypy", "--ignore-missing-imports", "--no-error-summary", "--follow-imports=silent"]
IMPORTED = re.compile(r"^\s*from\s+\S*?(\w+\.\w+)\s+import\b", re.MULTILINE)
RUFF = ["-m", "ruff", "check", "--isolated", "--no-cache", "--quiet"]


WALK = """
import hashlib, pathlib, sys
for file in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    hashlib.blake2b(file.read_bytes())
"""


@dataclass(slots=True)
class Row:
    """One thing that is timed: its command, and what it took each time (wall and processor seconds, megabytes).

    `edited` is the file that gets another function before, and `inside` says that this is put before all others in it.
    """

    name: str
    command: list[str]
    edited: Path | None = None
    inside: bool = False
    runs: list[tuple[float, float, float]] = field(default_factory=list)
    stopped: bool = False

    @property
    def took(self) -> tuple[float, float, float]:
        """The median of its runs, figure by figure."""
        wall, processor, megabytes = zip(*self.runs, strict=True)
        return median(wall), median(processor), max(megabytes)


def timed(row: Row, limit_s: float) -> None:
    """Run a command from start to end, or until the limit; raises when it could not do its work."""
    start = time.perf_counter()
    process = subprocess.Popen(row.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        took_s = time.perf_counter() - start
        if done:
            break
        if took_s > limit_s and not row.stopped:
            row.stopped = True
            process.kill()
        time.sleep(0.01)
    process.returncode = os.waitstatus_to_exitcode(status)
    # Checkers tell by small codes that they found something; pylint sums them up to 31.
    if not row.stopped and process.returncode not in range(32):
        raise SystemExit(f"{' '.join(row.command)} ended with {process.returncode}")
    row.runs.append((took_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))


def rows_for(folder: Path, cache: Path, *, others: bool) -> Iterator[Row]:
    """What is timed on a tree, in the order in which it runs."""
    python = sys.executable
    check = [python, "-m", "hermetic", "check", str(folder)]
    remembering = [*check, f"--cache-dir={cache}"]
    yield Row(BASELINE, [python, "-c", PARSE, str(folder)])
    yield Row("walking and hashing", [python, "-c", WALK, str(folder)])
    yield Row("hermetic, cold, one process", [*check, "--no-cache", "--jobs=1"])
    yield Row("hermetic, cold, all cores", [*remembering, "--jobs=0"])
    yield Row("hermetic, warm", [*remembering, "--jobs=0"])
    warm = [*remembering, "--jobs=0"]
    large, leaf, root = edited_in(folder)
    yield Row("hermetic, largest file edited", warm, large)
    yield Row("hermetic, leaf file edited", warm, leaf)
    yield Row("hermetic, most imported edited", warm, root)
    yield Row("hermetic, its lines moved", warm, root, inside=True)
    for tool, options in {"ruff": RUFF, "pylint": PYLINT, "mypy": MYPY}.items():
        if others and find_spec(tool):
            cold = [f"--cache-dir={os.devnull}"] if tool == "mypy" else []
            yield Row(tool, [python, *options, *cold, str(folder)])


def edited_in(folder: Path) -> tuple[Path, Path, Path]:
    """The largest file that names SQLAlchemy, one that nobody imports, and the one that most files import, by its name."""
    texts = {file: file.read_text("utf-8", errors="replace") for file in sorted(folder.rglob("*.py"))}
    imported = Counter(name for text in texts.values() for name in set(IMPORTED.findall(text)))
    named = [file for file in texts if file.stem != "__init__"]
    speaking = [file for file in named if "sqlalchemy" in texts[file]] or named or list(texts)

    def importers(file: Path) -> int:
        return imported[".".join((*file.parent.parts[-1:], file.stem))]

    large = max(speaking, key=lambda file: len(texts[file]))
    leaf = max((file for file in speaking if not importers(file)), key=lambda file: len(texts[file]), default=large)
    return large, leaf, max(named or list(texts), key=importers)


def edit(row: Row, number: int) -> None:
    """Give a row's file a function more."""
    assert row.edited is not None
    text = row.edited.read_text("utf-8")
    added = f"def added_{number}():\n    return {number}\n"
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if line.startswith(("def ", "class ", "@"))), len(lines))
    moved = "\n".join([*lines[:first], added, "", *lines[first:]])
    row.edited.write_text(moved if row.inside else f"{text}\n\n{added}", "utf-8")


def measured(source: Path, rounds: int, limit_s: float, *, others: bool) -> list[Row]:
    """Time everything on a copy of a tree, `rounds` times in turn."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, cache = Path(temporary) / source.name, Path(temporary) / "cache"
        shutil.copytree(source, folder, ignore=lambda _, names: [name for name in names if _is_left_out(name)])
        rows = list(rows_for(folder, cache, others=others))
        for number in range(rounds):
            shutil.rmtree(cache, ignore_errors=True)
            for row in rows:
                if row.edited is not None:
                    edit(row, number)
                if not row.stopped:
                    timed(row, limit_s)
    return rows


def _is_left_out(name: str) -> bool:
    suffix = Path(name).suffix
    return name == "__pycache__" or (suffix not in ("", ".py") and not name.startswith("."))


def table(source: Path, rows: list[Row]) -> Iterator[str]:
    """The figures of one tree, with how many times as long as bare parsing each took."""
    files = list(source.rglob("*.py"))
    lines = sum(file.read_bytes().count(b"\n") for file in files)
    base_s = next(row for row in rows if row.name == BASELINE).took[0]
    yield f"\n{source.name}: {len(files):,} files, {lines:,} lines"
    yield f"  {'':<32}{'seconds':>9}{'× parse':>9}{'lines/s':>11}{'CPU s':>8}{'peak MB':>9}"
    for row in rows:
        wall_s, processor_s, megabytes = row.took
        sign = ">" if row.stopped else ""
        yield (
            f"  {row.name:<32}{f'{sign}{wall_s:.2f}':>9}{f'{sign}{wall_s / base_s:.1f}':>9}"
            f"{lines / wall_s:>11,.0f}{processor_s:>8.1f}{megabytes:>9.0f}"
        )


def sources(arguments: argparse.Namespace, temporary: Path) -> Iterator[Path]:
    """The trees to run on: those named, else packages, else a made-up project."""
    if arguments.paths:
        yield from arguments.paths
        return
    found = 0
    for project in list(PACKAGES)[: None if arguments.all else 2]:
        source = source_of(project)
        if source is None:
            print(f"{project} is left out: PyPI could not be reached, or has no wheel of it")
            continue
        found += 1
        yield source
    if not found:
        made_up = temporary / "made_up"
        generate(made_up, arguments.lines)
        yield made_up


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="source trees (two packages from PyPI)")
    parser.add_argument("--all", action="store_true", help="the six packages of docs/why/precision.md")
    parser.add_argument("--lines", type=int, default=150_000, help="size of the made-up project (150000)")
    parser.add_argument("--rounds", type=int, default=1, help="how often everything is timed, in turn (1)")
    parser.add_argument("--limit", type=float, default=120, help="seconds after which a run is stopped (120)")
    parser.add_argument("--alone", action="store_true", help="leave out ruff, pylint and mypy")
    arguments = parser.parse_args()
    for tool in ("ruff", "pylint", "mypy"):
        if not arguments.alone and find_spec(tool) is None:
            print(f"{tool} is left out: it is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        for source in sources(arguments, Path(temporary)):
            rows = measured(source, arguments.rounds, arguments.limit, others=not arguments.alone)
            print("\n".join(table(source, rows)), flush=True)


if __name__ == "__main__":
    main()
