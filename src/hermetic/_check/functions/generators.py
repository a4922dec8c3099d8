"""Generator functions as context managers: their body runs around the body of the `with`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..paths.outcomes import Exit
from ..paths.state import State, take
from ..paths.targets import sessions_in
from ..paths.values import UNKNOWN, Call, Closure, Cm, Ref, Value
from ..sessions.methods import close_session

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow

MAX_DEPTH = 6
_STARTS = frozenset({"__enter__", "__aenter__", "__next__", "__anext__", "send", "asend"})
_CLOSES = frozenset({"close", "aclose", "throw", "athrow"})
_STOPS = _CLOSES | {"__exit__", "__aexit__"}


class Generators:
    """Runs `@contextmanager` functions and yield dependencies in line with what they are wrapped around."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def run(
        self, flow: Flow, function: Value, call: Call, state: State, body: Callable[[State, Value], list[Exit]],
        *, on_loop: bool = True,
    ) -> list[Exit]:  # fmt: skip
        """The exits of a `with` over a generator function of the project; one not `on_loop` runs in a thread."""
        closure = _closure(function)
        if closure is None:
            return body(state, UNKNOWN)
        inside = partial(self._run, flow, closure, call, state, on_loop)
        return self.analyzer.promised.around(flow, closure.function, call.node, body, inside)

    def _run(
        self,
        flow: Flow,
        closure: Closure,
        call: Call,
        state: State,
        on_loop: bool,
        body: Callable[[State, Value], list[Exit]],
    ) -> list[Exit]:
        if flow.depth >= MAX_DEPTH or closure.function not in self.analyzer.relevance:
            return body(state, UNKNOWN)
        self.analyzer.reach.called(flow, closure.function, state)
        inner = self.analyzer.frame(closure.function, flow, on_yield=body)
        inner.on_loop = inner.on_loop and on_loop
        inner.notes = tuple(note for note in flow.notes if note == "finally")
        self.analyzer.bind_arguments(inner, closure, call, state)
        saved, state.pending = state.pending, ()
        exits: list[Exit] = []
        for exit in inner.block(closure.function.node.body, [state]):
            exit.state.envs.pop(inner.frame, None)
            pending, exit.state.pending = exit.state.pending, saved
            if exit.kind == "raise":
                exits.append(exit)
            elif pending:
                kind, value = pending[-1]
                exits.append(Exit(kind, exit.state, value))  # type: ignore[arg-type]
        return exits

    def first(self, flow: Flow, function: Value, call: Call, state: State, node: ast.AST) -> Value:
        """`next(get_db())` at `node`: the generator runs to its `yield`; who called owns what it got."""
        closure = _closure(function)
        if closure is None or flow.depth >= MAX_DEPTH:
            return UNKNOWN
        caught: list[tuple[State, Value]] = []

        def stop(trial: State, value: Value) -> list[Exit]:
            caught.append((trial, value))
            return []

        self.analyzer.reach.called(flow, closure.function, state)
        inner = self.analyzer.frame(closure.function, flow, on_yield=stop)
        self.analyzer.bind_arguments(inner, closure, call, state)
        inner.block(closure.function.node.body, [state.copy()])
        if not caught:
            return UNKNOWN
        found, value = caught[0]
        opened = [session for session in sessions_in(value) if session.key not in state.life.sessions]
        take(state, found)
        for session in opened:
            flow.analyzer.same_settings(session, session)
            state.held[session.key] = replace(flow.analyzer.received(session.key), site=flow.site(node))
        state.attrs[call, "yielded"] = value
        return value

    def resumed(self, flow: Flow, call: Call, state: State, node: ast.AST, *, to_end: bool) -> None:
        """A generator that was taken by hand goes on `to_end`, or is closed: what it yielded closes with it.

        What it commits on the way to its end is not looked at.
        """
        for session in sessions_in(state.attrs.pop((call, "yielded"), UNKNOWN)):
            if to_end:
                state.mark("shared", session.key)
            close_session(flow, session, state, node)

    def method(self, flow: Flow, generator: Cm, name: str, state: State, node: ast.AST) -> Value:
        """A method of a generator, or of a context manager entered and left by hand."""
        if generator.call is None:
            return UNKNOWN
        if name in _STARTS and (generator.call, "yielded") not in state.attrs:
            return self.first(flow, generator.subject, generator.call, state, node)
        if name in _STARTS | _STOPS:
            self.resumed(flow, generator.call, state, node, to_end=name not in _CLOSES)
        return UNKNOWN


def _closure(function: Value) -> Closure | None:
    if isinstance(function, Closure):
        return function
    if isinstance(function, Ref):
        return Closure(function.definition)  # type: ignore[arg-type]
    return None
