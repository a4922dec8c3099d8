"""Generator functions as context managers: their body runs around the body of the `with`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .outcomes import Exit
from .state import State
from .values import UNKNOWN, Call, Closure, Ref, Value

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .flow import Flow

MAX_DEPTH = 6


class Generators:
    """Runs `@contextmanager` functions and yield dependencies in line with what they are wrapped around."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def run(
        self, flow: Flow, function: Value, call: Call, state: State, body: Callable[[State, Value], list[Exit]]
    ) -> list[Exit]:
        """The exits of a `with` over a generator function of the project."""
        closure = _closure(function)
        if closure is None or flow.depth >= MAX_DEPTH:
            return body(state, UNKNOWN)
        inner = self.analyzer.frame(closure.function, flow, on_yield=body)
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

    def first(self, flow: Flow, function: Value, call: Call, state: State) -> Value:
        """`next(get_db())`: the generator runs to its `yield` and is never resumed."""
        closure = _closure(function)
        if closure is None or flow.depth >= MAX_DEPTH:
            return UNKNOWN
        caught: list[tuple[State, Value]] = []

        def stop(trial: State, value: Value) -> list[Exit]:
            caught.append((trial, value))
            return []

        inner = self.analyzer.frame(closure.function, flow, on_yield=stop)
        self.analyzer.bind_arguments(inner, closure, call, state)
        inner.block(closure.function.node.body, [state.copy()])
        if not caught:
            return UNKNOWN
        found, value = caught[0]
        from .evaluate import take

        take(state, found)
        return value


def _closure(function: Value) -> Closure | None:
    if isinstance(function, Closure):
        return function
    if isinstance(function, Ref):
        return Closure(function.definition)  # type: ignore[arg-type]
    return None
