"""BEFORE.md, SESSIONS.md and TESTS.md say what is so."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from fastapi.testclient import TestClient
from markdown_it import MarkdownIt
from sqlmodel import select

from hermetic_tasks.models import Task
from hermetic_tasks.schema import migrate
from tests.docs.test_how_to import Command, shows, steps

APP = Path(__file__).resolve().parent.parent
COMMANDS = [step for step in steps(APP / "BEFORE.md") if isinstance(step, Command)]
NAMED = re.findall(r"`(test_\w+\.py)::(test_\w+)`", (APP / "TESTS.md").read_text("utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of `before/`, with the commands that the page uses."""
    copy = tmp_path_factory.mktemp("tasks")
    shutil.copytree(APP / "before", copy / "before", ignore=shutil.ignore_patterns("__pycache__", "*.db*"))
    binaries = copy / "bin"
    binaries.mkdir()
    for name, arguments in {"hermetic": "-m hermetic", "python": ""}.items():
        (binaries / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', "utf-8")
        (binaries / name).chmod(0o755)
    return copy


@pytest.mark.parametrize("command", COMMANDS, ids=[command.text for command in COMMANDS])
def test_before_and_after(folder: Path, command: Command) -> None:
    """Each command of BEFORE.md prints every line that the page shows below it."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "COLUMNS": "120"}
    done = subprocess.run(
        ["sh", "-c", command.text], cwd=folder / "before", env=environment, capture_output=True, text=True, timeout=120
    )
    told = done.stdout + done.stderr

    assert [] == [line for line in command.shown if not shows(told, line)], told


def test_what_is_shown_before_is_cured_here(client: TestClient) -> None:
    """The same three requests: one of two changes is refused, the error says nothing, the typo is told."""
    for title in ("One", "Two"):
        made = client.post("/tasks", json={"title": title}).headers
    change = {"url": made["location"], "headers": {"If-Match": made["etag"]}}
    told = [client.patch(json={"status": status}, **change).status_code for status in ("done", "in_progress")]
    refused = client.patch(made["location"], json={"title": "One"}, headers={"If-Match": "*"})
    typo = client.get("/tasks?stauts=done")

    assert ([200, 412], "done") == (told, client.get(made["location"]).json()["status"])
    assert (409, 422) == (refused.status_code, typo.status_code)


@pytest.mark.hermetic(allow=["lost-write"])
def test_sessions_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SESSIONS.md: every way answers 201, and its table tells which of them keep what they were told to."""
    page = (APP / "SESSIONS.md").read_text("utf-8")
    code = "\n".join(token.content for token in MarkdownIt().parse(page) if token.info == "python")
    module = ModuleType("sessions_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "SESSIONS.md", "exec"), module.__dict__)
    migrate(module.plain)
    rows = re.findall(r"^\| `(/[\w-]+)` \| (yes|no) \| (yes|no) \|$", page, flags=re.MULTILINE)
    with TestClient(module.app) as client:
        told = [client.post(path, json={"title": path}).status_code == 201 for path, *_ in rows]
        with module.plain.read() as session:
            kept = session.exec(select(Task.title)).all()

    assert 4 == len(rows)
    assert [(path, was_told == "yes", was_kept == "yes") for path, was_told, was_kept in rows] == [
        (path, was_told, path in kept) for (path, *_), was_told in zip(rows, told, strict=True)
    ]


def test_every_test_of_the_table_exists() -> None:
    """By its name, in its file."""
    there = {
        (file.name, node.name)
        for file in (APP / "tests").glob("test_*.py")
        for node in ast.parse(file.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }

    assert NAMED
    assert set() == {*NAMED} - there
