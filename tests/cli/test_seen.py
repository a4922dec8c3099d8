"""`hermetic check --seen`: what a run saw beside what the check finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hermetic._catalogue import finding_of
from hermetic._check.source.discover import SourceFile, discover
from hermetic._check.telling.fingerprints import Places, fingerprinted
from tests.cli.running import run
from tests.cli.simple import LEAK, Write

Saw = Callable[..., None]


@pytest.fixture
def saw(shop: Path) -> Saw:
    """Write the file of a run that saw findings, taken from a check's own report or made by hand."""

    def written(*findings: dict[str, Any], file: str = "seen.json") -> None:
        seen = {
            "count": 3,
            "total_ms": 1.5,
            "first": "2026-11-21T10:00:00.000+00:00",
            "last": "2026-11-21T10:05:00.000+00:00",
            "pids": [7],
        }
        told = [finding | {"seen": finding.get("seen", seen)} for finding in findings]
        document = {"version": 1, "run": {}, "findings": told}
        (shop / file).write_text(json.dumps(document), "utf-8")

    return written


def checked(*options: str) -> list[dict[str, Any]]:
    """The findings of a check."""
    findings: list[dict[str, Any]] = json.loads(run("check", "--format", "json", *options).stdout)["findings"]
    return findings


def test_what_was_seen_is_proven(write: Write, saw: Saw) -> None:
    """In tests a finding is one step less sure; seen in a run, it is not: its count stands beside it."""
    write("tests/test_a.py", LEAK)
    (likely,) = checked()
    saw(likely)
    (proven,) = checked("--seen", "seen.json")

    assert ("likely", "proven") == (likely["confidence"], proven["confidence"])
    assert (3, 1.5, [7], False) == tuple(proven["seen"][name] for name in ("count", "total_ms", "pids", "only"))
    assert "  seen: 3 times while running, 1.5 ms in all" in run("check", "--seen", "seen.json").stdout.splitlines()


def test_a_finding_is_known_again_when_its_lines_have_moved(write: Write, saw: Saw) -> None:
    """By the fingerprint of its function and statement, or in a function that was edited by the statement alone."""
    write("a.py", LEAK)
    saw(*checked())
    write("a.py", "import os\n\n\n" + LEAK)
    (moved,) = checked("--seen", "seen.json")
    write("a.py", "import os\n\n\n" + LEAK + "    return 1\n")
    (edited,) = checked("--seen", "seen.json")

    assert [3, 3] == [each["seen"]["count"] for each in (moved, edited)]


def test_another_hazard_in_the_line_is_no_confirmation(write: Write, saw: Saw) -> None:
    """It is told beside the finding, as something that the check did not find."""
    write("a.py", LEAK)
    (leak,) = checked()
    saw(lost(leak, "a.py", "f"))
    first, second = checked("--seen", "seen.json")

    assert ("session-leak", False) == (first["slug"], "seen" in first)
    assert ("lost-write", True) == (second["slug"], second["seen"]["only"])


def test_what_only_the_run_saw_comes_last(write: Write, saw: Saw) -> None:
    """Under a line of its own; a comment allows it as it allows any other, and it fails the check."""
    write("b.py", "def g():\n    lose()\n")
    write("z.py", LEAK)
    (leak,) = checked()
    saw(lost(leak, "b.py", "g"))
    told = run("check", "--seen", "seen.json")
    lines = told.stdout.splitlines()
    title = lines.index("Seen while running, and not by the check:")
    write("b.py", "def g():\n    lose()  # hermetic: allow[lost-write] on purpose\n")
    allowed = checked("--seen", "seen.json")

    assert lines[0].startswith("z.py:2:5 session-leak")
    assert lines[title + 2].startswith("b.py:2:5 lost-write")
    assert ["session-leak"] == [each["slug"] for each in allowed]
    assert 1 == told.exit_code


def lost(finding: dict[str, Any], file: str, function: str) -> dict[str, Any]:
    """A lost write as a run would tell it, in the second line of a file."""
    told = finding | {"file": file, "line": 2, "slug": "lost-write", "code": "HM203", "message": "lost", "story": []}
    sources = [each for each in discover([file]) if isinstance(each, SourceFile)]
    (marked,) = fingerprinted([finding_of(told)], Places(sources))
    return told | {"function": function, "fingerprint": marked.fingerprint}


def test_what_was_seen_in_other_code_is_told(write: Write, saw: Saw) -> None:
    """Code that has changed since is named; what lies outside the paths is counted."""
    write("b.py", "def g():\n    lose()\n")
    write("z.py", LEAK)
    (leak,) = checked()
    saw(lost(leak, "b.py", "g"))
    write("b.py", "def g():\n    keep()\n")
    changed = run("check", "--seen", "seen.json")
    outside = run("check", "--seen", "seen.json", "z.py")

    assert (
        "b.py:2: lost-write was seen here while running, but the code has changed since; run it again\n"
        == changed.stderr
    )
    assert "1 seen while running, in files that were not checked" in outside.stdout.splitlines()


def test_several_runs_are_added(write: Write, saw: Saw) -> None:
    """A test run in the morning and one in the evening."""
    write("a.py", LEAK)
    saw(*checked(), file="one.json")
    saw(*checked(), file="two.json")
    (both,) = checked("--seen", "one.json", "--seen", "two.json")

    assert (6, 3.0, [7]) == tuple(both["seen"][name] for name in ("count", "total_ms", "pids"))


def test_json_lines_are_read_too(write: Write, saw: Saw, shop: Path) -> None:
    """The last line on a finding counts, as a run writes it again when it knows more."""
    write("a.py", LEAK)
    saw(*checked())
    (finding,) = json.loads((shop / "seen.json").read_text("utf-8"))["findings"]
    later = finding | {"seen": finding["seen"] | {"count": 9}}
    write("seen.jsonl", "\n".join(json.dumps(each) for each in (finding, later)) + "\n")

    assert [9] == [each["seen"]["count"] for each in checked("--seen", "seen.jsonl")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read (No such file or directory)"),
        ("no json", "does not hold what a run saw"),
        ('{"version": 1, "findings": []}', "does not hold what a run saw"),
        ('{"version": 2, "run": {}, "findings": []}', "does not hold what a run saw"),
        ('{"version": 1, "run": {}, "findings": [{"slug": "lost-write"}]}', "does not hold what a run saw"),
        ("[]", "does not hold what a run saw"),
        ("17", "does not hold what a run saw"),
    ],
)
def test_another_file_is_a_sentence(write: Write, text: str | None, sentence: str) -> None:
    """Which tells what writes the right one."""
    write("a.py", "x = 1\n")
    if text is not None:
        write("seen.json", text)
    done = run("check", "--seen", "seen.json")

    assert (2, f"hermetic: seen.json {sentence}; `hermetic run --output seen.json -- COMMAND` writes it\n") == (
        done.exit_code,
        done.stderr,
    )
