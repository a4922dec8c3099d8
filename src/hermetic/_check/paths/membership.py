"""What `order in session` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .state import State
from .values import UNKNOWN, Const, Inst, Sess, Value

if TYPE_CHECKING:
    from .flow import Flow


def is_within(flow: Flow, inst: Inst, session: Sess, state: State) -> Value:
    """Whether a session holds an instance; where only the caller knows, the path remembers which of both it was."""
    for name in ("inside", "outside"):
        if (name, inst.key) in state.marks:
            return Const(name == "inside")
    if isinstance(inst.key, tuple) and inst.key[:1] == ("parameter",):
        inside = flow.choose(2) == 0
        state.mark("inside" if inside else "outside", inst.key)
        return Const(inside)
    known = state.life.instances.get(inst.key)
    return UNKNOWN if known is None else Const(known.session == session.key)


def may_be(name: str, value: Value, state: State) -> bool:
    """Whether an argument can be what a path of the callee assumed: `inside` of a session, or `outside` of any."""
    known = state.life.instances.get(value.key) if isinstance(value, Inst) else None
    return known is None or (known.session is not None) == (name == "inside")
