"""Tells that a name without an annotation is a session, by what is done with it: never by how it is called."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..calls import known
from .modules import Class, External, Module

if TYPE_CHECKING:
    from ..analyzer import Analyzer

_TAKES_MODEL = frozenset({"query", "get", "get_one"})
_TAKES_STATEMENT = frozenset({"execute", "scalars", "scalar", "exec", "stream", "stream_scalars"})
_TAKES_INSTANCE = frozenset({"add", "delete", "refresh", "merge", "expunge"})
_TELLING = _TAKES_MODEL | _TAKES_STATEMENT | _TAKES_INSTANCE


@dataclass(slots=True)
class _Used:
    """The calls on each owner as it is spelled, those that are awaited, and what names were assigned."""

    calls: dict[str, list[ast.Call]] = field(default_factory=dict)
    awaited: set[int] = field(default_factory=set)
    made: dict[str, ast.expr] = field(default_factory=dict)


class Usage:
    """Evidence: `x.query(Order)`, `x.execute(select(…))`, `x.get(Order, 1)`, `x.add(Order(…))`."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._last: tuple[Sequence[ast.AST], _Used] | None = None

    def session(self, spelled: str, nodes: Sequence[ast.AST], module: Module) -> bool | None:
        """Whether what is `spelled` so is an async session; None when it is no session as far as one can see."""
        used = self._used(nodes)
        found: bool | None = None
        for call in used.calls.get(spelled, ()):
            if self._is_evidence(call, used.made, module):
                found = bool(found) or id(call) in used.awaited
        return found

    def _used(self, nodes: Sequence[ast.AST]) -> _Used:
        """What some nodes do, looked up once for the names of one function."""
        if self._last is None or self._last[0] is not nodes:
            used = _Used()
            for node in nodes:
                match node:
                    case ast.Await(value=ast.Call() as call):
                        used.awaited.add(id(call))
                    case ast.Assign(targets=[ast.Name(id=name)], value=value):
                        used.made[name] = value
                    case ast.Call(func=ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=name)) if (
                        name in _TELLING and node.args
                    ):
                        used.calls.setdefault(ast.unparse(owner), []).append(node)
            self._last = nodes, used
        return self._last[1]

    def _is_evidence(self, call: ast.Call, made: dict[str, ast.expr], module: Module) -> bool:
        if not isinstance(call.func, ast.Attribute) or not call.args:
            return False
        name, argument = call.func.attr, call.args[0]
        if isinstance(argument, ast.Name) and argument.id in made:
            argument = made[argument.id]
        if name in _TAKES_MODEL:
            return self._is_model(argument, module)
        if name in _TAKES_STATEMENT:
            return self._is_statement(argument, module)
        return name in _TAKES_INSTANCE and isinstance(argument, ast.Call) and self._is_model(argument.func, module)

    def _is_model(self, node: ast.expr, module: Module) -> bool:
        if self.analyzer.fenced.is_model_name(module, node):
            return True
        definition = module.project.resolve_expr(module, node)
        return isinstance(definition, Class) and self.analyzer.models.is_mapped(definition)

    def _is_statement(self, node: ast.expr, module: Module) -> bool:
        while isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                break
            node = (
                node.func.value
                if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
                else node.func
            )
        name = module.project.resolve_expr(module, node.func if isinstance(node, ast.Call) else node)
        if name is None and module.file.fence:
            return isinstance(node, ast.Call) and getattr(node.func, "id", "") in {
                "select",
                "insert",
                "update",
                "delete",
                "text",
            }
        return isinstance(name, External) and (
            name.name in known.SELECTS or name.name in known.WRITES or name.name in known.TEXTS
        )
