"""What each kind of expression evaluates to, and what happens on the way."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..calls.calling import evaluate_call
from ..calls.concurrency import join
from ..calls.containers import WIRED
from ..program.modules import Class, External
from ..program.nodes import walk
from .comprehensions import comprehend
from .evaluate import evaluate
from .membership import is_within
from .reads import read, shown
from .state import Path, State, take
from .targets import bind
from .truth import asked, split, truth_of
from .values import (
    NONE,
    UNKNOWN,
    Const,
    Engine,
    Inst,
    Lambda,
    Maker,
    Many,
    Obj,
    Pairs,
    Ref,
    Sess,
    Sym,
    Task,
    Tup,
    Value,
)

if TYPE_CHECKING:
    from .flow import Flow


def _constant(flow: Flow, node: ast.Constant, state: State) -> Value:
    value = node.value
    return Const(value) if value is None or isinstance(value, (bool, str, int)) else UNKNOWN


def _name(flow: Flow, node: ast.Name, state: State) -> Value:
    env = flow.env(state)
    if node.id in env:
        return env[node.id]
    if node.id in flow.shape.names:
        return UNKNOWN
    return flow.analyzer.names.free_name(flow, node.id)


def _attribute(flow: Flow, node: ast.Attribute, state: State) -> Value:
    return read(flow, evaluate(flow, node.value, state), node.attr, state, node)


def _subscript(flow: Flow, node: ast.Subscript, state: State) -> Value:
    owner = evaluate(flow, node.value, state)
    index = evaluate(flow, node.slice, state)
    match owner:
        case Many(element=element):
            return owner if isinstance(node.slice, ast.Slice) else element
        case Pairs(items=items, names=names):
            return items[names.index(index.value)] if isinstance(index, Const) and index.value in names else UNKNOWN
        case Tup(items=items) if isinstance(index, Const) and isinstance(index.value, int):
            return items[index.value] if -len(items) <= index.value < len(items) else UNKNOWN
        case Sym(key=key):
            return Sym(Path(key, "*"))
        case Ref(definition=Class()):
            return owner
        case Ref(definition=External(name=name)) if name == WIRED:
            return index
        case _:
            return UNKNOWN


def _display(flow: Flow, node: ast.List | ast.Tuple | ast.Set, state: State) -> Value:
    items = tuple(evaluate(flow, item, state) for item in node.elts)
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return Many(items[0] if items else UNKNOWN, flow.key(node, "list"))
    return Tup(items) if items or isinstance(node, ast.Tuple) else Many(UNKNOWN, flow.key(node, "list"))


def _starred(flow: Flow, node: ast.Starred, state: State) -> Value:
    value = evaluate(flow, node.value, state)
    return value.element if isinstance(value, Many) else UNKNOWN


def _dict(flow: Flow, node: ast.Dict, state: State) -> Value:
    keys = [evaluate(flow, key, state) if key is not None else UNKNOWN for key in node.keys]
    values = [evaluate(flow, value, state) for value in node.values]
    names = tuple([key.value if isinstance(key, Const) and isinstance(key.value, str) else "" for key in keys])
    return Pairs(tuple(values), names) if any(isinstance(value, _TOLD_APART) for value in values) else UNKNOWN


_TOLD_APART = (Inst, Many, Sess, Engine, Maker, Obj, Sym)


def _await(flow: Flow, node: ast.Await, state: State) -> Value:
    with flow.awaiting(node.value):
        value = evaluate(flow, node.value, state)
    return join(flow, value, state) if isinstance(value, Task) else value


def _conditional(flow: Flow, node: ast.IfExp, state: State) -> Value:
    yes, no = split(flow, node.test, state.copy())
    sides = [(path, node.body) for path in yes[:1]] + [(path, node.orelse) for path in no[:1]]
    if not sides:
        return UNKNOWN
    path, branch = sides[flow.choose(len(sides)) if len(sides) > 1 else 0]
    take(state, path)
    return evaluate(flow, branch, state)


def _boolean(flow: Flow, node: ast.BoolOp, state: State) -> Value:
    """`a or b`, `a and b` as a value: which operand it is may be a choice."""
    is_or = isinstance(node.op, ast.Or)
    for operand in node.values[:-1]:
        yes, no = split(flow, operand, state.copy())
        stays, goes_on = (yes, no) if is_or else (no, yes)
        if stays and (not goes_on or flow.choose(2) == 0):
            take(state, stays[0])
            return evaluate(flow, operand, state) if not _calls(operand) else UNKNOWN
        if not goes_on:
            return UNKNOWN
        take(state, goes_on[0])
    return evaluate(flow, node.values[-1], state)


def _calls(node: ast.expr) -> bool:
    return any(isinstance(inner, (ast.Call, ast.Await)) for inner in walk(node))


def _named(flow: Flow, node: ast.NamedExpr, state: State) -> Value:
    value = evaluate(flow, node.value, state)
    bind(flow, node.target.id, value, state)
    return value


def _not(flow: Flow, node: ast.UnaryOp, state: State) -> Value:
    value = evaluate(flow, node.operand, state)
    if isinstance(node.op, ast.Not) and isinstance(value, Sess) and not _calls(node.operand):
        return asked(flow, node, state)
    truth = truth_of(value, state) if isinstance(node.op, ast.Not) else None
    return UNKNOWN if truth is None else Const(not truth)


def _compare(flow: Flow, node: ast.Compare, state: State) -> Value:
    values = [evaluate(flow, operand, state) for operand in (node.left, *node.comparators)]
    if (
        len(values) == 2
        and isinstance(node.ops[0], (ast.Is, ast.IsNot))
        and values[1] == NONE
        and isinstance(values[0], Const)
    ):
        return Const((values[0].value is None) == isinstance(node.ops[0], ast.Is))
    if (
        len(values) == 2
        and isinstance(node.ops[0], (ast.Is, ast.IsNot))
        and any(isinstance(value, Sess) for value in values)
    ):
        return _same_session(flow, node, values[0], values[1], state)
    if isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(values[0], Inst) and isinstance(values[1], Sess):
        answer = is_within(flow, values[0], values[1], state)
        is_not = isinstance(node.ops[0], ast.NotIn)
        return Const(answer.value != is_not) if isinstance(answer, Const) else UNKNOWN
    if len(values) == 2 and all(isinstance(value, Const) for value in values):
        same = values[0] == values[1]
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            return Const(same == isinstance(node.ops[0], ast.Eq))
    return UNKNOWN


def _same_session(flow: Flow, node: ast.Compare, left: Value, right: Value, state: State) -> Value:
    """`session is None` kept in a name, or `db is session`: the path remembers which of both it was."""
    is_same = isinstance(node.ops[0], ast.Is)
    if isinstance(node.comparators[0], ast.Constant):
        return asked(flow, node, state)
    if any(isinstance(value, Sess) and ("optional", value.key) in state.marks for value in (left, right)):
        return UNKNOWN
    if isinstance(right, Sess) and isinstance(left, (Sess, Const)):
        return Const((isinstance(left, Sess) and left.key == right.key) == is_same)
    return Const(not is_same) if isinstance(right, Const) or left == NONE else UNKNOWN


def _binary(flow: Flow, node: ast.BinOp, state: State) -> Value:
    left, right = evaluate(flow, node.left, state), evaluate(flow, node.right, state)
    if isinstance(left, Tup) and isinstance(right, Tup):
        return Tup((*left.items, *right.items))
    return left if isinstance(left, Many) else right if isinstance(right, Many) else UNKNOWN


def _call(flow: Flow, node: ast.Call, state: State) -> Value:
    return evaluate_call(flow, node, state)


def _lambda(flow: Flow, node: ast.Lambda, state: State) -> Value:
    return Lambda(node)


def _comprehension(
    flow: Flow, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State
) -> Value:
    return comprehend(flow, node, state)


def _formatted(flow: Flow, node: ast.FormattedValue, state: State) -> Value:
    value = evaluate(flow, node.value, state)
    if isinstance(value, Inst):
        shown(flow, value, state, node)
    return UNKNOWN


def _yield(flow: Flow, node: ast.Yield, state: State) -> Value:
    if node.value is not None:
        evaluate(flow, node.value, state)
    return UNKNOWN


EXPRESSIONS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.List: _display,
    ast.Tuple: _display,
    ast.Set: _display,
    ast.Starred: _starred,
    ast.Dict: _dict,
    ast.Await: _await,
    ast.IfExp: _conditional,
    ast.BoolOp: _boolean,
    ast.NamedExpr: _named,
    ast.UnaryOp: _not,
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.FormattedValue: _formatted,
    ast.Yield: _yield,
}
