"""Tells whether an expression is made of what a function's caller gives, and so differs from call to call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .parameters import arguments_with_defaults

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from .modules import Function


def is_given(analyzer: Analyzer, function: Function, node: ast.AST) -> bool:
    """Whether an expression of a function names a parameter that every caller has to fill, or what was made of one.

    A default, a dependency of a web framework and the object of a method are none of it.
    """
    names, size = _names(node), -1
    bindings = list(_bindings(analyzer.walk(function)))
    while size != len(names):
        size = len(names)
        names = names.union(*(made_of for bound, made_of in bindings if bound & names))
    return not names.isdisjoint(_required(analyzer, function))


def _required(analyzer: Analyzer, function: Function) -> frozenset[str]:
    injected = {name for name, _, _ in analyzer.dependencies.of(function)}
    args = function.node.args
    own = [*args.posonlyargs, *args.args][:1] if function.cls is not None else []
    named = [each for each, default in arguments_with_defaults(function) if default is None and each not in own]
    rest = [each for each in (args.vararg, args.kwarg) if each is not None]
    return frozenset(each.arg for each in (*named, *rest) if each.arg not in injected)


def _bindings(nodes: list[ast.AST]) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """The names that statements bind, with those that the bound values are made of."""
    for node in nodes:
        match node:
            case ast.Assign(targets=targets, value=value):
                yield frozenset[str]().union(*map(_names, targets)), _names(value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield _names(target), _names(value)
            case ast.NamedExpr(target=target, value=value) | ast.AugAssign(target=target, value=value):
                yield _names(target), _names(value)
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                yield _names(target), _names(value)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                yield _names(target), _names(value)
            case _:
                continue


def _names(node: ast.AST) -> frozenset[str]:
    return frozenset(inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))
