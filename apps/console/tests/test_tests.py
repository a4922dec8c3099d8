"""`TESTS.md` names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

APP = Path(__file__).resolve().parent.parent


def named_in(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_each_named_test_exists() -> None:
    """Every row of the table leads to a test, and so does every test that BEFORE.md names."""
    rows = re.findall(r"\| `(tests/\w+\.py)::(test_\w+)` \|", (APP / "TESTS.md").read_text(encoding="utf-8"))
    everywhere = {name for file in (APP / "tests").glob("test_*.py") for name in named_in(file)}
    named = set(re.findall(r"`(test_\w+)`", (APP / "BEFORE.md").read_text(encoding="utf-8")))

    assert len(rows) > 40
    assert [] == [f"{file}::{name}" for file, name in rows if name not in named_in(APP / file)]
    assert set() == named - everywhere
