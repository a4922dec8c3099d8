"""Instances turned into response models: which attributes the conversion reads."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..paths.loops import around
from ..paths.reads import follow
from ..paths.state import State
from ..paths.targets import instances_in
from ..paths.values import UNKNOWN, Call, Inst, Many, Value
from ..program.modules import Class

if TYPE_CHECKING:
    from ..paths.flow import Flow


def validate(flow: Flow, cls: Class, call: Call, state: State) -> Value:
    """`OrderRead.model_validate(order)`."""
    respond(flow, cls, call.argument(0, "obj"), state, call.node, "conversion")
    return UNKNOWN


def respond(flow: Flow, cls: Class, value: Value, state: State, node: ast.AST, note: str) -> None:
    """Let a conversion into `cls` read what it reads of each instance in `value`."""
    if isinstance(value, Many):
        state.loop = (*state.loop, around(value, value.key))
        respond(flow, cls, value.element, state, node, note)
        state.loop = state.loop[:-1]
        return
    for inst in instances_in(value) if not isinstance(value, Inst) else [value]:
        with flow.noting("response", note, cls.name):
            for path in flow.analyzer.schemas.reads(cls, inst.mapping):
                follow(flow, inst, path, state, node)
