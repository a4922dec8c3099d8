"""The value of an expression; `expressions` knows each kind, and evaluates its parts by this again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .state import State
from .values import UNKNOWN, Value

if TYPE_CHECKING:
    from .flow import Flow


def evaluate(flow: Flow, node: ast.expr, state: State) -> Value:
    """The value of an expression on this path; may raise Raised, and may choose between branches."""
    handler = flow.expressions.get(type(node))
    if handler is not None:
        return handler(flow, node, state)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(flow, child, state)
    return UNKNOWN
