"""Finds the source files below the paths a user gives: each read and parsed once, each failure told in one sentence."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ...errors import NothingToCheck
from ..checked import Problem
from ..templates.files import Template, is_template
from .fences import Fence, fences
from .ignored import Ignored, never_walked
from .places import Role, module_of, role_of
from .reading import MAX_BYTES, Unreadable, parse, read

PYTHON = (".py", ".pyw")
MARKDOWN = (".md", ".markdown")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A Python module, or a Python block of a Markdown file whose text is padded to the file's line numbers.

    `name` is the path as shown to the user; `module` its dotted name, `<file>#<number>` for a block. `indent` is by how
    many columns the document indents a block, `bad` that its author marked it as an example of a mistake.
    """

    path: Path
    name: str
    module: str
    text: str
    parsed: ast.Module | None = field(repr=False, compare=False)
    fence: bool = False
    role: Role = "code"
    first_line: int = 1
    indent: int = 0
    bad: bool = False

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; of a text that is known to have one, it is made when somebody asks for it."""
        if self.parsed is None:
            object.__setattr__(self, "parsed", parse(self.text))
        return cast(ast.Module, self.parsed)


def _nobody_knows(_text: str) -> bool:
    """Nothing is known of any text."""
    return False


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for and what to leave out; `exclude` holds patterns in the manner of `.gitignore`, below `base`.

    A text of which `is_python` says that it is gets parsed only when somebody asks for its tree; `fences` gives the blocks of
    a document.
    """

    exclude: tuple[str, ...] = ()
    base: Path = field(default_factory=Path.cwd)
    max_bytes: int = MAX_BYTES
    tell_fences: bool = False
    is_python: Callable[[str], bool] = _nobody_knows
    fences: Callable[[str], Iterable[Fence]] = fences


def discover(paths: Sequence[str | Path], search: Search | None = None) -> Iterator[SourceFile | Template | Problem]:
    """Every module and every template below `paths`, in the order of their names; a file reached twice is read once.

    A path given by name is checked whatever it is called and whatever ignores it. Raises NothingToCheck for a path
    that does not exist.
    """
    search = search or Search()
    seen: set[Path] = set()
    found: list[tuple[str, Path, Path]] = []
    for given in paths or (".",):
        root = Path(os.path.abspath(given))
        if not os.path.lexists(given):
            raise NothingToCheck(
                f"no such path: {str(given)!r}; give a file or a directory that exists below {Path.cwd()}"
            )
        if root.is_dir():
            found += [(shown(path), path, root) for path in _walk(root, search, seen)]
        elif _is_new(root, seen):
            found.append((shown(root), root, root.parent))
    for name, path, root in sorted(found):
        yield from _modules(path, name, root, search)


def shown(path: Path) -> str:
    """A path as the user would write it: relative to the working directory where it lies below it."""
    cwd = Path.cwd()
    return path.relative_to(cwd).as_posix() if path.is_relative_to(cwd) else path.as_posix()


def _walk(root: Path, search: Search, seen: set[Path]) -> Iterator[Path]:
    """The files to check below a directory; links come last, so that a file keeps its own name."""
    waiting: list[tuple[Path, Ignored]] = [(root, Ignored.start(root, search.exclude, search.base))]
    linked: list[tuple[Path, Ignored]] = []
    linked_files: list[Path] = []
    while waiting or linked:
        directory, ignored = waiting.pop() if waiting else linked.pop(0)
        if not _is_new(directory, seen):
            continue
        ignored = ignored.entering(directory)
        for entry in _entries(directory):
            path = Path(entry.path)
            if _is_directory(entry):
                if not never_walked(path) and not ignored.leaves_out(path, directory=True):
                    (linked if entry.is_symlink() else waiting).append((path, ignored))
            elif (path.suffix in PYTHON + MARKDOWN or is_template(path)) and not ignored.leaves_out(
                path, directory=False
            ):
                if entry.is_symlink():
                    linked_files.append(path)
                elif _is_new(path, seen):
                    yield path
    yield from (path for path in linked_files if _is_new(path, seen))


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    """What a directory holds, by name; nothing where it cannot be listed."""
    try:
        with os.scandir(directory) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return []


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_new(path: Path, seen: set[Path]) -> bool:
    """Whether a path is met for the first time under any name; remembers it."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError):
        real = path
    if real in seen:
        return False
    seen.add(real)
    return True


def _modules(path: Path, name: str, root: Path, search: Search) -> Iterator[SourceFile | Template | Problem]:
    """The module in a file, the Python blocks in a Markdown file, or a template; one that cannot be read is none."""
    if is_template(path):
        with suppress(Unreadable):
            yield Template(path, name, read(path, max_bytes=search.max_bytes))
        return
    try:
        text = read(path, max_bytes=search.max_bytes)
        if path.suffix in MARKDOWN:
            yield from _blocks(path, name, text, root, search)
            return
        tree = None if search.is_python(text) else parse(text)
    except Unreadable as why:
        yield Problem(name, why.line, why.sentence)
        return
    yield SourceFile(path, name, module_of(path, root), text, tree, role=role_of(path, root))


def _blocks(path: Path, name: str, text: str, root: Path, search: Search) -> Iterator[SourceFile | Problem]:
    """The Python blocks that parse; documents hold fragments, so the others are told only on request."""
    role = role_of(path, root)
    for block in search.fences(text):
        try:
            tree = None if search.is_python(block.text) else parse(block.text)
        except Unreadable as why:
            if search.tell_fences:
                yield Problem(name, why.line, f"this block is left out: {why.sentence}")
            continue
        yield _block(path, name, role, block, tree)


def _block(path: Path, name: str, role: Role, block: Fence, tree: ast.Module | None) -> SourceFile:
    module = f"{name}#{block.number}"
    return SourceFile(path, name, module, block.text, tree, True, role, block.line, block.indent, block.bad)
