"""Tells from a file's place which module it is and what it is for."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

Role = Literal["code", "test", "migration", "example"]

_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
_SOURCE_ROOTS = ("src", "lib", "python")
_ROLES: dict[str, Role] = {
    "test": "test", "tests": "test", "testing": "test", "fixtures": "test",
    "alembic": "migration", "migrations": "migration",
    "example": "example", "examples": "example", "samples": "example", "docs_src": "example", "tutorials": "example",
}  # fmt: skip


@lru_cache(maxsize=4096)
def project_root(directory: Path) -> Path | None:
    """The nearest directory at or above `directory` that holds a project file, or None."""
    for place in (directory, *directory.parents):
        if any((place / marker).exists() for marker in _MARKERS):
            return place
    return None


def module_of(path: Path, root: Path) -> str:
    """The dotted name under which `path` is imported, found below the directory `root` that was searched.

    Packages with an `__init__.py` decide; without one (namespace packages, scripts) the name starts at the
    project's `src`, else at the project's root, else at `root`.
    """
    parts = [] if path.stem == "__init__" else [path.stem]
    return ".".join([*_package(path.parent, root), *parts]) or path.parent.name


@lru_cache(maxsize=4096)
def _package(directory: Path, root: Path) -> tuple[str, ...]:
    """The packages from the import root down to `directory`."""
    names: list[str] = []
    package = directory
    while (package / "__init__.py").is_file() and package.name.isidentifier():
        names.insert(0, package.name)
        package = package.parent
    return (*_namespace(package, root, has_package=package != directory), *names)


def _namespace(directory: Path, root: Path, *, has_package: bool) -> list[str]:
    """The namespace packages from the import root down to `directory`."""
    base = project_root(directory) or root
    try:
        above = list(directory.relative_to(base).parts)
    except ValueError:
        return []
    source_root = bool(above) and above[0] in _SOURCE_ROOTS
    if has_package and not source_root:
        return []
    if source_root:
        above = above[1:]
    for index in range(len(above) - 1, -1, -1):
        if not above[index].isidentifier():
            return above[index + 1 :]
    return above


def role_of(path: Path, root: Path) -> Role:
    """What the file is for, by the directories between its project's root (else `root`) and itself, and by its name."""
    found = _role_in(path.parent, root)
    stem = path.stem
    if found is None and (stem == "conftest" or stem.startswith("test_") or stem.endswith("_test")):
        return "test"
    return found or "code"


@lru_cache(maxsize=4096)
def _role_in(directory: Path, root: Path) -> Role | None:
    """What the files of a directory are for, where its place tells."""
    base = project_root(directory) or root.parent
    try:
        directories = directory.relative_to(base).parts
    except ValueError:
        directories = directory.parts[-1:]
    for name in reversed(directories):
        if name in _ROLES:
            return _ROLES[name]
        if name.endswith("_migrations"):
            return "migration"
    return None


def look_again() -> None:
    """Forget where projects and packages begin: in a tree that is watched, that may have changed."""
    for known in (project_root, _package, _role_in):
        known.cache_clear()
