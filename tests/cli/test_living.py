"""`hermetic check` on a code base that has findings already: baselines and changes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.running import Done, run
from tests.cli.simple import LEAK, Write

TWICE = "def f():\n    leak()\n\n\ndef g():\n    leak()\n"


def check(*arguments: str) -> Done:
    return run("check", *arguments)


def test_a_baseline_makes_a_beginning(write: Write) -> None:
    """What is there is written down and told no more; what comes is told."""
    write("a.py", LEAK)
    written = check("--write-baseline")
    clean = check("--baseline", "hermetic-baseline.json")
    write("b.py", LEAK.replace("f()", "g()"))
    again = check("--baseline", "hermetic-baseline.json")

    assert (0, "1 finding written to hermetic-baseline.json\n", "") == written
    assert (0, True) == (clean.exit_code, "no findings\n1 known from the baseline\n" in clean.stdout)
    assert (1, True) == (again.exit_code, again.stdout.startswith("b.py:2:5 session-leak"))


def test_the_configuration_names_the_baseline(write: Write, shop: Path) -> None:
    """Relative to itself; `--no-baseline` tells everything all the same."""
    write("pyproject.toml", '[tool.hermetic]\nbaseline = "ci/known.json"\n')
    write("a.py", LEAK)
    (shop / "ci").mkdir()

    assert "1 finding written to ci/known.json\n" == check("--write-baseline").stdout
    assert (0, 1) == (check("a.py").exit_code, check("--no-baseline").exit_code)


def test_code_may_move_and_be_laid_out_anew(write: Write, shop: Path) -> None:
    """Within its file and to another one."""
    write("a.py", TWICE)
    check("--write-baseline")
    write("b.py", '"""Leaks."""\n\n\ndef g():\n    # as before\n    leak(\n    )\n')
    write("a.py", "x = 1\n\n\n" + LEAK)

    assert 0 == check("--baseline", "hermetic-baseline.json").exit_code


def test_a_second_instance_is_told(write: Write) -> None:
    """The same mistake once more in the same function."""
    write("a.py", LEAK)
    check("--write-baseline")
    write("a.py", LEAK + "    leak()\n")
    told = json.loads(check("--baseline", "hermetic-baseline.json", "--format", "json").stdout)

    assert (1, 1) == (len(told["findings"]), len(told["known"]))


def test_what_was_mended_is_stale_until_pruned(write: Write) -> None:
    """It is told, does not decide, and `--prune` takes it out, so that it cannot come back unseen."""
    write("a.py", TWICE)
    check("--write-baseline")
    write("a.py", LEAK)
    stale = check("--baseline", "hermetic-baseline.json")
    pruned = check("--baseline", "hermetic-baseline.json", "--prune")
    write("a.py", TWICE)

    assert "1 in the baseline no longer found, --prune takes it out: session-leak in g (a.py)\n" in stale.stdout, (
        stale.stdout
    )
    assert (0, 0, "1 taken out of hermetic-baseline.json\n") == (stale.exit_code, pruned.exit_code, pruned.stderr)
    assert 1 == check("--baseline", "hermetic-baseline.json").exit_code


def test_writing_again_keeps_what_was_not_looked_at(write: Write) -> None:
    """A baseline written for one file, or one hazard, does not forget the others."""
    write("a.py", LEAK)
    write("b.py", LEAK.replace("f()", "g()"))
    check("--write-baseline")

    assert "2 findings written to hermetic-baseline.json\n" == check("--write-baseline", "a.py").stdout
    assert "2 findings written to hermetic-baseline.json\n" == check("--write-baseline", "--select", "HM203").stdout


def test_writing_tells_what_could_not_be_read(write: Write) -> None:
    """A baseline of half a project should not pass for one of the whole."""
    write("a.py", LEAK)
    write("old.py", "print 'hello'\n")
    done = check("--write-baseline", "--stats")

    assert done.stderr.startswith("old.py:1: this is Python 2 ")
    assert "session-leak               1\n" in done.stdout
    assert done.stdout.endswith("\n1 finding written to hermetic-baseline.json\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--baseline", "none.json"],
            "hermetic: none.json cannot be read (No such file or directory); --write-baseline",
        ),
        (["--prune"], "hermetic: there is no baseline to prune; name it with --baseline, or as `baseline = "),
        (["--no-baseline", "--prune"], "hermetic: --no-baseline contradicts --baseline, --write-baseline and --prune;"),
        (["--write-baseline", "--diff", "HEAD"], "hermetic: --diff leaves findings out that a baseline must hold; "),
        (["--diff", "HEAD"], "hermetic: --diff needs a git repository ("),
    ],
)
def test_what_cannot_be_done_is_a_sentence(write: Write, arguments: list[str], sentence: str) -> None:
    """Before anything is checked, with exit code 2."""
    write("a.py", LEAK)
    done = check(*arguments)

    assert (2, "", 1) == (done.exit_code, done.stdout, done.stderr.count("\n"))
    assert done.stderr.startswith(sentence)


def test_only_changes_are_told(write: Write) -> None:
    """The whole project is analysed, and the summary counts what no change touches."""
    write("a.py", LEAK)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], check=True, capture_output=True)
    write("b.py", LEAK)
    told = check("--diff", "HEAD")

    assert (1, True) == (told.exit_code, told.stdout.startswith("b.py:2:5 session-leak"))
    assert "1 that no change touches, not shown\nchecked 2 files" in told.stdout
