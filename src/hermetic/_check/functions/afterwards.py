"""What a response does when its function has returned: streams that are read, background tasks that run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..._lifecycle.records import ScopeLeft
from ..paths.outcomes import Exit
from ..paths.state import State
from ..paths.values import Call, Closure, Cm, Later, Partial, Tup, Value

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow

MAX_DEPTH = 6


class Afterwards:
    """Keeps work until the function has ended that is around it, with its blocks; then lets it happen."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def streams(self, flow: Flow, value: Value, call: Call, state: State) -> None:
        """A response is made that reads a generator."""
        if isinstance(value, Cm) and value.kind == "function" and isinstance(value.subject, Closure):
            self._keep(flow, Later(value, call), state)

    def runs(self, flow: Flow, call: Call, state: State) -> None:
        """`tasks.add_task(work, …)`."""
        if call.args:
            self._keep(flow, Later(Partial(call.args[0], call.args[1:], call.keywords), call), state)

    def _keep(self, flow: Flow, later: Later, state: State) -> None:
        place = (("afterwards", flow.frame), "work")
        kept = state.attrs.get(place)
        state.attrs[place] = Tup((*(kept.items if isinstance(kept, Tup) else ()), later))

    def happens(self, flow: Flow, exits: list[Exit]) -> list[Exit]:
        """The exits of a function, after what it left to be done."""
        return [self._after(flow, exit) for exit in exits]

    def _after(self, flow: Flow, exit: Exit) -> Exit:
        kept = exit.state.attrs.pop((("afterwards", flow.frame), "work"), None)
        if exit.kind == "raise" or not isinstance(kept, Tup):
            return exit
        state = exit.state
        for later in kept.items:
            if isinstance(later, Later):
                state = self._worked(flow, later, state)
        return Exit(exit.kind, state, exit.value, exit.error)

    def _worked(self, flow: Flow, later: Later, state: State) -> State:
        closed = {key for key, session in state.life.sessions.items() if session.phase == "closed"}
        if isinstance(later.work, Cm):
            after = self._read(flow, later.work, state)
        else:
            call = Call(later.call.node)
            with flow.off_loop():
                after = flow.once(state, partial(flow.call_value, later.work, call)).state
        for key in closed:
            session = after.life.sessions.get(key)
            if session is not None and session.phase == "in-transaction":
                flow.emit(after, ScopeLeft(session=key, by="afterwards", site=flow.site(later.call.node)))
        return after

    def _read(self, flow: Flow, stream: Cm, state: State) -> State:
        """A generator runs to its end; one that stands in the function at work sees its names."""
        closure, call = stream.subject, stream.call
        if not isinstance(closure, Closure) or call is None or flow.depth >= MAX_DEPTH:
            return state
        self.analyzer.reach.called(flow, closure.function, state)
        inner = self.analyzer.frame(closure.function, flow, on_yield=lambda path, _: [Exit("next", path)])
        inner.on_loop = closure.function.is_async
        if closure.function.outer is flow.function:
            inner.env(state).update(flow.env(state))
        self.analyzer.bind_arguments(inner, closure, call, state)
        saved, state.pending = state.pending, ()
        ends = [exit for exit in inner.block(closure.function.node.body, [state.copy()]) if exit.kind != "raise"]
        after = ends[0].state if ends else state
        after.envs.pop(inner.frame, None)
        after.pending = saved
        return after
