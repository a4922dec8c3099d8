"""What the syntax of a function tells before any of its paths is walked."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from .conditions import tests_in, texts_of
from .liveness import After, afterwards
from .nodes import own_nodes, walk


@dataclass(frozen=True)
class Shape:
    """`names` are those the function binds, `flags` those its conditions mention, `conditions` those asked twice.

    A condition that is asked once need not be remembered on the paths behind it. `shared` are the names that functions
    and classes inside of this one may ask for, who knows when, and those that it shares with others.
    """

    body: Sequence[ast.stmt]
    is_generator: bool
    names: frozenset[str]
    flags: frozenset[str]
    conditions: frozenset[str]
    global_names: frozenset[str]
    shared: frozenset[str]

    @cached_property
    def after(self) -> dict[ast.stmt, After]:
        """What is still asked for after each statement."""
        return afterwards(self.body, self.conditions, self.shared)


NO_SHAPE = Shape((), False, frozenset(), frozenset(), frozenset(), frozenset(), frozenset())
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def shape_of(body: Sequence[ast.stmt]) -> Shape:
    """The shape of a function with this body."""
    own = own_nodes(body)
    tests = [test for node in own for test in tests_in(node)]
    asked = Counter(text for test in tests for text in texts_of(test))
    global_names = frozenset(name for node in own if isinstance(node, ast.Global) for name in node.names)
    shared = {name for node in own if isinstance(node, ast.Nonlocal) for name in node.names}
    shared.update(*(_names(node) for node in own if isinstance(node, _INNER)))
    return Shape(
        body=body,
        is_generator=any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in own),
        names=frozenset(name for node in own for name in _bound(node)),
        flags=frozenset(name for test in tests for name in _names(test)),
        conditions=frozenset(text for text, count in asked.items() if count > 1),
        global_names=global_names,
        shared=global_names | shared,
    )


def _names(node: ast.AST) -> Iterator[str]:
    return (inner.id for inner in walk(node) if isinstance(inner, ast.Name))


def _bound(node: ast.AST) -> Sequence[str]:
    match node:
        case ast.Name():
            return (node.id,) if isinstance(node.ctx, (ast.Store, ast.Del)) else ()
        case ast.Attribute() | ast.Constant() | ast.Call():
            return ()
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
