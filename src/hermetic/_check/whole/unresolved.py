"""Session providers whose inside is out of sight: named, so that a silent report is not mistaken for a clean one."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING

from ..paths.values import UNKNOWN, Ext, Ref, Sess, Value
from ..program.modules import External, Function, dotted
from ..program.nodes import walk
from ..program.traces import Remembered

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow


class Unresolved:
    """Notes who hands out what is used as a session, and cannot be looked into."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._sessions: Remembered[ast.Name, bool] = Remembered(analyzer.project.trace)

    def injected(self, function: Function, name: str, parameter: Value, provider: Value) -> None:
        """A framework fills a parameter from a provider that is no function of the project."""
        if not isinstance(parameter, Sess):
            return
        is_named = isinstance(provider, Ref) and isinstance(provider.definition, External)
        told = provider.definition.name if is_named else f"{function.qualname}({name})"  # type: ignore[union-attr]
        self.analyzer.evidence.unresolved.add(told)

    def entered(self, flow: Flow, value: Value, item: ast.withitem) -> None:
        """A `with` binds what an unknown context manager hands out."""
        target, node = item.optional_vars, item.context_expr
        if not isinstance(target, ast.Name) or not isinstance(node, ast.Call):
            return
        if value is not UNKNOWN and not isinstance(value, Ext):
            return
        if self._sessions.get(target, partial(self._is_session, flow, target)):
            found = flow.module.project.resolve_expr(flow.module, node.func)
            name = found.name if isinstance(found, External) else dotted(node.func)
            self.analyzer.evidence.unresolved.add(name or f"{flow.module.name}:{node.lineno}")

    def told(self, name: str) -> str:
        """The name of a provider as it is told: one that is known by its place has a line."""
        module, _, number = name.rpartition(":")
        project = self.analyzer.project
        return f"{module}:{project.line(project.modules[module].file.name, int(number))}" if module else name

    def _is_session(self, flow: Flow, target: ast.Name) -> bool:
        nodes = self.analyzer.walk(flow.function) if flow.function is not None else walk(flow.module.tree)
        return self.analyzer.usage.session(target.id, nodes, flow.module) is not None
