"""Runs the body of a loop for no, one and two members of what it goes over."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..._lifecycle.records import Key, NextMember, Waited
from ..program.nodes import bound_names
from ..sessions.results import members
from .outcomes import Exit, after_turn
from .rows import Row, ends_at_first, goes_in_batches, last_lines, row_names
from .state import Around, Path, State, distinct, unlike
from .targets import assign
from .values import UNKNOWN, Ext, Inst, Many, Sym, Tup, Value

if TYPE_CHECKING:
    from .flow import Flow


def iterate(
    flow: Flow, target: ast.expr, value: Value, state: State, body: Callable[[State], list[Exit]], node: ast.AST
) -> list[Exit]:
    """The exits of a loop; those of kind `next` are the paths on which it ended."""
    value = members(flow, value, state, node)
    if isinstance(value, Tup):
        return _each_item(flow, target, value, state, body)
    loop = _Loop(flow, target, value, node)
    loop.enter(state)
    ended, exits = [state.copy()], []
    current, begun = [state], {state.fingerprint()}
    for _ in range(2):
        following: list[State] = []
        for path in current:
            loop.next_member(path)
            with flow.at_row(loop.row):
                again, stopped, leaving = after_turn(body(path))
            following += again
            ended += stopped
            for exit in leaving:
                loop.leave(exit.state)
            exits += leaving
        following = distinct(following)
        ended += [path.copy() for path in following]
        current = unlike(following, begun)
    loop.tell_empty(ended)
    for path in ended:
        loop.leave(path)
    return [*exits, *(Exit("next", path) for path in distinct(ended))]


def _each_item(
    flow: Flow, target: ast.expr, value: Tup, state: State, body: Callable[[State], list[Exit]]
) -> list[Exit]:
    current, exits, ended = [state], [], []
    for item in value.items[:3]:
        following: list[State] = []
        for path in current:
            assign(flow, target, item, path, target)
            again, stopped, leaving = after_turn(body(path))
            following += again
            ended += stopped
            exits += leaving
        current = distinct(following)
    return [*exits, *(Exit("next", path) for path in distinct([*current, *ended]))]


class _Loop:
    """Hands out members one at a time: each starts as a row of the query does, and leaves its state behind for all."""

    def __init__(self, flow: Flow, target: ast.expr, value: Value, node: ast.AST) -> None:
        self.flow = flow
        self.target = target
        self.element: Value = UNKNOWN
        if isinstance(value, Many):
            self.element = value.element
        elif isinstance(value, Sym):
            self.element = Sym(Path(value.key, "*"))
        self.around = around(value, flow.key(node, "loop"))
        self.rows = instances_of(self.element)
        self.row = Row(frozenset(bound_names(target)), getattr(value, "session", None))
        self.is_loop = True
        self.messages = (
            value.type.removesuffix("()") if isinstance(value, Ext) and ".WebSocket.iter_" in value.type else None
        )
        if isinstance(node, ast.For | ast.AsyncFor):
            self.row = Row(row_names(node), self.row.session, last_lines(node))
            self.is_loop = not ends_at_first(node)
        if not self.is_loop or (isinstance(node, ast.For | ast.AsyncFor) and goes_in_batches(node)):
            self.row = Row(frozenset())

    def enter(self, state: State) -> None:
        state.loop = (*state.loop, self.around) if self.is_loop else state.loop
        for row in self.rows:
            state.clone_instance(row.key, _sibling(row, "rest"))

    def next_member(self, state: State) -> None:
        for row in self.rows:
            state.clone_instance(_sibling(row, "rest").key, row)
            forget_children(state, row.key)
            self.flow.note(state, NextMember(instance=row.key))
        if self.messages is not None:
            self.flow.emit(state, Waited(kind="client", what=self.messages, site=self.flow.site(self.target)))
        assign(self.flow, self.target, self.element, state, self.target)

    def tell_empty(self, ended: list[State]) -> None:
        """Where the body changes its members, a path that never ran it (the first) is one without members."""
        untouched, others = ended[0], ended[1:]
        for row in self.rows if not isinstance(self.around.key, Path) else ():
            known = untouched.life.instances.get(row.key)
            if any(path.life.instances.get(row.key) != known for path in others):
                untouched.mark("empty", self.around.key)
                break

    def leave(self, state: State) -> None:
        state.loop = state.loop[:-1] if self.is_loop else state.loop
        for row in self.rows:
            state.forget(_sibling(row, "rest").key)


def forget_children(state: State, key: Key) -> None:
    """What the last member's lazy relationships brought is not what the next one's will bring."""
    children = [child for child in state.life.instances if isinstance(child, Path) and child.base == key]
    for child in children:
        known = state.life.instances[child]
        if ("lazy", child) in state.marks:
            state.forget(child)
            state.marks -= {("lazy", child)}
        elif known.session is None:
            continue


def _sibling(row: Inst, tag: str) -> Inst:
    return Inst((tag, row.key), row.mapping)


def around(value: Value, key: Key) -> Around:
    """The loop over a value, called `key` where the value has no name of its own."""
    if not isinstance(value, Many):
        return Around("items", key)
    members = frozenset(inst.key for inst in instances_of(value.element))
    return Around("rows" if value.rows else "items", value.key, members)


def instances_of(element: Value) -> list[Inst]:
    """The mapped instances of a row."""
    if isinstance(element, Inst):
        return [element]
    return [item for item in element.items if isinstance(item, Inst)] if isinstance(element, Tup) else []
