"""Sessions whose making cannot be seen: an annotation promises them, or what a `with` binds is used as one."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..._lifecycle.records import Key
from ..paths.outcomes import Exit
from ..paths.state import State
from ..paths.values import UNKNOWN, Cm, Ext, Many, Sess, Sym, Value
from ..program.settings import Settings
from ..program.traces import Remembered
from .methods import close_session, open_session

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow
    from ..program.modules import Function


class Promised:
    """Answers what a function says that it returns or yields, where its body hands on something unknown.

    Nothing tells how such a session was made or what its owner does at the end: its changes are taken to be kept, and
    what hangs on its settings is not proven.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._kept: Remembered[Function, Sess | Cm | None] = Remembered(analyzer.project.trace)

    def of(self, function: Function) -> Sess | Cm | None:
        """The session that a function's annotation promises, or the context manager of one."""
        return self._kept.get(function, partial(self._read, function))

    def _read(self, function: Function) -> Sess | Cm | None:
        returns = function.head.returns
        if returns is None or self.analyzer.annotations.is_optional(returns):
            return None
        found = self.analyzer.annotated(returns, function.module, ("promised", function.qualname))
        if self.analyzer.is_generator(function) or self.analyzer.is_context_manager(function):
            found = found.element if isinstance(found, Many) else found.subject if isinstance(found, Cm) else found
        return found if isinstance(found, (Sess, Cm)) else None

    def returned(self, flow: Flow, function: Function, value: Value, state: State, node: ast.AST) -> Value:
        """What a call gives: the value itself, or the session that stands for it and belongs to somebody else."""
        match self.of(function) if _is_unknown(value) else None:
            case Sess(is_async=is_async):
                session = self.session(flow.key(node, "promised"), is_async=is_async)
                flow.emit(state, replace(self.analyzer.received(session.key), site=flow.site(node)), "own")
                state.mark("shared", session.key)
                return session
            case Cm(subject=Sess(is_async=is_async)):
                return Cm("promised", self.session(flow.key(node, "promised"), is_async=is_async))
            case _:
                return value

    def around(
        self, flow: Flow, function: Function, node: ast.AST,
        body: Callable[[State, Value], list[Exit]], run: Callable[[Callable[[State, Value], list[Exit]]], list[Exit]],
    ) -> list[Exit]:  # fmt: skip
        """`run` a generator around a `body`; a session that it only promises lives from its `yield` to its end."""
        promise = self.of(function)
        if not isinstance(promise, Sess):
            return run(body)
        session = self.session(flow.key(node, "promised"), is_async=promise.is_async)

        def given(path: State, value: Value) -> list[Exit]:
            if not _is_unknown(value):
                return body(path, value)
            self.open(flow, session, path, node)
            return body(path, session)

        exits = run(given)
        for exit in exits:
            known = exit.state.life.sessions.get(session.key)
            if known is not None and known.phase != "closed":
                close_session(flow, session, exit.state, node, *(("raising",) if exit.kind == "raise" else ()))
        return exits

    def entered(self, flow: Flow, value: Value, target: ast.expr | None, state: State, node: ast.AST) -> Value:
        """What a `with` enters; a session, where something unknown is bound to a name that is then used as one."""
        if not isinstance(target, ast.Name) or not isinstance(node, ast.Call) or value is not UNKNOWN:
            return value
        nodes = self.analyzer.walk(flow.function) if flow.function is not None else ()
        kind = self.analyzer.usage.session(target.id, nodes, flow.module)
        return value if kind is None else Cm("promised", self.session(flow.key(node, "promised"), is_async=kind))

    def open(self, flow: Flow, session: Sess, state: State, node: ast.AST) -> None:
        """A block begins with a session of its own; whoever opened it closes it."""
        expires = self.analyzer.received(session.key).expire_on_commit
        open_session(flow, session, state, node, expire=expires, bound=True)
        state.held.pop(session.key, None)
        state.mark("shared", session.key)

    def session(self, key: Key, *, is_async: bool) -> Sess:
        """A session under this key of which nothing but its kind is known."""
        self.analyzer.sessions[key] = Settings(is_async, is_promised=True)
        return Sess(key, is_async)


def _is_unknown(value: Value) -> bool:
    return value is UNKNOWN or isinstance(value, (Ext, Sym))
