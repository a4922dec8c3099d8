"""Who imports whom, as the running interpreter sees it; the import contracts in pyproject.toml say it of the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

FOREIGN = {
    "fastapi",
    "flask",
    "httpx",
    "httpx2",
    "litestar",
    "pydantic",
    "sqlalchemy",
    "sqlmodel",
    "starlette",
    "streamlit",
}

LEAKY = """
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

engine = create_engine("sqlite:///shop.db")

def orders(Order):
    with Session(engine) as session:
        return session.scalars(select(Order)).all()
"""


def modules_after(code: str, *arguments: str) -> set[str]:
    """The top-level names in `sys.modules` once a fresh interpreter has run the code."""
    report = "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code + report, *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.split())


def test_import_hermetic_imports_no_framework() -> None:
    """`import hermetic` costs neither SQLAlchemy nor a web framework."""
    assert set() == modules_after("import hermetic") & FOREIGN


@pytest.mark.parametrize("command", ["check", "explain", "run"])
def test_help_imports_no_framework(command: str) -> None:
    """A command line starts without importing SQLAlchemy."""
    code = f"from hermetic._cli import main\ntry: main(['{command}', '--help'])\nexcept SystemExit: pass"

    assert set() == modules_after(code) & FOREIGN


def test_checking_imports_no_framework(tmp_path: Path) -> None:
    """A whole check runs without SQLAlchemy: the code under check is read, never imported."""
    (tmp_path / "orders.py").write_text(LEAKY, encoding="utf-8")
    code = "import sys\nfrom hermetic._cli import main\ntry: main(['check', sys.argv[1]])\nexcept SystemExit: pass"

    assert set() == modules_after(code, str(tmp_path)) & FOREIGN


def test_running_imports_no_framework() -> None:
    """What is watched has SQLAlchemy; who watches it from outside needs none."""
    code = "from hermetic._cli import main\ntry: main(['run', '--', 'true'])\nexcept SystemExit: pass"

    assert set() == modules_after(code) & FOREIGN


def absolute_imports(file: Path) -> set[str]:
    """The top-level names of what a file imports, relative imports left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("room", ["_lifecycle", "hazards"])
def test_model_rests_on_the_standard_library(room: str, root: Path) -> None:
    """The lifecycle and the hazards import nothing that has to be installed."""
    files = (root / "src" / "hermetic" / room).glob("*.py")

    assert set() == {name for file in files for name in absolute_imports(file)} - sys.stdlib_module_names
