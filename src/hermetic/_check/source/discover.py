"""Finds the source files below the paths a user gives: each read and parsed once, each failure told in one sentence."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from ...errors import NothingToCheck
from ..checked import Problem
from ..templates.files import SUFFIXES, Template, is_template
from ..work.cache import digest
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
    _content: str = field(default="", init=False, repr=False, compare=False)

    @property
    def content(self) -> str:
        """A name for the text."""
        if not self._content:
            object.__setattr__(self, "_content", digest(self.text))
        return self._content

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; of a text that is known to have one, it is made when somebody asks for it."""
        if self.parsed is None:
            object.__setattr__(self, "parsed", parse(self.text))
        return cast(ast.Module, self.parsed)


def _nobody_knows(_content: str) -> bool:
    """Nothing is known of any text."""
    return False


@dataclass(frozen=True, slots=True)
class Search:
    """What to look for and what to leave out; `exclude` holds patterns in the manner of `.gitignore`, below `base`.

    A text of whose content `is_python` says that it is gets parsed only when somebody asks for its tree; `fences` gives the blocks of
    a document. `edited` is what to take as the text of a file instead of what it holds, by its name.
    """

    exclude: tuple[str, ...] = ()
    base: Path = field(default_factory=Path.cwd)
    max_bytes: int = MAX_BYTES
    tell_fences: bool = False
    is_python: Callable[[str], bool] = _nobody_knows
    fences: Callable[[str], Iterable[Fence]] = fences
    edited: Mapping[str, str] = field(default_factory=dict)

    def text(self, path: Path, name: str) -> str:
        """The text of a file; raises Unreadable."""
        return self.edited[name] if name in self.edited else read(path, max_bytes=self.max_bytes)


def discover(paths: Sequence[str | Path], search: Search | None = None) -> Iterator[SourceFile | Template | Problem]:
    """Every module and every template below `paths`, in the order of their names; a file reached twice is read once.

    A path given by name is checked whatever it is called and whatever ignores it. Raises NothingToCheck for a path
    that does not exist.
    """
    search = search or Search()
    seen: set[str] = set()
    cwd = Path.cwd()
    found: list[tuple[str, Path, Path]] = []
    for given in paths or (".",):
        root = Path(os.path.abspath(given))
        if not os.path.lexists(given):
            raise NothingToCheck(f"no such path: {str(given)!r}; give a file or a directory that exists below {cwd}")
        if root.is_dir():
            found += [(shown(path, cwd), path, root) for path in _walk(root, search, seen)]
        elif _is_new(_real(root), seen):
            found.append((shown(root, cwd), root, root.parent))
    for name, path, root in sorted(found):
        yield from modules_of(path, name, root, search)


def shown(path: Path, cwd: Path | None = None) -> str:
    """A path as the user would write it: relative to the working directory where it lies below it."""
    name, above = path.as_posix(), (cwd or Path.cwd()).as_posix().rstrip("/") + "/"
    return name[len(above) :] if name.startswith(above) else name


def _walk(root: Path, search: Search, seen: set[str]) -> Iterator[Path]:
    """The files to check below a directory; links come last, so that a file keeps its own name."""
    waiting: list[tuple[Path, Ignored]] = [(root, Ignored.start(root, search.exclude, search.base))]
    linked: list[tuple[Path, Ignored]] = []
    linked_files: list[Path] = []
    while waiting or linked:
        directory, ignored = waiting.pop() if waiting else linked.pop(0)
        real = _real(directory)
        if not _is_new(real, seen):
            continue
        ignored = ignored.entering(directory)
        for entry in _entries(directory):
            if _is_directory(entry):
                path = directory / entry.name
                if not never_walked(path) and not ignored.leaves_out(path, directory=True):
                    (linked if entry.is_symlink() else waiting).append((path, ignored))
            elif _is_wanted(entry.name, directory):
                path = directory / entry.name
                if ignored.leaves_out(path, directory=False):
                    continue
                if entry.is_symlink():
                    linked_files.append(path)
                elif _is_new(os.path.join(real, entry.name), seen):
                    yield path
    yield from (path for path in linked_files if _is_new(_real(path), seen))


def _is_wanted(name: str, directory: Path) -> bool:
    """Whether a file is a module, a document or a template by its name."""
    suffix = os.path.splitext(name)[1]
    return suffix in PYTHON or suffix in MARKDOWN or (suffix in SUFFIXES and is_template(directory / name))


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


def _real(path: Path) -> str:
    """Where a path leads to."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)


def _is_new(real: str, seen: set[str]) -> bool:
    """Whether a place is met for the first time under any name; remembers it."""
    is_new = real not in seen
    seen.add(real)
    return is_new


def modules_of(path: Path, name: str, root: Path, search: Search) -> Iterator[SourceFile | Template | Problem]:
    """The module in a file, the Python blocks in a Markdown file, or a template; one that cannot be read is none."""
    if is_template(path):
        with suppress(Unreadable):
            yield Template(path, name, search.text(path, name))
        return
    try:
        text = search.text(path, name)
        if path.suffix in MARKDOWN:
            yield from _blocks(path, name, text, root, search)
            return
        yield _parsed(SourceFile(path, name, module_of(path, root), text, None, role=role_of(path, root)), search)
    except Unreadable as why:
        yield Problem(name, why.line, why.sentence)


def _parsed(file: SourceFile, search: Search) -> SourceFile:
    """The file, parsed where nobody knows that it can be; raises Unreadable."""
    if not search.is_python(file.content):
        object.__setattr__(file, "parsed", parse(file.text))
    return file


def _blocks(path: Path, name: str, text: str, root: Path, search: Search) -> Iterator[SourceFile | Problem]:
    """The Python blocks that parse; documents hold fragments, so the others are told only on request."""
    role = role_of(path, root)
    for block in search.fences(text):
        try:
            yield _parsed(_block(path, name, role, block), search)
        except Unreadable as why:
            if search.tell_fences:
                yield Problem(name, why.line, f"this block is left out: {why.sentence}")


def _block(path: Path, name: str, role: Role, block: Fence) -> SourceFile:
    module = f"{name}#{block.number}"
    return SourceFile(path, name, module, block.text, None, True, role, block.line, block.indent, block.bad)
