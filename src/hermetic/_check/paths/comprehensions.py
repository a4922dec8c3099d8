"""A comprehension: its element evaluated once for a member that stands for all."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..calls.concurrency import started_each
from ..program.nodes import bound_names
from ..sessions.results import members
from ..sessions.rowsets import without_repeats
from .evaluate import evaluate
from .loops import around
from .rows import Row
from .state import Path, State
from .targets import assign
from .values import UNKNOWN, Many, Sym, Tup, Value

if TYPE_CHECKING:
    from .flow import Flow


def comprehend(flow: Flow, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State) -> Value:
    """The collection that a comprehension builds; names bound in it are gone afterwards."""
    before = dict(flow.env(state))
    depth, rows = state.loop, flow.rows
    source: Value = UNKNOWN
    for generator in node.generators:
        source = evaluate(flow, generator.iter, state)
        source = without_repeats(source) if isinstance(node, ast.SetComp | ast.DictComp) else source
        source = members(flow, source, state, generator.iter)
        element = _member(source)
        state.loop = (*state.loop, around(source, flow.key(generator.iter, "loop")))
        flow.rows = (*flow.rows, Row(frozenset(bound_names(generator.target)), getattr(source, "session", None)))
        assign(flow, generator.target, element, state, generator.iter)
        for test in generator.ifs:
            evaluate(flow, test, state)
    if isinstance(node, ast.DictComp):
        evaluate(flow, node.key, state)
        built = evaluate(flow, node.value, state)
    else:
        built = evaluate(flow, node.elt, state)
    started_each(flow, built, state)
    state.loop, flow.rows = depth, rows
    state.envs[flow.frame] = before
    if isinstance(source, Many) and built == source.element:
        return source
    return Many(built, flow.key(node, "list"))


def _member(source: Value) -> Value:
    """What stands for any member."""
    match source:
        case Many(element=element):
            return element
        case Tup(items=items) if items:
            return items[0]
        case Sym(key=key):
            return Sym(Path(key, "*"))
        case _:
            return UNKNOWN
