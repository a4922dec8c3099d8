"""The public door stays small, and what it promises is there."""

from __future__ import annotations

from importlib.metadata import entry_points, version
from pathlib import Path
from types import ModuleType

import hermetic


def test_public_names_are_few() -> None:
    """What can be taken from `hermetic` is what `__all__` names, at most a dozen, in alphabetical order."""
    offered = [name for name in dir(hermetic) if not name.startswith("_") and not is_plumbing(getattr(hermetic, name))]
    named: list[str] = hermetic.__all__

    assert offered == named
    assert len(named) <= 12


def is_plumbing(value: object) -> bool:
    """Whether a global is a submodule or a `__future__` flag rather than something offered."""
    return isinstance(value, ModuleType) or type(value).__module__ == "__future__"


def test_package_is_typed(root: Path) -> None:
    """Type checkers may trust our annotations."""
    assert (root / "src" / "hermetic" / "py.typed").is_file()


def test_command_is_installed() -> None:
    """Installing the package installs the `hermetic` command."""
    commands = {command.name: command.value for command in entry_points(group="console_scripts")}

    assert commands["hermetic"] == "hermetic._cli:main"


def test_changelog_opens_with_this_version(root: Path) -> None:
    """The version that is built is the one that the changelog describes first."""
    headings = [
        line for line in (root / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line.startswith("## ")
    ]

    assert version("hermetic") in headings[0]
