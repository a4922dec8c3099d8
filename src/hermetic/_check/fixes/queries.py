"""Finds the `select()`, `query()` or `get()` of a mapped class that a result came from, and adds to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ..._catalogue import Edit
from ..paths.state import Site
from .source import Source, Sources, end_of

_GETS = frozenset({"get", "get_one"})


@dataclass(frozen=True, slots=True)
class QueryCall:
    """The call that names what is asked for, and how that class is spelled there."""

    source: Source
    node: ast.Call
    entity: str

    @property
    def is_get(self) -> bool:
        return isinstance(self.node.func, ast.Attribute) and self.node.func.attr in _GETS

    def method(self, text: str) -> Edit:
        """The edit that calls a method on the statement, first of all; on a line of its own where the others have one."""
        line, offset = end_of(self.node)
        following = self.source.lines[line] if line < len(self.source.lines) else ""
        if following.lstrip().startswith("."):
            text = f"\n{self.source.indent_of(line + 1)}{text}"
        return self.source.insert(line, offset, text)

    def argument(self, text: str) -> Edit | None:
        """The edit that gives the call one more keyword argument."""
        last = max((*self.node.args, *(each.value for each in self.node.keywords)), key=end_of)
        end_line, end = end_of(self.node)
        rest = _between(self.source, end_of(last), (end_line, end - 1))
        if "#" in rest:
            return None
        if "," in rest:
            line, offset = _after_comma(rest, end_of(last))
            gap = "\n" + self.source.indent_of(line) if end_line > line else " "
            return self.source.insert(line, offset, f"{gap}{text},")
        kept = rest.rstrip()
        line, offset = _moved(kept, end_of(last))
        return self.source.insert(line, offset, f", {text}")

    def keyword(self, name: str) -> ast.expr | None:
        return next((each.value for each in self.node.keywords if each.arg == name), None)


def query_call(sources: Sources, site: Site, model: str) -> QueryCall | None:
    """The call that asks for `model` (its class name) in what runs at a site; None where it is not one and in sight."""
    found = sources.node(site)
    if found is None:
        return None
    source, node = found
    calls = list(_asking(source, node, model))
    if not calls:
        calls = [each for value in _statements(source, node) for each in _asking(source, value, model)]
    return calls[0] if len(calls) == 1 else None


def _asking(source: Source, node: ast.AST, model: str) -> Iterator[QueryCall]:
    for each in ast.walk(node):
        if not isinstance(each, ast.Call) or not each.args:
            continue
        match each.func:
            case ast.Name(id="select") | ast.Attribute(attr="select" | "query"):
                named = each.args
            case ast.Attribute(attr="get" | "get_one"):
                named = each.args[:1]
            case _:
                continue
        for argument in named:
            if _name(source, argument) == model:
                yield QueryCall(source, each, source.text(argument))


def _name(source: Source, node: ast.expr) -> str:
    """The name of a class, through the alias it was imported by."""
    if isinstance(node, ast.Attribute):
        return node.attr
    if not isinstance(node, ast.Name):
        return ""
    for each in ast.walk(source.file.tree):
        if isinstance(each, ast.alias) and each.asname == node.id:
            return each.name.rpartition(".")[2]
    return node.id


def _statements(source: Source, node: ast.AST) -> Iterator[ast.expr]:
    """What the names in a call hold, where their function gives each exactly one value."""
    function = source.function(node)
    if function is None:
        return
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    values: dict[str, list[ast.expr]] = {}
    for each in ast.walk(function):
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in names:
                values.setdefault(name, []).append(value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in names:
                values.setdefault(name, []).append(value)
    yield from (found[0] for found in values.values() if len(found) == 1 and not _holds(found[0], node))


def _holds(outer: ast.AST, node: ast.AST) -> bool:
    return any(each is node for each in ast.walk(outer))


def _between(source: Source, start: tuple[int, int], end: tuple[int, int]) -> str:
    lines = [line.encode() for line in source.lines[start[0] - 1 : end[0]]]
    lines[-1] = lines[-1][: end[1]]
    lines[0] = lines[0][start[1] :]
    return b"\n".join(lines).decode(errors="replace")


def _after_comma(rest: str, start: tuple[int, int]) -> tuple[int, int]:
    return _moved(rest[: rest.index(",") + 1], start)


def _moved(passed: str, start: tuple[int, int]) -> tuple[int, int]:
    """The place behind `passed`, which begins at `start`."""
    lines = passed.split("\n")
    if len(lines) == 1:
        return start[0], start[1] + len(passed.encode())
    return start[0] + len(lines) - 1, len(lines[-1].encode())
