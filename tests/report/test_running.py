"""What a run has to tell, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from hermetic._check.checked import Report, Sightings
from hermetic._report import running, running_json
from hermetic._report.text import Layout
from tests.report.samples import DETACHED, LINES, LOST


@dataclass(frozen=True)
class Process:
    """A process, watched or not."""

    pid: int
    ppid: int = 1
    argv: tuple[str, ...] = ("/usr/bin/python3", "-m", "uvicorn", "app:app", "--workers", "2")
    python: str = "3.13.0"
    sqlalchemy: str = "2.1.9"
    off: Any = ()


@dataclass(frozen=True)
class Run:
    """A run with two findings, one of which two processes saw."""

    command: tuple[str, ...] = ("uvicorn", "app:app")
    exit_code: int = 0
    seconds: float = 61.25
    processes: tuple[Process, ...] = (Process(7), Process(8, off=("statements is off, because it moved",)))
    unwatched: tuple[Process, ...] = (
        Process(6, off=""),
        Process(5, python="3.9.1", off="Python 3.9 is older than 3.11"),
    )
    still_there: tuple[Process, ...] = (Process(8),)
    blind: str = ""
    report: Report = field(
        default_factory=lambda: Report(
            findings=(DETACHED, LOST),
            seen={DETACHED: Sightings(1_200, 3.25, 0.0, 60.0, (7, 8)), LOST: Sightings(1, 0.0, 5.0, 5.0, (7,))},
            lines=LINES,
        )
    )


NOTHING = Run(processes=(), unwatched=(), still_there=(), report=Report())


def schema_of(name: str) -> Any:
    return json.loads(files("hermetic._report").joinpath(name).read_text("utf-8"))


@pytest.fixture(scope="module")
def schema() -> Draft202012Validator:
    """The schema that ships beside the format; what a finding is, it takes from that of a check."""
    beside: Registry[Any] = Registry().with_resource(
        "findings.schema.json", Resource.from_contents(schema_of("findings.schema.json"))
    )
    text = schema_of("run.schema.json")
    Draft202012Validator.check_schema(text)
    return Draft202012Validator(text, registry=beside)


@pytest.mark.parametrize("run", [Run(), NOTHING], ids=["full", "nothing"])
def test_the_document_is_what_its_schema_says(run: Run, schema: Draft202012Validator) -> None:
    """And the schema knows every field of it."""
    document = json.loads(running_json.render(run))
    properties = schema.schema["properties"]

    assert [] == list(schema.iter_errors(document))
    assert set(properties) == set(document)
    assert set(properties["run"]["properties"]) == set(document["run"])


def test_a_finding_is_a_checks_with_its_counts() -> None:
    """As a check writes it, and beside it what was seen, in a document and as a line."""
    (detached, lost) = json.loads(running_json.render(Run()))["findings"]
    lines = [json.loads(line) for line in running_json.render_lines(Run()).splitlines()]

    assert ("detached-access", "orders.py", 41, DETACHED.fingerprint) == tuple(
        detached[name] for name in ("slug", "file", "line", "fingerprint")
    )
    assert {
        "count": 1200,
        "total_ms": 3.25,
        "first": "1970-01-01T00:00:00.000+00:00",
        "last": "1970-01-01T00:01:00.000+00:00",
        "pids": [7, 8],
    } == detached["seen"]
    assert [detached, lost] == lines


def test_the_end_of_a_run_tells_what_was_seen_and_where() -> None:
    """The stories, then the processes: watched, in part, not at all, and still there."""
    told = running.render(Run(), Layout(width=200)).splitlines()

    assert "  seen: 1,200 times while running, in 2 processes, 3.2 ms in all" in told
    assert [
        "hermetic: 2 findings in 2 files; hermetic explain detached-access tells what to do",
        "hermetic: watched 2 processes for 61.2 s: pid 7, 8",
        "hermetic: statements is off, because it moved",
        "hermetic: pid 5 not watched: Python 3.9 is older than 3.11",
        "hermetic: pid 8 outlived the command and is watched no more",
    ] == told[-5:]
    assert not running.render(Run(), Layout(summary=False)).splitlines()[-2].startswith("hermetic:")


def test_a_line_is_short_while_the_program_runs() -> None:
    """A process by what it is, a finding by its place."""
    process = running.watching(Process(8, off=("statements is off, because it moved",)), Layout())
    first = running.sighting(DETACHED, Sightings(1, 0.0, 0.0, 0.0, (7,)), Layout())
    tenth = running.sighting(DETACHED, Sightings(10, 0.0, 0.0, 0.0, (7, 8)), Layout())
    message = "hermetic: orders.py:41:10 detached-access  order.customer is read after its session closed"

    assert [
        "hermetic: watching pid 8: python3 -m uvicorn app:app … (Python 3.13.0, SQLAlchemy 2.1.9)",
        "hermetic: statements is off, because it moved",
    ] == process.splitlines()
    assert [f"{message}  (pid 7)\n", f"{message}  (pid 7, 8, 10 times)\n"] == [first, tenth]


@pytest.mark.parametrize(
    ("unwatched", "blind", "expected"),
    [
        ((), "`python -I` ignores PYTHONPATH", "no process reported in 5 s: `python -I` ignores PYTHONPATH"),
        ((), "", "no process reported in 5 s: is there a Python below the command"),
        ((Process(6, off=""),), "", "1 Python process started in 5 s, and none imported SQLAlchemy"),
        (
            Run().unwatched,
            "",
            "no process could be watched in 5 s: Python 3.9 is older than 3.11 (pid 5)",
        ),
    ],
    ids=["blind", "nothing", "no sqlalchemy", "too old"],
)
def test_why_nothing_is_watched(unwatched: tuple[Process, ...], blind: str, expected: str) -> None:
    """As far as one can know it."""
    assert running.nothing_watched(unwatched, blind, "in 5 s").startswith(expected)
    assert expected in running.render(replace(NOTHING, unwatched=unwatched, blind=blind, seconds=5.0)).replace(
        "5.0", "5"
    )
