"""Binds the result of `merge()`, so that changes reach the copy that the session watches."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .source import Fix, Sources, own_nodes

if TYPE_CHECKING:
    from ..whole.evidence import Wanted

_SHARING = (ast.Global, ast.Nonlocal, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def merge_result(wanted: Wanted, sources: Sources) -> Fix | None:
    """`session.merge(order)` becomes `order = session.merge(order)`, where the name is the function's alone.

    Safe: it is told only of an instance that the function itself made or loaded, and whose changes were to be stored.
    """
    (site,) = wanted.sites
    found = sources.call(site)
    if found is None:
        return None
    source, call = found
    if not call.args or not isinstance(call.args[0], ast.Name):
        return None
    name = call.args[0].id
    statement, function = source.statement(call), source.function(call)
    if not isinstance(statement, ast.Expr) or function is None or _is_outer(function, name):
        return None
    edit = source.insert(statement.lineno, statement.col_offset, f"{name} = ")
    return Fix((edit,), "safe")


def _is_outer(function: ast.AST, name: str) -> bool:
    """Whether a function shares a name with the code around it or inside it."""
    shared = (
        node.names
        if isinstance(node, ast.Global | ast.Nonlocal)
        else [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]
        for node in own_nodes(function)
        if isinstance(node, _SHARING)
    )
    return any(name in names for names in shared)
