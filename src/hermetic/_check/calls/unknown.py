"""What a call of something unknown does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..._lifecycle.records import Waited
from ..paths.state import State
from ..paths.targets import instances_in, sessions_in
from ..paths.values import Call
from ..whole.engines import lend
from .announcing import announce

if TYPE_CHECKING:
    from ..paths.flow import Flow


def unknown_call(flow: Flow, call: Call, state: State, what: str = "") -> None:
    """A call of something unknown: harmless, but what it was given is in other hands now, and an await takes time."""
    given = (*call.args, *(value for _, value in call.keywords))
    for value in given:
        flow.analyzer.registries.handed(value)
        for session in sessions_in(value):
            state.mark("shared", session.key)
        for inst in instances_in(value):
            state.mark("shared", inst.key)
    lend(call, what, state)
    announce(flow, call, state, what)
    if call.awaited and isinstance(call.node, ast.Call) and not any(sessions_in(value) for value in given):
        flow.emit(state, Waited(kind="await", what=what or ast.unparse(call.node.func), site=flow.site(call.node)))
