"""Tells where a program names a function, so that a caller counts whose paths were not walked, or not to their end."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..program.modules import Definition, Function, Imported, Module, dotted, imported_names

if TYPE_CHECKING:
    from ..analyzer import Analyzer


class Mentions:
    """Finds them by name: in the modules whose text has it, through the imports that a function makes for itself."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._own: dict[Function, list[ast.AST]] = {}
        self._imported: dict[Function, dict[str, Imported]] = {}

    def of(self, function: Function) -> Iterator[Function | None]:
        """The functions that name a function of a module's body, and None for each module that does outside of them."""
        if function.outer is not None or function.cls is not None:
            return
        for module in self._analyzer.project.modules.values():
            if function.name in module.file.text:
                yield from self._in(module, function)

    def _in(self, module: Module, function: Function) -> Iterator[Function | None]:
        for other in module.contents.functions:
            if any(self._means(other, node) is function for node in self._nodes(other)):
                yield other
        resolve = module.project.resolve_expr
        if any(resolve(module, node) is function for node in _scope(module.tree.body) if isinstance(node, ast.expr)):
            yield None

    def _nodes(self, function: Function) -> list[ast.AST]:
        if function not in self._own:
            self._own[function] = list(_scope(function.node.body))
        return self._own[function]

    def _means(self, function: Function, node: ast.AST) -> Definition | None:
        """What an expression in a function means; the nearest function around it that imports its first name decides."""
        name = dotted(node) if isinstance(node, (ast.Name, ast.Attribute)) else None
        if name is None:
            return None
        first, *rest = name.split(".")
        project, around = function.module.project, function
        while first not in self._imports(around):
            if around.outer is None:
                return project.resolve(function.module, name)
            around = around.outer
        found: Definition | None = project.imported(around.module, self._imports(around)[first])
        for part in rest:
            found = project.member(found, part)
        return found

    def _imports(self, function: Function) -> dict[str, Imported]:
        if function not in self._imported:
            statements = (node for node in self._nodes(function) if isinstance(node, (ast.Import, ast.ImportFrom)))
            found = (pair for node in statements for pair in imported_names(function.module, node))
            self._imported[function] = dict(found)
        return self._imported[function]


def _scope(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a body without those of the functions in it, whose decorators and defaults it has."""
    stack = list(body)
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            stack += [*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one)]
        else:
            stack += ast.iter_child_nodes(node)
