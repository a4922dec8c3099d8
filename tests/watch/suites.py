"""Runs the test suites of projects that live on SQLAlchemy twice, as they are and under `hermetic run`: `make suites`."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import venv
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.etree import ElementTree

from demo.packages import CACHE
from tests.watch.differing import Outcomes, differing_twice
from tests.watch.running import clean
from tests.watch.sdists import fetched

HARMED, UNKNOWN = 1, 2
"""Exit codes: a test ends otherwise when it is watched; it could not be found out."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of a project: its release on PyPI, what to install beside it, and what pytest is to run."""

    project: str
    release: str
    sqlalchemy: str
    needs: tuple[str, ...] = ()
    extras: str = ""
    tests: tuple[str, ...] = ("tests",)


NEW, OLD = "SQLAlchemy[asyncio]>=2.1,<2.2", "SQLAlchemy[asyncio]>=2.0.40,<2.1"
QUIET = ("-p", "no:cacheprovider", "-p", "no:sugar", "-o", "junit_family=xunit1")
"""The files of tests are told in this family only."""

DATABASES = "pytest-databases[postgres,oracle,cockroachdb,bigquery,spanner]"

SUITES = (
    Suite(
        "advanced-alchemy",
        "1.12.0",
        OLD,
        (
            *(
                "aiosqlite",
                "asgi-lifespan",
                "attrs",
                "cattrs",
                "dishka",
                "fastapi",
                "flask-sqlalchemy",
                "httpx",
                "litestar[cli]",
            ),
            *("numpy", "pgvector", "pydantic-extra-types", "pydantic-settings", "pytest-asyncio", "pytest-click"),
            *("pytest-cov", "pytest-lazy-fixtures", "pytest-mock", "pytest-rerunfailures", "pytest-xdist", "sanic"),
            *("asyncmy", "asyncpg", "psycopg[binary]", "sanic-testing", "sqlmodel", "time-machine", "typer", DATABASES),
        ),
        extras="argon2,cli,cryptography,dogpile,fsspec,nanoid,obstore,passlib,pwdlib,pyotp,uuid",
        tests=("tests/unit", "tests/integration", "-m", "unit or sqlite or aiosqlite or mock_sync or mock_async"),
    ),
    Suite("alembic", "1.20.1", NEW, ("black", "tzdata", "zimports")),
    Suite("fastapi-users-db-sqlalchemy", "7.0.0", OLD, ("aiosqlite", "asgi-lifespan", "httpx", "pytest-asyncio")),
    Suite("flask-sqlalchemy", "3.1.1", OLD, ("blinker",)),
    Suite("marshmallow-sqlalchemy", "1.6.0", NEW, ("pytest-lazy-fixtures",)),
    Suite("sqlalchemy-continuum", "2.0.0", NEW, ("flask-login", "flask-sqlalchemy", "flexmock", "sqlmodel")),
    Suite(
        "sqlalchemy-utils",
        "0.43.0",
        NEW,
        ("docutils", "flexmock", "psycopg2-binary", "psycopg[binary]", "pymysql", "pytz"),
        extras="arrow,babel,color,encrypted,intervals,password,pendulum,phone,timezone,url",
    ),
    Suite(
        "sqlmodel",
        "0.0.50",
        NEW,
        ("aiosqlite", "alembic", "coverage", "dirty-equals", "fastapi", "httpx", "jinja2", "pyyaml", "typer"),
    ),
)


@dataclass(slots=True)
class Ran:
    """How each test of a suite ended, the seconds of processor time that took, and what a watched run wrote."""

    outcomes: dict[str, str] = field(default_factory=dict)
    cpu_s: float = 0.0
    # Any: the document of `hermetic run --output`.
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(outcome == "passed" for outcome in self.outcomes.values())

    @property
    def findings(self) -> list[dict[str, Any]]:
        """What was found meanwhile."""
        found: list[dict[str, Any]] = self.document.get("findings", [])
        return found

    @property
    def off(self) -> list[str]:
        """What was not watched."""
        told = self.document.get("run", {"processes": []})
        return [f"{off}" for process in told["processes"] for off in process["off"]]


@dataclass(frozen=True, slots=True)
class Compared:
    """A suite that ran both ways; `differences` names the tests that end in two ways, each time."""

    suite: Suite
    plain: Ran
    watched: Ran
    differences: tuple[str, ...]
    once: tuple[str, ...] = ()

    @property
    def is_harmless(self) -> bool:
        """Whether every test ended in the same way while everything was watched."""
        was_on = bool(self.watched.document["run"]["processes"]) and not self.watched.off
        return was_on and bool(self.plain.outcomes) and not self.differences

    def row(self) -> str:
        """A row of the table."""
        running = {process["sqlalchemy"] for process in self.watched.document["run"]["processes"]}
        cells = (
            f"{self.suite.project} {self.suite.release}",
            ", ".join(sorted(version for version in running if version)),
            f"{len(self.plain.outcomes):,}",
            f"{self.plain.passed:,}",
            f"{len(self.differences)}",
            f"{self.watched.cpu_s / self.plain.cpu_s:.2f}",
            f"{len(self.watched.findings)}",
        )
        return f"| {' | '.join(cells)} |"

    def lines(self) -> Iterator[str]:
        """What the row does not tell."""
        yield from (f"  not watched: {off}" for off in self.watched.off)
        yield from (f"  differed once, and not again: {name}" for name in self.once)
        for name in self.differences:
            plain, watched = (ran.outcomes.get(name, "missing") for ran in (self.plain, self.watched))
            yield f"  {name}: {plain} as it is, {watched} watched"


ENDED = (0, 1)
"""What pytest gives when it ran all tests; a collection that fails is no comparison."""

HEAD = (
    "| project | SQLAlchemy | tests | passed, both | end otherwise when watched | processor time, watched / as it is "
    "| findings |\n|---|---|---|---|---|---|---|"
)


def environment(suite: Suite, sources: Path, cache: Path) -> Path:
    """The Python of a virtual environment with the project and what its tests need, made once; Hermetic is not in it."""
    folder = cache / f"{suite.project}-{suite.release}-venv"
    python, stamp = folder / "bin" / "python", folder / ".installed"
    if not stamp.exists():
        venv.create(folder, with_pip=True, clear=True)
        project = f"{sources}[{suite.extras}]" if suite.extras else str(sources)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", project, "pytest"]
        subprocess.run([*command, suite.sqlalchemy, *suite.needs], check=True, stderr=subprocess.DEVNULL)
        stamp.touch()
    return python


def run(suite: Suite, sources: Path, python: Path, *, watched: bool, only: Iterable[str] = ()) -> Ran:
    """Run a suite, or some of its files, in a copy of its own: tests write into the folder that they are in."""
    with TemporaryDirectory() as place:
        folder, report, seen = Path(place, suite.project), Path(place, "report.xml"), Path(place, "seen.json")
        shutil.copytree(sources, folder)
        hermetic = [sys.executable, "-m", "hermetic", "run", "--quiet", f"--output={seen}", "--"] if watched else []
        tests = [str(python), "-m", "pytest", "-q", "--maxfail=0", f"--junitxml={report}", *QUIET]
        # The order of sets decides in which order some tests are collected.
        variables = clean({"PYTHONHASHSEED": "0"})
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [*hermetic, *tests, *(only or suite.tests)], cwd=folder, env=variables, capture_output=True, text=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in ENDED:
            raise SystemExit(f"the tests of {suite.project} did not start:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
        document = json.loads(seen.read_text("utf-8")) if watched else {}
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Ran(outcomes(report), cpu_s, document)


def outcomes(report: Path) -> dict[str, str]:
    """How each test ended, as JUnit's XML tells it: a test that fails may fail again in its teardown."""
    found: dict[str, str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('file')}::{case.get('classname')}::{case.get('name')}"
        ends = [end.tag for end in case if end.tag in {"failure", "error", "skipped"}]
        found[name] = " and ".join([*([found[name]] if name in found else []), *ends]) or "passed"
    return found


def compare(suite: Suite, sources: Path, python: Path, rounds: int) -> Compared:
    """Run a suite in both ways by turns; where a test differs, its file runs again: some race against the clock."""
    both = [[run(suite, sources, python, watched=each) for each in (False, True)] for _ in range(rounds)]
    (plain, watched), *_ = both
    plain.cpu_s, watched.cpu_s = (min(turn[which].cpu_s for turn in both) for which in (0, 1))

    def run_again(is_watched: bool, files: Iterable[str]) -> Outcomes:
        return run(suite, sources, python, watched=is_watched, only=files).outcomes

    return Compared(suite, plain, watched, *differing_twice(plain.outcomes, watched.outcomes, run_again))


def main(say: Callable[[str], object]) -> int:
    """Compare, tell, and give the exit code; what was found in each suite is kept beside its environment."""
    parser = ArgumentParser(prog="python -m tests.watch.suites", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="how often each suite runs in each way, for the time")
    parser.add_argument("--cache", type=Path, default=CACHE, help="the folder for downloads and environments")
    parser.add_argument("projects", nargs="*", help="only these")
    options = parser.parse_args()
    code = 0
    say(HEAD)
    for suite in SUITES:
        if options.projects and suite.project not in options.projects:
            continue
        sources = fetched(suite.project, suite.release, options.cache)
        if sources is None:
            say(f"{suite.project} could not be fetched from PyPI.")
            code = code or UNKNOWN
            continue
        compared = compare(suite, sources, environment(suite, sources, options.cache), options.rounds)
        seen = options.cache / f"{suite.project}-{suite.release}-seen.json"
        seen.write_text(json.dumps(compared.watched.document, indent=1), "utf-8")
        say("\n".join([compared.row(), *compared.lines()]))
        code = code if compared.is_harmless else HARMED
    return code


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(_say))
