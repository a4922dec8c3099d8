"""Finds code by its place and writes edits on it, in the positions of Python's own parser.

LibCST was the other way. It builds a second tree of each file, is a compiled dependency that lags behind the newest
grammar, and keeps the text around an edit by printing it anew; an edit of a few characters at a place that `ast` gives
leaves every other one alone by construction.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..._catalogue import Edit, Safety
from ..paths.state import Site
from ..program.modules import FunctionNode
from ..source.discover import SourceFile


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that belong together, and what they are worth."""

    edits: tuple[Edit, ...]
    safety: Safety


class Source:
    """A module, or a block of a document, on which edits are written."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.lines = file.text.split("\n")

    @cached_property
    def _parents(self) -> dict[int, ast.AST]:
        return {id(child): node for node in ast.walk(self.file.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _at(self) -> dict[tuple[int, int, int, int], ast.expr]:
        """Each expression by its span; of several, the outermost."""
        found: dict[tuple[int, int, int, int], ast.expr] = {}
        for node in ast.walk(self.file.tree):
            if isinstance(node, ast.expr):
                span = (node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
                found.setdefault(span, node)
        return found

    def holds(self, site: Site) -> bool:
        """Whether a site lies in this source."""
        return self.file.name == site.file and self.file.first_line <= site.line <= len(self.lines)

    def node(self, site: Site) -> ast.expr | None:
        """The expression at a site."""
        return self._at.get((site.line, site.column - 1, site.end_line, site.end_column - 1))

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(id(node))

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node stands in, innermost first."""
        current = self.parent(node)
        while current is not None:
            yield current
            current = self.parent(current)

    def function(self, node: ast.AST) -> FunctionNode | None:
        """The function around a node; None in a module, a class or a lambda."""
        scopes = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
        found = next((each for each in self.above(node) if isinstance(each, scopes)), None)
        return found if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef) else None

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement that a node is part of."""
        return next((each for each in (node, *self.above(node)) if isinstance(each, ast.stmt)), None)

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements among which one stands."""
        parent = self.parent(statement)
        for name in ("body", "orelse", "finalbody"):
            found = getattr(parent, name, None)
            if isinstance(found, list) and any(each is statement for each in found):
                return found
        return []

    def text(self, node: ast.AST) -> str:
        """How a node is spelled."""
        return ast.get_source_segment(self.file.text, node) or ""

    def indent(self, statement: ast.stmt) -> str:
        """The white space before a statement that begins its line."""
        return self.indent_of(statement.lineno)

    def indent_of(self, line: int) -> str:
        """The white space that a line begins with."""
        text = self.lines[line - 1]
        return text[: len(text) - len(text.lstrip())]

    def is_alone(self, statements: Sequence[ast.stmt]) -> bool:
        """Whether no other code shares a line with these statements, which follow each other."""
        first, last = statements[0], statements[-1]
        before = self.lines[first.lineno - 1].encode()[: first.col_offset].decode(errors="replace")
        rest = self.lines[(last.end_lineno or 0) - 1].encode()[last.end_col_offset :].decode(errors="replace").strip()
        starts = [each.lineno for each in statements]
        return not before.strip() and rest[:1] in {"", "#"} and len(set(starts)) == len(starts)

    def insert(self, line: int, offset: int, text: str) -> Edit:
        """An edit that puts text at a line and an offset in bytes, as the parser counts."""
        return self.replace((line, offset), (line, offset), text)

    def replace(self, start: tuple[int, int], end: tuple[int, int], text: str) -> Edit:
        """An edit of what stands between two places, given as line and offset in bytes."""
        margin = self.file.indent
        (line, column), (end_line, end_column) = (self._in_characters(*place) for place in (start, end))
        return Edit(self.file.name, line, column, end_line, end_column, text.replace("\n", "\n" + " " * margin))

    def _in_characters(self, line: int, offset: int) -> tuple[int, int]:
        before = self.lines[line - 1].encode()[:offset].decode(errors="replace")
        return line, len(before) + 1 + self.file.indent


class Sources:
    """All sources of a project, by the sites in them."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._all = files
        self._files: dict[str, list[SourceFile]] = {}
        self._made: dict[str, list[Source]] = {}
        self._read: set[str] | None = set()
        for file in files:
            self._files.setdefault(file.name, []).append(file)

    def begin(self) -> None:
        """Forget which files were read."""
        self._read = set()

    @property
    def read(self) -> frozenset[str] | None:
        """The names of the files that were read since the beginning; None where that may be any."""
        return None if self._read is None else frozenset(self._read)

    @property
    def files(self) -> Sequence[SourceFile]:
        """All files."""
        self._read = None
        return self._all

    def of(self, site: Site) -> Source | None:
        """The source that a site lies in."""
        if self._read is not None:
            self._read.add(site.file)
        if site.file not in self._made:
            self._made[site.file] = [Source(file) for file in self._files.get(site.file, ())]
        return next((each for each in self._made[site.file] if each.holds(site)), None)

    def node(self, site: Site) -> tuple[Source, ast.expr] | None:
        """The expression at a site, with its source."""
        source = self.of(site)
        node = source.node(site) if source else None
        return (source, node) if source and node else None

    def call(self, site: Site) -> tuple[Source, ast.Call] | None:
        """The call at a site, with its source; of an `await`, the awaited one."""
        found = self.node(site)
        if found is None:
            return None
        source, node = found
        node = node.value if isinstance(node, ast.Await) else node
        return (source, node) if isinstance(node, ast.Call) else None


def own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    """What a function's body holds, without what stands in functions, lambdas and classes inside it."""
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)


def end_of(node: ast.expr | ast.stmt) -> tuple[int, int]:
    """Where a node ends, as the parser counts."""
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
