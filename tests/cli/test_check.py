"""`hermetic check` as a user meets it: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hermetic._check import engine
from hermetic._cli import main
from tests.cli.running import Done, run
from tests.cli.simple import LEAK, Write, analyze


def check(*arguments: str) -> Done:
    return run("check", *arguments)


def test_no_findings_end_with_0(write: Write) -> None:
    """A clean check tells what it read."""
    write("a.py", "x = 1\n")
    result = check()

    assert 0 == result.exit_code
    assert result.stdout.startswith("no findings\nchecked 1 file, 1 line in ")


def test_findings_end_with_1(write: Write) -> None:
    """The report goes to stdout, nothing to stderr."""
    write("a.py", LEAK)
    result = check()

    assert (1, "") == (result.exit_code, result.stderr)
    assert result.stdout.startswith("a.py:2:5 session-leak  a session is opened and never closed\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "hermetic: no such path: 'nowhere'; give a file or a directory that exists below "),
        (["a.py", "nowhere"], "hermetic: no such path: 'nowhere'; "),
        ([""], "hermetic: no such path: ''; "),
        (["empty"], "hermetic: no Python in empty; give a path that holds .py or .md files, or shorten `exclude`"),
        (["--select", "sesion-leak"], "hermetic: no hazard is called 'sesion-leak', the nearest is 'session-leak'; "),
        (["--config", "none.toml"], "hermetic: none.toml cannot be read (No such file or directory); "),
        (["--output", "no/such/file"], "hermetic: no/such/file cannot be written (No such file or directory); "),
        (["crash.py"], "hermetic: the analysis stopped on an internal error: ZeroDivisionError: division by zero ("),
    ],
)
def test_a_check_that_cannot_be_done_ends_with_2(shop: Path, write: Write, arguments: list[str], sentence: str) -> None:
    """One sentence on stderr, no traceback, nothing on stdout."""
    write("a.py", LEAK)
    write("crash.py", "crash = 1\n")
    (shop / "empty").mkdir()
    result = check(*arguments, *(["a.py"] if arguments[0].startswith("--") else []))

    assert (2, "") == (result.exit_code, result.stdout)
    assert result.stderr.startswith(sentence)
    assert 1 == result.stderr.count("\n")


def test_a_wrong_option_ends_with_2(write: Write) -> None:
    """Click's own complaints end the same way."""
    assert 2 == check("--min-confidence", "sure").exit_code


def test_a_file_that_does_not_parse_is_told_and_does_not_decide(write: Write) -> None:
    """The rest is checked; the sentence goes to stderr."""
    write("a.py", "x = 1\n")
    write("old.py", "print 'hello'\n")
    result = check()

    assert 0 == result.exit_code
    assert result.stderr.startswith("old.py:1: this is Python 2 ")


def test_a_flood_of_broken_files_is_told_in_part(write: Write) -> None:
    """The first ones and their number; `--verbose` tells them all."""
    write("a.py", "x = 1\n")
    for number in range(30):
        write(f"old{number:02}.py", "print 'hello'\n")
    told = check().stderr.splitlines()

    assert (11, "and 20 more; --verbose tells all of them") == (len(told), told[-1])
    assert 30 == len(check("--verbose").stderr.splitlines())


def test_stopping_by_hand_is_not_findings(write: Write) -> None:
    """Ctrl-C ends with 130, as a shell would have it."""
    write("a.py", "interrupt = 1\n")
    result = check()

    assert (130, "", "") == (result.exit_code, result.stdout, result.stderr)


def test_quiet_prints_findings_alone(write: Write) -> None:
    """No summary, no word on files left out."""
    write("a.py", LEAK)
    write("old.py", "print 'hello'\n")
    result = check("--quiet")

    assert "" == result.stderr
    assert result.stdout.endswith("   fix: with …\n\n")


@pytest.mark.parametrize("format", ["json", "sarif"])
def test_documents_are_alone_on_stdout(write: Write, format: str) -> None:
    """A program can read stdout as it comes; what went wrong goes to stderr too."""
    write("a.py", LEAK)
    write("old.py", "print 'hello'\n")
    result = check("--format", format)

    assert json.loads(result.stdout)
    assert "Python 2" in result.stderr


def test_github_gets_commands_only(write: Write) -> None:
    """Annotations tell everything, so stderr stays empty."""
    write("a.py", LEAK)
    write("old.py", "print 'hello'\n")
    result = check("--format", "github")

    assert "" == result.stderr
    assert ["::error", "::warning"] == [line.split()[0] for line in result.stdout.splitlines()]


def test_a_report_can_go_into_a_file(shop: Path, write: Write) -> None:
    """`--output` leaves stdout empty and keeps the exit code."""
    write("a.py", LEAK)
    result = check("--format", "json", "--output", "report.json")

    assert (1, "") == (result.exit_code, result.stdout)
    assert 1 == len(json.loads((shop / "report.json").read_text("utf-8"))["findings"])


def test_several_reports_come_from_one_check(shop: Path, write: Write) -> None:
    """Each `FORMAT=FILE` is written beside what is printed."""
    write("a.py", LEAK)
    result = check("--output", "sarif=a.sarif", "--output", "junit=a.xml", "--output", "gitlab=quality.json")

    assert (1, True) == (result.exit_code, result.stdout.startswith("a.py:2:5 session-leak"))
    assert ["$schema", "version", "runs"] == list(json.loads((shop / "a.sarif").read_text("utf-8")))
    assert (shop / "a.xml").read_text("utf-8").startswith("<?xml ")
    assert ["session-leak"] == [each["check_name"] for each in json.loads((shop / "quality.json").read_text("utf-8"))]


def test_numbers_come_with_stats(write: Write) -> None:
    """After the report for people, beside a document for programs."""
    write("a.py", LEAK)
    text, document = check("--stats"), check("--stats", "--format", "json")

    assert "\nfound, told or not    proven    likely  possible\nsession-leak               1\n" in text.stdout
    assert json.loads(document.stdout)
    assert document.stderr.startswith("\nfound, told or not")


def test_two_files_for_one_format_are_refused(write: Write) -> None:
    """The sentence says how several reports are asked for."""
    write("a.py", LEAK)
    result = check("--output", "a.txt", "--output", "b.txt")

    assert 2 == result.exit_code
    assert result.stderr.startswith(
        "hermetic: --output names 2 files for one format; write FORMAT=FILE, with one of text"
    )


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ([], 1),
        (["--select", "HM101"], 1),
        (["--select", "lost-write,HM101"], 1),
        (["--select", "lost-write"], 0),
        (["--ignore", "session-leak"], 0),
        (["--ignore", "hm101"], 0),
        (["--exclude", "a.*"], 0),
        (["b.py"], 0),
    ],
)
def test_options_choose_what_is_told(write: Write, arguments: list[str], count: int) -> None:
    """Slugs and codes in any case, several by comma; patterns; paths."""
    write("a.py", LEAK)
    write("b.py", "x = 1\n")

    assert count == len(json.loads(check("--format", "json", *arguments).stdout)["findings"])


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        ([], 1, "session-leak (likely)"),
        (["--min-confidence", "proven"], 0, "1 less sure, not shown"),
        (["--tests", "--min-confidence", "proven"], 1, "session-leak  a session"),
    ],
)
def test_tests_count_one_step_less(write: Write, arguments: list[str], exit_code: int, told: str) -> None:
    """Findings in tests are lowered unless `--tests` takes them as code."""
    write("tests/test_a.py", LEAK)
    result = check(*arguments)

    assert exit_code == result.exit_code
    assert told in result.stdout


def test_the_configuration_file_is_obeyed(write: Write) -> None:
    """`[tool.hermetic]` beside the code decides what no option does."""
    write("pyproject.toml", '[tool.hermetic]\nper-file-ignores = { "a.py" = ["session-leak"] }\n')
    write("a.py", LEAK)
    write("b.py", LEAK)

    assert ["b.py"] == [each["file"] for each in json.loads(check("--format", "json").stdout)["findings"]]


def test_an_allowed_finding_is_counted_not_told(write: Write) -> None:
    """The comment decides, and a second one that covers nothing is told."""
    write("a.py", "leak()  # hermetic: allow[session-leak] closed at exit\nx = 1  # hermetic: allow[HM101] why\n")
    result = check()

    assert 0 == result.exit_code
    assert "1 allowed by comments" in result.stdout
    assert "a.py:2 allow[session-leak] covers nothing; remove it" in result.stdout


def test_verbose_tells_of_blocks_that_do_not_parse(write: Write) -> None:
    """Fragments in documents are passed over in silence otherwise."""
    write("guide.md", "```python\nx = (\n```\n\n```python\ny = 1\n```\n")

    assert "" == check().stderr
    assert check("--verbose").stderr.startswith("guide.md:2: this block is left out: ")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_any_terminal_can_show_the_report(write: Write, shop: Path, encoding: str) -> None:
    """Signs that the terminal lacks become ASCII."""
    write("größe.py", LEAK + "    # größer →\n")
    code = "from tests.cli.test_check import in_place; in_place()"
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "."],
        capture_output=True, timeout=60, check=False, cwd=shop,
        env=environment | {"PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
    )  # fmt: skip

    assert (1, b"") == (done.returncode, done.stderr)
    assert "session-leak" in done.stdout.decode(encoding)


def in_place() -> None:
    """Run the command with the simple engine, in a process of its own."""
    engine.analyze = analyze
    main()
