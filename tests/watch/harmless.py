"""Runs SQLAlchemy's own tests twice, unwatched and watched, and compares how each of them ends: `make harmless`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.watch.differing import Outcomes, differing_twice
from tests.watch.harmless_plugin import OUTCOMES, WATCHED
from tests.watch.running import ROOT, clean
from tests.watch.sdists import fetched

UNREACHED = "PyPI could not be reached, so SQLAlchemy's own tests were not run."
HARMED, UNKNOWN = 1, 2
"""Exit codes: a test ends otherwise when it is watched; it could not be found out."""


@dataclass(frozen=True, slots=True)
class Part:
    """Tests of SQLAlchemy that run in one go: on which database, and which paths are looked through for them."""

    database: str
    paths: tuple[str, ...]

    @property
    def name(self) -> str:
        """What to call it in a line."""
        return " ".join(path for path in self.paths if not path.startswith("--"))


EVERYTHING = (
    Part("sqlite", ("test/orm", "test/engine", "test/ext", "--ignore=test/ext/asyncio", "--ignore=test/ext/mypy")),
    Part("aiosqlite", ("test/ext/asyncio",)),
)
SLICE = (
    Part("sqlite", ("test/orm/test_transaction.py",)),
    Part("aiosqlite", ("test/ext/asyncio/test_session.py",)),
)


@dataclass(slots=True)
class Ran:
    """How the tests of a part ended, and of a watched run what was not watched, what failed in it and what it found."""

    outcomes: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    off: dict[str, str] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> str:
        """How many tests ended in each way, the most frequent first."""
        return ", ".join(f"{number:,} {outcome}" for outcome, number in Counter(self.outcomes.values()).most_common())


@dataclass(frozen=True, slots=True)
class Compared:
    """A part that ran unwatched and watched; `differences` names the tests that end in two ways, each time."""

    part: Part
    plain: Ran
    watched: Ran
    differences: tuple[str, ...]
    once: tuple[str, ...] = ()

    @property
    def is_harmless(self) -> bool:
        """Whether every test ended in the same way while everything was watched."""
        watched = self.watched
        was_on = bool(watched.findings) and not watched.off and not watched.failures
        return was_on and bool(self.plain.outcomes) and not self.differences

    def lines(self) -> Iterator[str]:
        """What to tell."""
        yield f"{self.part.name} on {self.part.database}"
        yield f"  unwatched: {self.plain.counts}"
        yield f"  watched:   {self.watched.counts}"
        yield f"  seen meanwhile: {', '.join(f'{slug} {n}' for slug, n in self.watched.findings.most_common()) or 'nothing'}"
        yield from (f"  not watched: {point}, {why}" for point, why in self.watched.off.items())
        yield from (f"  our hook failed {n} times: {point}" for point, n in self.watched.failures.items())
        yield from (f"  differed once, and not again: {name}" for name in self.once)
        for name in self.differences:
            plain, watched = (ran.outcomes.get(name, "missing") for ran in (self.plain, self.watched))
            yield f"  {name}: {plain} unwatched, {watched} watched"
            yield self.watched.errors.get(name) or self.plain.errors.get(name, "")


def source() -> Path | None:
    """The source distribution of the SQLAlchemy that is installed here; None when it cannot be fetched."""
    return fetched("SQLAlchemy", version("SQLAlchemy"))


def run(sources: Path, part: Part, *, watched: bool, jobs: int = 0) -> Ran:
    """Run a part in a copy of its own, since these tests write files into their folder; `jobs` processes share it."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        for name in ("test", "lib"):
            shutil.copytree(sources / name, folder / name)
        for name in ("setup.cfg", "pyproject.toml"):
            shutil.copy(sources / name, folder)
        outcomes, findings = folder / "outcomes.jsonl", folder / "watched.jsonl"
        # The order of sets decides in which order tests are collected; two processes that share them must agree on it.
        environment = {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
            "PYTHONHASHSEED": "0",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            OUTCOMES: str(outcomes),
        } | ({WATCHED: str(findings)} if watched else {})
        # -s makes SQLAlchemy's tests take the SQLAlchemy that is installed, with its compiled parts.
        command = [sys.executable, "-s", "-m", "pytest", "-p", "tests.watch.harmless_plugin", "-p", "no:cacheprovider"]
        command += ["-q", "-q", "--maxfail=0", f"--db={part.database}", *part.paths]
        command += ["-p", "xdist", f"--numprocesses={jobs}"] if jobs else []
        done = subprocess.run(command, cwd=folder, env=clean(environment), capture_output=True, text=True)
        if not outcomes.exists():
            raise SystemExit(f"SQLAlchemy's tests did not start:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return read(outcomes, findings)


def read(outcomes: Path, findings: Path) -> Ran:
    """What the plugin wrote; a test is worth what its worst phase is."""
    ran = Ran()
    for line in outcomes.read_text(encoding="utf-8").splitlines():
        name, phase, outcome, said = json.loads(line)
        if phase != "call" and outcome == "failed":
            outcome = f"failed in {phase}"
        if ran.outcomes.get(name, "passed") == "passed":
            ran.outcomes[name] = outcome
        if said:
            ran.errors.setdefault(name, said)
    for line in findings.read_text(encoding="utf-8").splitlines() if findings.exists() else ():
        off, failures, found = json.loads(line)
        ran.off |= off
        ran.failures.update(failures)
        ran.findings.update(found)
    return ran


def compare(sources: Path, part: Part, *, jobs: int = 0) -> Compared:
    """Run a part in both ways; where a test differs, its file runs again: some of them race against the clock."""
    plain, watched = (run(sources, part, watched=each, jobs=jobs) for each in (False, True))

    def run_again(is_watched: bool, files: Iterable[str]) -> Outcomes:
        return run(sources, Part(part.database, tuple(files)), watched=is_watched).outcomes

    return Compared(part, plain, watched, *differing_twice(plain.outcomes, watched.outcomes, run_again))


def main(say: Callable[[str], object]) -> int:
    """Compare, tell, and give the exit code."""
    parser = ArgumentParser(prog="python -m tests.watch.harmless", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes that share the tests")
    parser.add_argument("--slice", action="store_true", help="only what a test run of this project looks at")
    parser.add_argument("paths", nargs="*", help="only these of SQLAlchemy's test files, on SQLite")
    options = parser.parse_args()
    sources = source()
    if sources is None:
        say(UNREACHED)
        return UNKNOWN
    say(f"SQLAlchemy {version('SQLAlchemy')}, its own tests:")
    parts = (Part("sqlite", tuple(options.paths)),) if options.paths else SLICE if options.slice else EVERYTHING
    code = 0
    for part in parts:
        compared = compare(sources, part, jobs=options.jobs)
        say("\n".join(compared.lines()))
        code = code if compared.is_harmless else HARMED
    say("Watching changed nothing." if not code else "Watching is not harmless.")
    return code


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(_say))
