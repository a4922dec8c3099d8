"""`hermetic run` before programs that begin, do their work and end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.watch.running import BOTH, ROOT, argv, clean, found, running


@pytest.mark.parametrize("command", ["python app.py", "python -m shop"])
def test_a_program_is_watched(tmp_path: Path, command: str) -> None:
    """Its mistakes are told with their counts, and its output is its own."""
    with running(tmp_path, *argv(command)) as program:
        seen = program.ended()
        assert program.process.stdout
        printed = program.process.stdout.read()

    assert BOTH == found(seen)
    assert "customer 0, customer 1, customer 2, customer 3, customer 4\n" == printed
    assert 0 == program.process.returncode


@pytest.mark.parametrize(
    ("options", "code", "expected"),
    [((), 3, 3), (("--fail-on", "warning"), 0, 1), (("--fail-on", "warning"), 3, 3)],
    ids=["its own", "findings fail it", "its own failure goes first"],
)
def test_the_exit_code_is_the_programs_own(tmp_path: Path, options: tuple[str, ...], code: int, expected: int) -> None:
    """Whatever was seen in it, unless `--fail-on` says that a finding as bad as that fails a run that succeeded."""
    with running(tmp_path, sys.executable, "app.py", str(code), options=options) as program:
        seen = program.ended()

    assert (expected, code, BOTH) == (program.process.returncode, seen["run"]["exit_code"], found(seen))


def test_findings_are_told_in_lines_of_json(tmp_path: Path) -> None:
    """On stdout beside the program's own, as they are seen and once more at the end; hazards left out are not looked for."""
    options = ("--format", "jsonl", "--ignore", "n-plus-one", "--output", "seen.jsonl", "--quiet")
    with running(tmp_path, *argv("python app.py"), options=options) as program:
        seen = program.ended()
        assert program.process.stdout
        lines = [line for line in program.process.stdout if line.startswith("{")]

    assert ["lost-write", "lost-write"] == [json.loads(line)["slug"] for line in lines]
    assert {("lost-write", "forget"): 1} == found(seen)
    assert seen["findings"] == [json.loads((tmp_path / "seen.jsonl").read_text("utf-8"))]
    assert "" == program.said


def test_a_projects_own_settings_hold(tmp_path: Path) -> None:
    """What `[tool.hermetic]` leaves out or grades otherwise for a check, it does so for a run."""
    tmp_path.joinpath("pyproject.toml").write_text(
        '[tool.hermetic]\nignore = ["n-plus-one"]\nseverity = { lost-write = "info" }\n', "utf-8"
    )
    with running(tmp_path, *argv("python app.py"), options=("--fail-on", "warning")) as program:
        seen = program.ended()

    assert [("lost-write", "info")] == [(each["slug"], each["severity"]) for each in seen["findings"]]
    assert 0 == program.process.returncode


def test_a_test_suite_is_watched(tmp_path: Path) -> None:
    """pytest runs as it would have, under its own settings."""
    with running(tmp_path, *argv("pytest suite.py")) as program:
        seen = program.ended()
        assert program.process.stdout
        printed = program.process.stdout.read()

    assert {("n-plus-one", "names"): 5} == found(seen)
    assert "= 1 passed in " in printed.splitlines()[-1]


def test_what_is_typed_is_watched(tmp_path: Path) -> None:
    """A REPL: what its lines call, and what they do themselves."""
    typed = """\
import shop
shop.names()
with shop.Session(shop.engine) as session:
    session.add(shop.Customer(name="nobody"))
    session.flush()

exit()
"""
    with running(tmp_path, *argv("python -i")) as program:
        assert program.process.stdin
        program.process.stdin.write(typed)
        program.process.stdin.close()
        program.process.stdin = None
        seen = program.ended()

    assert {("n-plus-one", "names"): 5, ("lost-write", ""): 1} == found(seen)
    assert ["<stdin>"] == [each["file"] for each in seen["findings"] if each["slug"] == "lost-write"]


@pytest.mark.parametrize("command", ["celery -A jobs worker --pool prefork", "celery -A jobs worker --pool threads"])
def test_a_worker_of_jobs_is_watched(tmp_path: Path, command: str) -> None:
    """Celery, with a forked child for the work or a thread."""
    folder = tmp_path / "queue"
    folder.mkdir()
    with running(tmp_path, *argv(f"{command} --concurrency 1 --without-mingle"), JOBS=str(folder)) as program:
        for _ in range(2):
            subprocess.run([sys.executable, "jobs.py"], cwd=tmp_path, env=clean({"JOBS": str(folder)}), check=True)
        program.line(", 10 times)")
        seen = program.ended(signal.SIGTERM)
    (done,) = folder.glob("done-*")

    assert {("n-plus-one", "names"): 10} == found(seen)
    assert [int(done.name.removeprefix("done-"))] == seen["findings"][0]["seen"]["pids"]


def test_every_command_of_the_page_is_tested() -> None:
    """What docs/how-to/watch.md says can be run is run here and in test_run_servers.py."""
    page = (ROOT / "docs" / "how-to" / "watch.md").read_text("utf-8")
    promised = re.findall(r"^hermetic run -- (.+)$", page, re.MULTILINE)
    tests = "".join(file.read_text("utf-8") for file in Path(__file__).parent.glob("test_run_*.py"))

    assert 13 == len(promised)
    assert [] == [command for command in promised if f'"{command}"' not in tests]
