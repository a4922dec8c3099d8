"""Which instance a session answers with from memory when the same row is asked for again by its key."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._lifecycle.records import Key
from ..._lifecycle.schema import Mapping
from ..paths.state import State
from ..paths.values import Inst, Sess

if TYPE_CHECKING:
    from ..paths.flow import Flow


@dataclass(frozen=True, slots=True)
class Remembered:
    """A session has loaded `instance` by the primary key that `text` spells: the name of a variable, or a literal."""

    instance: Inst
    session: Key
    text: str


def remember(state: State, session: Sess, instance: Inst, text: str | None) -> None:
    """Note by what key an instance was loaded."""
    if text is not None:
        state.mark("identity", Remembered(instance, session.key, text))


def held(flow: Flow, state: State, session: Sess, mapping: Mapping | None, text: str | None) -> Inst | None:
    """The instance of this key that the session holds still, because a local variable keeps it alive."""
    if text is None:
        return None
    for name, kept in state.marks:
        if name != "identity" or not isinstance(kept, Remembered) or (kept.session, kept.text) != (session.key, text):
            continue
        known = state.life.instances.get(kept.instance.key)
        is_there = known is not None and known.session == session.key and known.status == "persistent"
        if is_there and kept.instance.mapping is mapping and kept.instance in flow.env(state).values():
            return kept.instance
    return None


def remembered(state: State, instance: Inst) -> bool:
    """Whether a session would answer with this instance for its key."""
    return any(
        name == "identity" and isinstance(kept, Remembered) and kept.instance == instance for name, kept in state.marks
    )


def rebound(state: State, name: str) -> None:
    """A variable holds something else now: what was loaded by its old value cannot be asked for by its name."""
    gone = [mark for mark in state.marks if isinstance(mark[1], Remembered) and mark[1].text == name]
    if gone:
        state.marks = state.marks.difference(gone)


def spelled(node: ast.expr | None) -> str | None:
    """The text of a key that stays the same until its variable is bound again; None for any other."""
    return ast.unparse(node) if isinstance(node, ast.Name | ast.Constant) else None


def key_of_get(node: ast.AST) -> str | None:
    """The key in `session.get(Order, order_id)`."""
    return spelled(node.args[1]) if isinstance(node, ast.Call) and len(node.args) > 1 else None


def key_of_where(node: ast.AST, mapping: Mapping | None) -> str | None:
    """The key in `.where(Order.id == order_id)` or `.filter_by(id=order_id)`."""
    keys = {name for name, column in mapping.columns.items() if column.primary_key} if mapping else set()
    if not isinstance(node, ast.Call) or len(keys) != 1:
        return None
    for arg in node.args:
        match arg:
            case ast.Compare(left=ast.Attribute(attr=name), ops=[ast.Eq()], comparators=[value]) if name in keys:
                return spelled(value)
    return next((spelled(keyword.value) for keyword in node.keywords if keyword.arg in keys), None)
