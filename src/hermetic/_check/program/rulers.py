"""Numbers the lines of a module so that a number stays with its line when others come or go above it.

Whoever walks a program knows its lines by these numbers, and so does what is remembered of it; they become lines of the
file again when something is told. In a file that is new the numbers are the lines.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple
from zlib import crc32


class Piece(NamedTuple):
    """Statements of a module's body or of a class that share no line with others, and the number of their first line.

    `name` is what they define, `content` a short name for their text, `height` that of their lines; so many numbers are
    theirs as there is `room`.
    """

    name: str
    content: int
    line: int
    height: int
    number: int
    room: int


class Ruler:
    """The pieces of one module; without any, each number is a line. Numbers from `free` on were never given."""

    def __init__(self, pieces: Iterable[Piece] = (), free: int = 0) -> None:
        self.pieces = tuple(pieces)
        self.free = free

    @cached_property
    def is_plain(self) -> bool:
        """Whether each number is the line."""
        return all(piece.number == piece.line for piece in self.pieces)

    @cached_property
    def _by_number(self) -> list[Piece]:
        return sorted(self.pieces, key=lambda piece: piece.number)

    @cached_property
    def _numbers(self) -> list[int]:
        return [piece.number for piece in self._by_number]

    @cached_property
    def _lines(self) -> list[int]:
        return [piece.line for piece in self.pieces]

    def line(self, number: int) -> int:
        """The line of a number; 0 where no line has it."""
        if self.is_plain:
            return number
        at = bisect_right(self._numbers, number) - 1
        piece = self._by_number[at] if at >= 0 else None
        is_there = piece is not None and number < piece.number + piece.height
        return piece.line + number - piece.number if piece is not None and is_there else 0

    def number(self, line: int) -> int:
        """The number of a line; 0 where it belongs to no statement."""
        if self.is_plain:
            return line
        at = bisect_right(self._lines, line) - 1
        piece = self.pieces[at] if at >= 0 else None
        is_there = piece is not None and line < piece.line + piece.height
        return piece.number + line - piece.line if piece is not None and is_there else 0

    def applied(self, tree: ast.Module) -> ast.Module:
        """A tree whose nodes have numbers for lines; it is changed in place."""
        if not self.is_plain:
            for node in ast.walk(tree):
                for name in ("lineno", "end_lineno"):
                    if (line := getattr(node, name, None)) is not None:
                        setattr(node, name, self.number(line))
        return tree

    def after(self, tree: ast.Module, text: str) -> Ruler:
        """The ruler of the same module with another text: what is as it was keeps its numbers."""
        found = list(_pieces(tree, text))
        if not self.pieces:
            return Ruler(found, text.count("\n") + 2)
        numbers, free = self._kept(found), self.free
        pieces: list[Piece] = []
        for index, piece in enumerate(found):
            number, room = numbers.get(index, (0, 0))
            if not room:
                number, room = free, 2 * piece.height + 20
                free += room
            pieces.append(piece._replace(number=number, room=room))
        return Ruler(pieces, free)

    def _kept(self, found: list[Piece]) -> dict[int, tuple[int, int]]:
        """The number and the room of each piece that was there, by its place; first of those that say the same."""
        same, named = _waiting(self.pieces, _identity), _waiting(self.pieces, lambda piece: piece.name)
        kept: dict[int, tuple[int, int]] = {}
        taken = set[int]()
        for index, piece in enumerate(found):
            if waiting := same.get(_identity(piece)):
                kept[index] = waiting[0].number, waiting.popleft().room
                taken.add(kept[index][0])
        for index, piece in enumerate(found):
            waiting = named.get(piece.name)
            while index not in kept and waiting:
                before = waiting.popleft()
                if before.number not in taken and piece.height <= before.room:
                    kept[index] = before.number, before.room
                    taken.add(before.number)
        return kept


PLAIN = Ruler()
"""Of whoever remembers nothing: each number is the line."""


def _identity(piece: Piece) -> Hashable:
    return piece.name, piece.content, piece.height


def _waiting(pieces: Iterable[Piece], key: Callable[[Piece], Hashable]) -> dict[Hashable, deque[Piece]]:
    found: dict[Hashable, deque[Piece]] = {}
    for piece in pieces:
        found.setdefault(key(piece), deque()).append(piece)
    return found


def _pieces(tree: ast.Module, text: str) -> Iterator[Piece]:
    """The pieces of a text, in their order, with their lines for numbers."""
    lines = text.split("\n")
    joined: list[tuple[list[str], int, int]] = []
    for name, first, last in _spans(tree.body, ""):
        if joined and first <= joined[-1][2]:
            names, start, end = joined[-1]
            joined[-1] = [*names, name], start, max(end, last)
        else:
            joined.append(([name], first, last))
    for names, first, last in joined:
        content = crc32("\n".join(lines[first - 1 : last]).encode("utf-8", "surrogatepass"))
        height = last - first + 1
        yield Piece(" ".join(names), content, first, height, first, height)


def _spans(body: list[ast.stmt], above: str) -> Iterator[tuple[str, int, int]]:
    """The name, the first and the last line of each statement; a class comes as its head and what stands in it."""
    for statement in body:
        name, last = f"{above}{_name(statement)}", statement.end_lineno or statement.lineno
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(each.lineno for each in decorators)])
        if isinstance(statement, ast.ClassDef) and not above:
            inside = list(_spans(statement.body, f"{name}."))
            yield name, first, max(first, inside[0][1] - 1)
            yield from inside
        else:
            yield name, first, last


def _name(statement: ast.stmt) -> str:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return statement.name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return f"({type(statement).__name__})"
