"""A comprehension: its element evaluated once for a member that stands for all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .evaluate import evaluate
from .results import members
from .state import Path, State
from .targets import assign
from .values import UNKNOWN, Many, Sym, Tup, Value

if TYPE_CHECKING:
    from .flow import Flow


def comprehend(flow: Flow, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State) -> Value:
    """The collection that a comprehension builds; names bound in it are gone afterwards."""
    before = dict(flow.env(state))
    depth = state.loop
    source: Value = UNKNOWN
    for generator in node.generators:
        source = members(flow, evaluate(flow, generator.iter, state), state, generator.iter)
        element, kind, key = _member(flow, source, generator.iter)
        state.loop = (*state.loop, (kind, key))
        assign(flow, generator.target, element, state, generator.iter)
        for test in generator.ifs:
            evaluate(flow, test, state)
    if isinstance(node, ast.DictComp):
        evaluate(flow, node.key, state)
        built = evaluate(flow, node.value, state)
    else:
        built = evaluate(flow, node.elt, state)
    state.loop = depth
    state.envs[flow.frame] = before
    if isinstance(source, Many) and built == source.element:
        return source
    return Many(built, flow.key(node, "list"))


def _member(flow: Flow, source: Value, node: ast.AST) -> tuple[Value, str, object]:
    match source:
        case Many(element=element, key=key, rows=rows):
            return element, "rows" if rows else "items", key
        case Tup(items=items):
            return (items[0] if items else UNKNOWN), "items", flow.key(node, "loop")
        case Sym(key=key):
            return Sym(Path(key, "*")), "items", flow.key(node, "loop")
        case _:
            return UNKNOWN, "items", flow.key(node, "loop")
