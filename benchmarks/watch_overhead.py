"""Times the same work unwatched, watched by Hermetic, and under the tools people use otherwise.

    python -m benchmarks.watch_overhead [--rounds 3] [--blocks 5] [--only count,sqltap]

Each variant runs in fresh processes, which take turns. A figure is processor time, the least of all blocks: what was
added to the unwatched program's, and how many times as much that makes. A tool that refuses the SQLAlchemy of this
environment is measured on SQLAlchemy 2.0 in `.venv-sa20`, where that is, beside Hermetic there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.samples.watched_work import VARIANTS

BASE = "unwatched"
OLDER = ".venv-sa20/bin/python"
RIVALS = ("opentelemetry", "sqltap")
WORK = "benchmarks.samples.watched_work"


@dataclass(slots=True)
class Column:
    """One variant: microseconds for each work, the least so far, or why there are none."""

    took: dict[str, float] = field(default_factory=dict)
    off: str = ""

    def add(self, took: dict[str, float]) -> None:
        """Take in another process's figures."""
        self.took = {name: min(value, self.took.get(name, value)) for name, value in took.items()}


@dataclass(slots=True)
class Table:
    """All variants under one SQLAlchemy."""

    python: str
    version: str = ""
    columns: dict[str, Column] = field(default_factory=dict)

    def run(self, variant: str, blocks: int) -> None:
        """Measure one variant once more, in a process of its own."""
        column = self.columns.setdefault(variant, Column())
        if column.off:
            return
        command = [self.python, "-W", "ignore", "-m", WORK, variant, str(blocks)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
        told = json.loads(done.stdout)
        self.version = told["sqlalchemy"]
        column.off = told.get("off", "")
        column.add(told.get("took", {}))

    def measure(self, variants: Iterable[str], rounds: int, blocks: int) -> None:
        """Measure several variants in turn; every other round goes backwards, so that none is always first."""
        order = [BASE, *variants]
        for number in range(rounds):
            for variant in order[:: -1 if number % 2 else 1]:
                self.run(variant, blocks)

    def lines(self) -> Iterator[str]:
        """The table as people read it."""
        base = self.columns[BASE].took
        shown = {name: column for name, column in self.columns.items() if name != BASE and not column.off}
        yield f"\nSQLAlchemy {self.version}, Python {sys.version.split()[0]}: µs, and what watching adds to them"
        yield f"  {'':<30}{BASE:>10}" + "".join(f"{name.replace('_', ' '):>20}" for name in shown)
        for work, us in base.items():
            cells = (f"{column.took[work] - us:+.1f}  {column.took[work] / us:.2f}×" for column in shown.values())
            yield f"  {work:<30}{us:>10.1f}" + "".join(f"{cell:>20}" for cell in cells)
        for name, column in self.columns.items():
            if column.off:
                yield f"  {name} is off, because {column.off}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="processes for each variant, in turn (3)")
    parser.add_argument("--blocks", type=int, default=5, help="blocks of 20 ms for each work and process (5)")
    parser.add_argument("--only", default="", help="variants, separated by commas (all)")
    parser.add_argument("--older", type=Path, default=Path(OLDER), help=f"a Python with SQLAlchemy 2.0 ({OLDER})")
    arguments = parser.parse_args()
    variants = [name for name in VARIANTS if name != BASE and (not arguments.only or name in arguments.only.split(","))]
    table = Table(sys.executable)
    table.measure(variants, arguments.rounds, arguments.blocks)
    print("\n".join(table.lines()), flush=True)
    refused = [name for name in RIVALS if name in table.columns and table.columns[name].off]
    if refused and arguments.older.exists():
        older = Table(str(arguments.older))
        older.measure(["count", *refused], arguments.rounds, arguments.blocks)
        print("\n".join(older.lines()))


if __name__ == "__main__":
    main()
