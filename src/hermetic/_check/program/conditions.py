"""How a path remembers the answers to the conditions of a function: by their texts."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from .nodes import walk
from .remembered import remembered


def tests_in(node: ast.AST) -> Sequence[ast.expr]:
    """The conditions that a node asks for by itself."""
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return (test,)
        case ast.BoolOp(values=values):
            return values
        case _:
            return ()


def conditions_in(node: ast.AST, inner: Iterable[ast.AST]) -> Iterator[str]:
    """The texts of all conditions that a statement or a test asks for; `inner` are its nodes."""
    if isinstance(node, ast.expr):
        yield from texts_of(node)
    for each in inner:
        for test in tests_in(each):
            yield from texts_of(test)


def texts_of(test: ast.expr) -> Sequence[str]:
    """The conditions inside a test, as they are remembered."""
    match test:
        case ast.BoolOp(values=values):
            return [text for value in values for text in texts_of(value)]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return texts_of(operand)
        case ast.Compare(
            left=left, ops=[ast.Is() | ast.Eq() | ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=None)]
        ):
            text = fact(left, "is None")
        case _:
            text = fact(test, "")
    return (text,) if text else ()


def fact(node: ast.expr, suffix: str) -> str | None:
    """The text by which a condition is remembered; None for one whose answer may change by itself."""
    text = _steady(node)
    return f"({text}) {suffix}".strip() if text is not None else None


@remembered
def _steady(node: ast.expr) -> str | None:
    """The source of an expression that has the same value until a name in it is bound anew."""
    if any(isinstance(inner, (ast.Call, ast.Await, ast.NamedExpr, ast.Yield)) for inner in walk(node)):
        return None
    return ast.unparse(node)


@lru_cache(maxsize=8192)
def names_of(text: str) -> frozenset[str]:
    """The names in a condition as it is remembered."""
    return frozenset(node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name))
