"""Splits a path at a condition, and keeps what each side then knows."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..program.conditions import fact
from .evaluate import evaluate
from .state import State, Supposed, take
from .values import (
    NONE,
    UNKNOWN,
    Bound,
    Closure,
    Const,
    Engine,
    Inst,
    Maker,
    Obj,
    Query,
    Ref,
    Result,
    Sess,
    Stmt,
    Sym,
    Value,
)

if TYPE_CHECKING:
    from .flow import Flow
    from .outcomes import Exit

Sides = tuple[list[State], list[State]]


def split(flow: Flow, test: ast.expr, state: State) -> Sides:
    """The paths on which `test` holds, and those on which it does not."""
    match test:
        case ast.BoolOp(op=ast.And(), values=values):
            return _all(flow, values, state)
        case ast.BoolOp(op=ast.Or(), values=values):
            return _any(flow, values, state)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yes, no = split(flow, operand, state)
            return no, yes
        case ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)]):
            return _sides(flow, IS_NONE, left, state)
        case ast.Compare(left=left, ops=[ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=None)]):
            none, some = _sides(flow, IS_NONE, left, state)
            return some, none
        case _:
            false, true = _sides(flow, IS_TRUE, test, state)
            return true, false


def asked(flow: Flow, test: ast.expr, state: State) -> Value:
    """The answer of a test as a value: a choice where both may be, and the path then knows what it learned."""
    yes, no = split(flow, test, state.copy())
    if yes and (not no or flow.choose(2) == 0):
        take(state, yes[0])
        return Const(True)
    if no:
        take(state, no[0])
        return Const(False)
    return UNKNOWN


def _all(flow: Flow, tests: list[ast.expr], state: State) -> Sides:
    yes, no = [state], []
    for test in tests:
        following: list[State] = []
        for path in yes:
            holds, fails = split(flow, test, path)
            following += holds
            no += fails
        yes = following
    return yes, no


def _any(flow: Flow, tests: list[ast.expr], state: State) -> Sides:
    yes, no = [], [state]
    for test in tests:
        following: list[State] = []
        for path in no:
            holds, fails = split(flow, test, path)
            yes += holds
            following += fails
        no = following
    return yes, no


def _tried(flow: Flow, test: ast.expr, state: State) -> list[Exit]:
    """What a condition evaluates to; what is read on the way is noted as tested."""
    with flow.noting("test"):
        return flow.branches(state, lambda trial: evaluate(flow, test, trial))


def _sides(flow: Flow, question: _Question, node: ast.expr, state: State) -> Sides:
    """The paths on which there is nothing, and those on which there is something."""
    nothing: list[State] = []
    something: list[State] = []
    for exit in _tried(flow, node, state):
        if exit.kind != "next":
            continue
        is_lazy = _is_lazy(flow, node, exit.state)
        known = None if is_lazy else question.answer(exit.value, exit.state)
        if known is None:
            known = exit.state.facts.get(fact(node, question.suffix) or "")
        if known in {None, question.if_nothing}:
            path = exit.state.copy()
            if question is IS_NONE or is_lazy or isinstance(exit.value, (Sess, Inst)):
                _refine(flow, node, NONE, path)
            _learn(flow, node, question.suffix, question.if_nothing, path)
            _assume(flow, exit.value, "none", path)
            if known is None:
                _suppose(exit.value, question.nothing, path)
            nothing.append(path)
        if known in {None, not question.if_nothing}:
            if known is None:
                _suppose(exit.value, question.something, exit.state)
            _learn(flow, node, question.suffix, not question.if_nothing, exit.state)
            _settle(exit.value, exit.state)
            _assume(flow, exit.value, "some", exit.state)
            something.append(exit.state)
    return nothing, something


def truth_of(value: Value, state: State) -> bool | None:
    """Whether a value is true; None where both may be."""
    match value:
        case Const(value=constant):
            return bool(constant)
        case Sess(key=key):
            return None if ("optional", key) in state.marks else True
        case Inst(key=key):
            return True if isinstance(key, tuple) and key[0] == "new" else None
        case Engine() | Maker() | Obj() | Closure() | Ref() | Stmt() | Query() | Result() | Bound():
            return True
        case _:
            return None


def _is_none(value: Value, state: State) -> bool | None:
    if isinstance(value, Const):
        return value.value is None
    truth = truth_of(value, state)
    return False if truth else None


@dataclass(frozen=True, slots=True)
class _Question:
    """What a condition asks of a value, and how a path is told on which there is nothing, or something.

    `if_nothing` is the answer where there is nothing; `suffix` tells the question's facts from those of other questions.
    """

    answer: Callable[[Value, State], bool | None]
    suffix: str
    if_nothing: bool
    nothing: Supposed
    something: Supposed


IS_NONE = _Question(_is_none, "is None", True, "none", "some")
IS_TRUE = _Question(truth_of, "", False, "false", "true")


def _is_lazy(flow: Flow, test: ast.expr, state: State) -> bool:
    """Whether a condition asks for an attribute that an object may have filled already, or not."""
    if not (isinstance(test, ast.Attribute) and isinstance(test.value, ast.Name)):
        return False
    owner = flow.env(state).get(test.value.id, UNKNOWN)
    if not isinstance(owner, Obj) or (owner.key, test.attr) in state.attrs:
        return False
    return flow.analyzer.fields.is_lazy(owner.cls, test.attr)


def _settle(value: Value, state: State) -> None:
    """An optional session that was tested is there."""
    if isinstance(value, Sess):
        state.marks -= {("optional", value.key)}


def _assume(flow: Flow, value: Value, name: str, state: State) -> None:
    """The path of an `__exit__` goes with a failure in its block, or without one: its caller knows which it was."""
    if isinstance(value, Sym) and flow.function is not None and flow.function.name in {"__exit__", "__aexit__"}:
        state.mark(name, value.key)


def _suppose(value: Value, kind: Supposed, state: State) -> None:
    """From here on the path goes with such an argument only."""
    if isinstance(value, (Sym, Sess)):
        state.supposed |= {(kind, value.key)}


def _refine(flow: Flow, node: ast.expr, value: Value, state: State) -> None:
    if isinstance(node, ast.NamedExpr):
        node = node.target
    if isinstance(node, ast.Name) and flow.env(state).get(node.id, UNKNOWN) != value:
        flow.env(state)[node.id] = value
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        owner = flow.env(state).get(node.value.id, UNKNOWN)
        if isinstance(owner, Obj):
            state.attrs[owner.key, node.attr] = value


def _learn(flow: Flow, node: ast.expr, suffix: str, holds: bool, state: State) -> None:
    text = fact(node, suffix)
    if text is not None and text in flow.shape.conditions:
        state.facts[text] = holds
