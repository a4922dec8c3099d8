"""Which work leaves the session of a thread-local or task-local registry open, told when the whole program has been seen."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from ..._lifecycle.records import Key, RegistryLeft, ScopeHow, SessionRecord
from ..._lifecycle.session import SessionState
from ..paths.state import Site, State
from ..paths.values import Bound, Ext, Maker, Sess
from ..program.settings import Settings
from .evidence import Evidence, Unremoved

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow
    from ..paths.outcomes import Exit
    from ..paths.values import Value
    from ..program.modules import Function
    from .reach import Reach

_REQUESTS = (".Request", ".WebSocket", ".HTTPConnection")
_OF_FLASK = ("scoped", "flask")
_REMOVES = re.compile(r"\.remove(?:\(\)|\s*[,)])")


class Registries:
    """Notes which functions end with a registry's session open, and which remove it."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def session(self, maker: Maker) -> Sess:
        """The session that a registry hands out: the same at every place of one thread or task."""
        session = Sess(("scoped", maker.key), maker.is_async)
        is_told = not _is_variable(maker.key)
        self.analyzer.sessions[session.key] = Settings(
            maker.is_async, maker.expire_on_commit if is_told else None, maker.autoflush
        )
        return session

    def held(self, maker: Maker, state: State) -> Sess:
        """What a registry hands out when it is called; a context variable may have none."""
        session = self.session(maker)
        if _is_variable(maker.key):
            state.mark("optional", session.key)
        return session

    def kept(self, flow: Flow, value: Value, target: ast.expr) -> Value:
        """A value; of what a request keeps on its `state` and the function then uses as a session, that session."""
        match value:
            case Bound(owner=Bound(owner=Ext(type=name), name="state"), name=attribute) if name.endswith(_REQUESTS):
                nodes = self.analyzer.walk(flow.function) if flow.function is not None else ()
                kind = self.analyzer.usage.session(ast.unparse(target), nodes, flow.module)
                return value if kind is None else self.session(Maker(("held", "state", attribute), kind, scoped=True))
            case _:
                return value

    def removed(self, flow: Flow, maker: Maker) -> None:
        """`Session.remove` is named here, to be called now or later."""
        function = flow.function.ident if flow.function is not None else None
        self.analyzer.evidence.removed.add((maker.key, function))

    def handed(self, value: Value) -> None:
        """Something unknown gets a registry: it may empty it."""
        if isinstance(value, Maker) and value.scoped:
            self.analyzer.evidence.removed.add((value.key, None))

    def ended(self, function: Function, exits: list[Exit]) -> None:
        """A function ends; in which of its ways is a registry's session left with a transaction?"""
        for exit in exits:
            for session in exit.state.life.sessions.values():
                registry = self._left_in(function, session.key)
                site = _first_use(session.key, exit.state) if registry is not None and _is_left(session) else None
                if site is None:
                    continue
                by: Literal["return", "raise"] = "raise" if exit.kind == "raise" else "return"
                record = RegistryLeft(session=session.key, how="thread", by=by, site=site)
                left = Unremoved(record, function.module.name, function.ident, registry, session.is_async)
                self.analyzer.evidence.unremoved.setdefault((function.ident, registry, by), left)

    def _left_in(self, function: Function, session: Key) -> Key | None:
        """The registry that a session is from; Flask's own is emptied with its context, unless that is pushed for good."""
        if session == _OF_FLASK:
            return _OF_FLASK if any(map(_pushes_for_good, self.analyzer.walk(function))) else None
        return _registry(session)

    def tell(self, whole: Evidence, reach: Reach) -> None:
        """Tell of work that begins a transaction of its thread or task, and of which nobody else ends it."""
        for (function, registry, by), left in sorted(whole.unremoved.items(), key=lambda item: repr(item[0])):
            how = self._how(function, left, whole)
            if how is None or (by == "raise" and (function, registry, "return") in whole.unremoved):
                continue
            removers = {remover for key, remover in whole.removed if key == registry}
            if removers - reach.below(function) or (by == "raise" and not removers):
                continue
            notes = ("elsewhere",) if not removers and self._may_remove() else ()
            self.analyzer.outside(left.module).emit(
                State(), replace(left.record, how=how, what=self._name(registry)), *notes
            )

    def _name(self, registry: Key) -> str:
        """What the program calls a registry."""
        if registry == _OF_FLASK:
            return "db.session"
        assert isinstance(registry, tuple)
        _, module, line, column = registry[:4]
        for node in ast.walk(self.analyzer.project.modules[module].tree):
            if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                continue
            if (node.value.lineno, node.value.col_offset) == (line, column):
                return ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
        return "the registry"

    def _how(self, function: str, left: Unremoved, whole: Evidence) -> ScopeHow | None:
        """What a function is the whole of: a request, a job, a thread's work, a task; None for a part of something."""
        definition = self.analyzer.function_named(function)
        dependencies = self.analyzer.dependencies
        if self.analyzer.engines.runs_once(definition):
            return None
        if dependencies.route(definition) is not None:
            return "request"
        if dependencies.is_entry(definition):
            return "job"
        return "thread" if function in whole.threads and not left.is_async else None

    def _may_remove(self) -> bool:
        """Whether the program removes something of which it cannot be told what it is."""
        return any(_REMOVES.search(module.file.text) for module in self.analyzer.project.modules.values())


def _is_variable(key: Key) -> bool:
    """Whether what holds a session is a context variable."""
    return isinstance(key, tuple) and key[:1] == ("held",)


def is_registry(key: Key) -> bool:
    """Whether a session is one that a registry hands out to each thread or task."""
    return isinstance(key, tuple) and key[:1] == ("scoped",)


def _registry(key: Key) -> Key | None:
    match key:
        case ("scoped", ("scoped", *_) as registry):
            return registry
        case _:
            return None


def _pushes_for_good(node: ast.AST) -> bool:
    """`app.app_context().push()`: nobody has a name to pop it by."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Attribute(attr=made)), attr="push")):
            return made in {"app_context", "test_request_context"}
        case _:
            return False


def _is_left(session: SessionState) -> bool:
    """Whether a session holds a transaction; the one of a task is kept by its registry in any case."""
    return session.phase in {"in-transaction", "failed"} or (session.is_async and session.phase != "closed")


def _first_use(key: Key, state: State) -> Site | None:
    """Where a path first works with a session."""
    sites = (record.site for record in state.records() if isinstance(record, SessionRecord) and record.session == key)
    return next((site for site in sites if isinstance(site, Site)), None)
