"""Which attributes of its parameters a function reads, told from its source alone."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeAlias

from ..program.modules import Function, FunctionNode, dotted
from ..program.nodes import walk
from .annotated import text

Path: TypeAlias = tuple[str, ...]

EVERY_COLUMN = "*"
"""Stands in a path for all columns: `getattr(self, column.name)` in a loop over the table's columns."""

_ELEMENTS_OF_FIRST = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "next", "min", "max", "first"}
_ELEMENTS_OF_SECOND = {"map", "filter"}
_COLUMN_LISTS = {"__table__", "__mapper__", "columns", "column_attrs", "c", "mapper"}


def reads_of(function: Function) -> dict[str, frozenset[Path]]:
    """The attribute paths read from each parameter, by its name; `{("items", "price")}` for a loop over `order.items`.

    Both sides of every branch count, and so do nested functions.
    """
    arguments = function.head.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    reader = _Reader(names)
    reader.function(function.node)
    return {name: frozenset(reader.found[name]) for name in names}


class _Reader(ast.NodeVisitor):
    """Follows parameters, and the local names that stand for something reached from them."""

    def __init__(self, parameters: list[str]) -> None:
        self.found: dict[str, set[Path]] = {name: set() for name in parameters}
        self.names: dict[str, tuple[str, Path]] = {name: (name, ()) for name in parameters}
        self.own = parameters[0] if parameters else None
        self.lists_columns = False

    def function(self, node: FunctionNode) -> None:
        attributes = (found.attr for found in walk(node) if isinstance(found, ast.Attribute))
        self.lists_columns = any(name in _COLUMN_LISTS for name in attributes)
        for statement in node.body:
            self.visit(statement)

    def reached(self, node: ast.expr) -> tuple[str, Path] | None:
        """The parameter and the path from it that an expression stands for; a collection stands for its elements."""
        match node:
            case ast.Name(id=name):
                return self.names.get(name)
            case ast.Attribute(value=owner, attr=name):
                return self._below(owner, name)
            case ast.Subscript(value=value) | ast.Await(value=value) | ast.Starred(value=value):
                return self.reached(value)
            case ast.NamedExpr(value=value):
                return self.reached(value)
            case ast.BoolOp(values=values):
                return self._first(values)
            case ast.IfExp(body=body, orelse=orelse):
                return self._first([body, orelse])
            case ast.Call():
                return self._called(node)
        return None

    def _below(self, owner: ast.expr, name: str) -> tuple[str, Path] | None:
        above = self.reached(owner)
        return (above[0], (*above[1], name)) if above else None

    def _first(self, nodes: Iterable[ast.expr]) -> tuple[str, Path] | None:
        return next((found for node in nodes if (found := self.reached(node))), None)

    def _called(self, node: ast.Call) -> tuple[str, Path] | None:
        name, arguments = dotted(node.func) or "", node.args
        if name == "super" and self.own:
            return self.own, ()
        if name == "getattr" and len(arguments) > 1:
            attribute = text(arguments[1])
            if attribute is None:
                attribute = EVERY_COLUMN if self.lists_columns else None
            return self._below(arguments[0], attribute) if attribute else None
        if name in _ELEMENTS_OF_FIRST and arguments:
            return self.reached(arguments[0])
        if name in _ELEMENTS_OF_SECOND and len(arguments) > 1:
            return self.reached(arguments[1])
        if name == "enumerate" and arguments:
            return self.reached(arguments[0])
        return None

    def _read(self, node: ast.expr) -> None:
        found = self.reached(node)
        if found is not None and found[1] and found[0] in self.found:
            self.found[found[0]].add(found[1])

    def _bind(self, target: ast.expr, value: ast.expr) -> None:
        """Let the names of an assignment or a loop stand for what they are given."""
        if isinstance(target, ast.Tuple):
            if isinstance(value, ast.Call) and dotted(value.func) == "enumerate":
                self._bind(target.elts[-1], value)
            elif isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
                for one, other in zip(target.elts, value.elts, strict=True):
                    self._bind(one, other)
        elif isinstance(target, ast.Name):
            found = self.reached(value)
            if found is not None:
                self.names[target.id] = found
            else:
                self.names.pop(target.id, None)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Load):
            self._read(node)
        self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = dotted(node.func)
        if name == "getattr":
            self._read(node)
        source = self.reached(node)
        given = [*node.args[:1], *(word.value for word in node.keywords)]
        for function in given:
            if isinstance(function, ast.Lambda) and function.args.args and source is not None:
                self.names[function.args.args[0].arg] = source
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            self._bind(target, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Attribute):
            self._read(node.target)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.generic_visit(node)
        self._bind(node.target, node.value)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._bind(node.target, node.iter)
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    def visit_AsyncFor(self, node: ast.AsyncFor) -> None:
        self.visit_For(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.visit(node.iter)
        self._bind(node.target, node.iter)
        for condition in node.ifs:
            self.visit(condition)

    def _comprehended(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        for generator in node.generators:
            self.visit(generator)
        self.visit(node.elt)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehended(node)

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._comprehended(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._comprehended(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        for part in (*node.generators, node.key, node.value):
            self.visit(part)
