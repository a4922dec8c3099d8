"""Callees that open a session of their own while a session of the caller's has work to commit."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._lifecycle.records import Key, NestedHow, SessionNested
from .parameters import arguments_with_defaults
from .state import State
from .targets import sessions_in
from .values import NONE, UNKNOWN, Call, Sess, Value

if TYPE_CHECKING:
    from .flow import Flow
    from .modules import Function


def nest(flow: Flow, state: State, node: ast.AST, what: str, how: NestedHow, parameter: str = "") -> None:
    """A function is called that works on another session than those which are open on this path."""
    for key, session in list(state.life.sessions.items()):
        if session.phase != "closed" and (session.uncommitted or session.pending or session.dirty or session.deleted):
            record = SessionNested(session=key, what=what, how=how, parameter=parameter, site=flow.site(node))
            flow.emit(state, record)


def nest_own(flow: Flow, state: State, call: Call, function: Function, bound: Mapping[Key, Value]) -> None:
    """A callee worked on a session that it opened: because it was given none, or whatever it is given."""
    if any(sessions_in(value) for value in (*call.args, *(value for _, value in call.keywords))):
        return
    for argument, default in arguments_with_defaults(function):
        if not (isinstance(default, ast.Constant) and default.value is None):
            continue
        parameter = flow.analyzer.parameter(function, argument)
        if isinstance(parameter, Sess):
            if bound.get(parameter.key, UNKNOWN) in (UNKNOWN, NONE):
                nest(flow, state, call.node, function.name, "parameter", argument.arg)
            return
    nest(flow, state, call.node, function.name, "own")
