"""Gives each finding a fingerprint of the code around it, by which it is known again when lines move and files are renamed."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ._catalogue import Finding

HALF = 16
"""Hex digits of each half of a fingerprint: the first tells the function, the second the hazard and its statement."""

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
_UNTOLD = ("ctx", "kind", "type_comment")


class _Field(str):
    """The name of a field in a syntax tree, told apart from a string in the source."""


_END = _Field(")")

_Named = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Block = ast.stmt | ast.ExceptHandler | ast.match_case


@dataclass(frozen=True, slots=True)
class Scope:
    """The function around a line, or the statement of a class or module that holds it; lines are 1-based, both included."""

    name: str
    node: ast.AST
    first: int
    last: int


class Scopes:
    """Which function each line of a source belongs to, and which statement."""

    def __init__(self, tree: ast.Module) -> None:
        self._statements = [(*_lines(node), node, scope) for node, scope in _statements(tree)]

    def at(self, line: int) -> tuple[Scope, ast.AST] | None:
        """The scope around a line and the innermost statement there; None where there is no code."""
        around = [each for each in self._statements if each[0] <= line <= each[1]]
        if not around:
            return None
        _, _, node, scope = max(around, key=lambda each: (each[0], -each[1]))
        return scope, node


def marked(finding: Finding, found: tuple[Scope, ast.AST] | None) -> Finding:
    """A finding with the function it stands in and its fingerprint, by what is found at its line; without where that is nothing."""
    if found is None:
        return replace(finding, function="", fingerprint="")
    scope, statement = found
    return replace(finding, function=scope.name, fingerprint=_fingerprint(finding, scope, statement))


def _fingerprint(finding: Finding, scope: Scope, statement: ast.AST) -> str:
    return _digest(_normalised(scope.node)) + _digest([finding.slug, *_normalised(statement, head_only=True)])


def _digest(words: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogatepass")).hexdigest()[:HALF]


def _normalised(root: ast.AST, *, head_only: bool = False) -> Iterator[str]:
    """The words of a syntax tree: the same for code that differs in layout, comments and docstrings only.

    Every supported version of Python gives the same words, which `ast.dump` and `ast.unparse` do not promise.
    """
    waiting: list[object] = [root]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.AST):
            fields = [(name, value) for name, value in ast.iter_fields(part) if name not in _UNTOLD]
            if head_only and part is root:
                fields = [(name, value) for name, value in fields if name not in _BLOCKS]
            yield type(part).__name__
            waiting.append(_END)
            for name, value in reversed(fields):
                if value is not None and value != []:
                    waiting += [value, _Field(name)]
        elif isinstance(part, list):
            waiting += reversed([each for each in part if not _is_bare_string(each)])
        else:
            yield str(part) if isinstance(part, _Field) else repr(part)


def _is_bare_string(node: object) -> bool:
    """Whether a statement is a docstring, or another string that does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _statements(tree: ast.Module) -> Iterator[tuple[_Block, Scope]]:
    """Every statement with its scope."""
    waiting: list[tuple[ast.AST, str, Scope | None]] = [(node, "", None) for node in tree.body]
    while waiting:
        node, prefix, scope = waiting.pop()
        if not isinstance(node, _Block):
            continue
        inside, prefix = _entered(node, prefix, scope)
        yield node, inside
        below = None if isinstance(node, ast.ClassDef) and not _in_function(scope) else inside
        waiting += [(child, prefix, below) for child in ast.iter_child_nodes(node)]


def _entered(node: _Block, prefix: str, scope: Scope | None) -> tuple[Scope, str]:
    """The scope that a statement stands in or opens, and the dotted name that what is defined inside it begins with."""
    if isinstance(node, _Named):
        prefix = f"{prefix}.{node.name}".lstrip(".")
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return Scope(prefix, node, *_lines(node)), prefix
    return scope or Scope(prefix or "<module>", node, *_lines(node)), prefix


def _in_function(scope: Scope | None) -> bool:
    return scope is not None and isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef)


def _lines(node: _Block) -> tuple[int, int]:
    """First and last line of a statement, its decorators included."""
    if isinstance(node, ast.match_case):
        return node.pattern.lineno, max(each.end_lineno or each.lineno for each in node.body)
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    return first, node.end_lineno or node.lineno
