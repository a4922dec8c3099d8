"""The house style, as far as a machine can tell it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["src", "apps", "tests", "docs", "demo", "benchmarks"]
SHOWN_AS_FOUND = ROOT / "demo" / "leaky_shop"
FILES = sorted(
    file for room in ROOMS for file in (ROOT / room).rglob("*.py") if not file.is_relative_to(SHOWN_AS_FOUND)
)
TEXTS = sorted(
    [*FILES, *ROOT.glob("*.md"), *(it for room in ["apps", "docs", "tests"] for it in (ROOT / room).rglob("*.md"))]
)

LONGEST_FILE = 400
LONGEST_BODY = 40
EXCUSE = "one thing"

Function = ast.FunctionDef | ast.AsyncFunctionDef

each_file = pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def body_lines(function: Function) -> int:
    """The number of lines from the first statement after the docstring to the last."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def excused(node: ast.Module | Function) -> bool:
    """Whether the docstring says why something long is one thing."""
    return EXCUSE in " ".join((ast.get_docstring(node) or "").split())


@each_file
def test_file_is_short(file: Path) -> None:
    """A file over 400 lines is split, or its docstring says why it is one thing; a hazard's page does not count."""
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    page = len((ast.get_docstring(tree) or "").splitlines())

    assert excused(tree) or len(text.splitlines()) - page <= LONGEST_FILE


@each_file
def test_functions_are_short(file: Path) -> None:
    """A body over 40 lines is split, or the docstring says why it is one thing."""
    tree = ast.parse(file.read_text(encoding="utf-8"))

    assert [] == [
        f"{function.name}: {body_lines(function)} lines"
        for function in functions(tree)
        if body_lines(function) > LONGEST_BODY and not excused(function)
    ]


@each_file
def test_tests_state_a_fact(file: Path) -> None:
    """The docstring of a test is a sentence."""
    tests = [test for test in functions(ast.parse(file.read_text(encoding="utf-8"))) if test.name.startswith("test_")]

    assert [] == [test.name for test in tests if not (ast.get_docstring(test) or "").rstrip("`'\"").endswith(".")]


@each_file
def test_no_banner_lines(file: Path) -> None:
    """Sections are functions and files, never rows of signs."""
    assert [] == re.findall(r"^\s*#\s*[-=#*~]{3,}.*$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)


@pytest.mark.parametrize("text", TEXTS, ids=[str(text.relative_to(ROOT)) for text in TEXTS])
def test_no_path_of_a_machine(text: Path) -> None:
    """Nothing in the project depends on where one machine keeps its files."""
    assert [] == re.findall(r"(?<![\w./~-])/(?:home|root|work|Users)/\S*", text.read_text(encoding="utf-8"))
