"""Callees that open a session of their own while a session of the caller's has work to commit."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..._lifecycle.records import NestedHow, SessionNested
from ..paths.state import State, Worked
from ..paths.targets import sessions_in
from ..paths.values import NONE, UNKNOWN, Decorated, Sess, Value
from ..program.parameters import arguments_with_defaults

if TYPE_CHECKING:
    from ..paths.flow import Flow
    from .replay import Replay


def nest(flow: Flow, state: State, node: ast.AST, what: str, how: NestedHow, parameter: str, *notes: str) -> None:
    """A function is called that works on another session than those which are open on this path."""
    for key, session in list(state.life.sessions.items()):
        if session.phase != "closed" and (session.uncommitted or session.pending or session.dirty or session.deleted):
            record = SessionNested(session=key, what=what, how=how, parameter=parameter, site=flow.site(node))
            flow.emit(state, record, *notes)


def nest_decorated(
    flow: Flow, state: State, decorated: Decorated, session: Value, parameter: str, *, is_certain: bool = True
) -> None:
    """A decorator hands a function the session that it has; one of a registry or a module may be the caller's own."""
    if not isinstance(session, Sess) or (isinstance(session.key, tuple) and session.key[0] in {"scoped", "global"}):
        return
    known = flow.analyzer.sessions.get(session.key)
    is_certain = is_certain and session.key in state.life.sessions and not (known and known.is_promised)
    notes = () if is_certain else ("promised",)
    nest(flow, state, decorated.call.node, decorated.function.name, "decorator", parameter, *notes)


def nest_own(flow: Flow, state: State, callee: Replay, worked: Worked) -> None:
    """A callee worked on a session that it opened: because it was given none, or whatever it is given."""
    call, function = callee.call, callee.function
    if any(sessions_in(value) for value in (*call.args, *(value for _, value in call.keywords))):
        return
    notes = ("promised",) if worked.is_promised else ()
    for argument, default in arguments_with_defaults(function):
        if not (isinstance(default, ast.Constant) and default.value is None):
            continue
        parameter = flow.analyzer.parameter(function, argument)
        if isinstance(parameter, Sess):
            if callee.bound.get(parameter.key, UNKNOWN) in (UNKNOWN, NONE):
                nest(flow, state, call.node, function.name, "parameter", argument.arg, *notes)
            return
    nest(flow, state, call.node, function.name, "own", "", *notes)
