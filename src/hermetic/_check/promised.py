"""Sessions from a function whose inside cannot be seen: its return annotation is believed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .._lifecycle.records import Key
from .outcomes import Exit
from .sessions import close_session, open_session
from .settings import Settings
from .state import State
from .values import UNKNOWN, Ext, Many, Sess, Sym, Value

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .flow import Flow
    from .modules import Function


class Promised:
    """Answers what a function says that it returns or yields, where its body hands on something unknown.

    Nothing tells how such a session was made or what its owner does at the end: its changes are taken to be kept, and
    what hangs on its settings is not proven.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._kinds: dict[Function, bool | None] = {}

    def kind(self, function: Function) -> bool | None:
        """Whether a function's annotation promises an async session; None where it promises no session."""
        if function not in self._kinds:
            self._kinds[function] = self._read(function)
        return self._kinds[function]

    def _read(self, function: Function) -> bool | None:
        returns = function.node.returns
        if returns is None:
            return None
        found = self.analyzer.annotated(returns, function.module, ("promised", function.qualname))
        yields = self.analyzer.is_generator(function) or self.analyzer.is_context_manager(function)
        if yields and isinstance(found, Many):
            found = found.element
        if not isinstance(found, Sess) or self.analyzer.annotations.is_optional(returns):
            return None
        return found.is_async

    def returned(self, flow: Flow, function: Function, value: Value, state: State, node: ast.AST) -> Value:
        """What a call gives: the value itself, or the session that stands for it and belongs to somebody else."""
        kind = self.kind(function) if _is_unknown(value) else None
        if kind is None:
            return value
        session = self._session(flow.key(node, "promised"), is_async=kind)
        flow.emit(state, replace(self.analyzer.received(session.key), site=flow.site(node)), "own")
        state.mark("shared", session.key)
        return session

    def around(
        self, flow: Flow, function: Function, node: ast.AST,
        body: Callable[[State, Value], list[Exit]], run: Callable[[Callable[[State, Value], list[Exit]]], list[Exit]],
    ) -> list[Exit]:  # fmt: skip
        """`run` a generator around a `body`; a session that it only promises lives from its `yield` to its end."""
        kind = self.kind(function)
        if kind is None:
            return run(body)
        session = self._session(flow.key(node, "promised"), is_async=kind)

        def given(path: State, value: Value) -> list[Exit]:
            if not _is_unknown(value):
                return body(path, value)
            expires = self.analyzer.received(session.key).expire_on_commit
            open_session(flow, session, path, node, expire=expires, bound=True)
            path.held.pop(session.key, None)
            path.mark("shared", session.key)
            return body(path, session)

        exits = run(given)
        for exit in exits:
            known = exit.state.life.sessions.get(session.key)
            if known is not None and known.phase != "closed":
                close_session(flow, session, exit.state, node, *(("raising",) if exit.kind == "raise" else ()))
        return exits

    def _session(self, key: Key, *, is_async: bool) -> Sess:
        self.analyzer.sessions[key] = Settings(is_async, is_promised=True)
        return Sess(key, is_async)


def _is_unknown(value: Value) -> bool:
    return value is UNKNOWN or isinstance(value, (Ext, Sym))
