"""Which calls render a template, and with what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ..paths.state import State
from ..paths.values import UNKNOWN, Bound, Call, Closure, Const, Ext, Pairs, Value

if TYPE_CHECKING:
    from ..paths.flow import Flow

_FUNCTIONS = frozenset({"render_template", "stream_template"})
_RESPONSES = frozenset({"TemplateResponse", "render_template"})
_LOADS = frozenset({"get_template", "select_template", "get_or_select_template"})
_RENDERS = frozenset({"render", "render_async", "stream", "generate", "generate_async"})
_LOADED = "jinja2.Template"


def rendered(flow: Flow, node: ast.Call, callee: Value, call: Call, state: State) -> Value | None:
    """Let a call render the template that it names; gives what it loads, None where it is to be called like any other."""
    spelled = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
    if isinstance(callee, Closure):
        return None
    if spelled in _LOADS:
        return _loaded(flow, call)
    if spelled in _RENDERS and isinstance(callee, Bound):
        name = _name_of(callee.owner)
        context = [*_unpacked(call.argument(0)), *_keywords(call)]
    elif spelled in _RESPONSES or spelled in _FUNCTIONS:
        name = next(_strings((*call.args, call.keyword("name"))), None)
        context = [
            *(pair for value in (*call.args, call.keyword("context")) for pair in _unpacked(value)),
            *_keywords(call),
        ]
    else:
        return None
    if name is not None:
        flow.analyzer.templates.render(flow, name, context, state, node)
    return None


def _loaded(flow: Flow, call: Call) -> Value | None:
    """`environment.get_template("order.html")`: the template itself."""
    name = next(_strings(call.args), None)
    if name is None or flow.analyzer.templates.page(name, flow.module.file.path) is None:
        return None
    return Ext(_LOADED, (("name", Const(name)),))


def _name_of(value: Value) -> str | None:
    return (
        next(_strings(value for _, value in value.members), None)
        if isinstance(value, Ext) and value.type == _LOADED
        else None
    )


def _strings(values: Iterable[Value | None]) -> Iterator[str]:
    return (value.value for value in values if isinstance(value, Const) and isinstance(value.value, str))


def _unpacked(value: Value | None) -> tuple[tuple[str, Value], ...]:
    return tuple(zip(value.names, value.items, strict=True)) if isinstance(value, Pairs) else ()


def _keywords(call: Call) -> Iterator[tuple[str, Value]]:
    for name, value in call.keywords:
        if name == "**":
            yield from _unpacked(value)
        elif value is not UNKNOWN:
            yield name, value
