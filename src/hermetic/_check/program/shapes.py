"""What the syntax of a function tells before any of its paths is walked."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Shape:
    """`names` are those the function binds, `flags` those its conditions mention, `conditions` those asked twice.

    A condition that is asked once need not be remembered on the paths behind it.
    """

    is_generator: bool
    names: frozenset[str]
    flags: frozenset[str]
    conditions: frozenset[str]
    global_names: frozenset[str]


NO_SHAPE = Shape(False, frozenset(), frozenset(), frozenset(), frozenset())


def shape_of(nodes: Sequence[ast.AST]) -> Shape:
    """The shape of a function with these nodes in its body."""
    inner: set[int] = set()
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            inner |= {id(child) for child in ast.walk(node)} - {id(node)}
    own = [node for node in nodes if id(node) not in inner]
    asked = Counter(text for node in own for test in _tests(node) for text in _texts(test))
    return Shape(
        is_generator=any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own),
        names=frozenset(name for node in own for name in _bound(node)),
        flags=frozenset(
            name.id for node in own for test in _tests(node) for name in ast.walk(test) if isinstance(name, ast.Name)
        ),
        conditions=frozenset(text for text, count in asked.items() if count > 1),
        global_names=frozenset(name for node in own if isinstance(node, ast.Global) for name in node.names),
    )


def _bound(node: ast.AST) -> Sequence[str]:
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            return (name,)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return (name,)
        case (
            ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name)
        ):
            return (name,)
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name.partition(".")[0] for alias in names]
        case _:
            return ()


def _tests(node: ast.AST) -> Sequence[ast.expr]:
    match node:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test):
            return (test,)
        case ast.BoolOp(values=values):
            return values
        case _:
            return ()


def _texts(test: ast.expr) -> Sequence[str]:
    """The conditions inside a test, as they are remembered."""
    match test:
        case ast.BoolOp(values=values):
            return [text for value in values for text in _texts(value)]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _texts(operand)
        case ast.Compare(
            left=left, ops=[ast.Is() | ast.Eq() | ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=None)]
        ):
            text = fact(left, "is None")
        case _:
            text = fact(test, "")
    return (text,) if text else ()


@lru_cache(maxsize=8192)
def fact(node: ast.expr, suffix: str) -> str | None:
    """The text by which a condition is remembered; None for one whose answer may change by itself."""
    if any(isinstance(inner, (ast.Call, ast.Await, ast.NamedExpr, ast.Yield)) for inner in ast.walk(node)):
        return None
    return f"({ast.unparse(node)}) {suffix}".strip()
