"""The applications: written on what is public, and nothing left in them for `hermetic check` to find."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner

from hermetic._cli import main

APPS = sorted(file.parent for file in (Path(__file__).resolve().parent.parent / "apps").glob("*/pyproject.toml"))

each_app = pytest.mark.parametrize("app", APPS, ids=[app.name for app in APPS])


def imported(tree: ast.Module) -> set[str]:
    """The modules that a file names in its imports, wherever they stand."""
    whole = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    parts = {
        f"{node.module}.{name.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level
        for name in node.names
    }
    return whole | parts


@each_app
def test_only_what_is_public_is_used(app: Path) -> None:
    """No application imports a private name of Hermetic."""
    names = {name for file in app.rglob("*.py") for name in imported(ast.parse(file.read_text(encoding="utf-8")))}

    assert [] == [name for name in sorted(names) if name.startswith("hermetic.") and "._" in name]


@each_app
def test_check_finds_nothing(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An application and its tests are clean, whatever may be uncertain; `before/` is the form that is not."""
    monkeypatch.chdir(app)
    told = CliRunner().invoke(main, ["check", "--min-confidence", "possible", "--no-cache", "src", "tests"])

    assert 0 == told.exit_code, told.output
