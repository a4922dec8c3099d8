"""Which functions can have to do with a session at all; the others are left alone."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import known
from .modules import Class, External, Function, Global, Module, Project, dotted

if TYPE_CHECKING:
    from .analyzer import Analyzer

_HOMES = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "advanced_alchemy")
_SESSION_CALLS = frozenset({
    "commit", "rollback", "flush", "refresh", "expunge", "expunge_all", "add_all", "scalars", "scalar_one_or_none", "scalar_one",
    "begin_nested", "stream_scalars", "run_sync", "no_autoflush", "session",
})  # fmt: skip
_TOO_COMMON = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str)) | frozenset(dir(set)) | {
    "run", "start", "stop", "close", "send", "read", "write", "load", "save", "create", "delete", "build", "process", "execute",
    "info", "debug", "warning", "error", "exception", "log", "name", "parse", "main", "call", "invoke", "set", "put", "open",
    "__init__", "__enter__", "__exit__", "__call__", "setup", "init", "register", "to_dict", "validate", "connect", "wait",
}  # fmt: skip


class Relevance:
    """Functions that name something of SQLAlchemy's or a model, and those that reach one of them by calls."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.project: Project = analyzer.project
        self._names: dict[tuple[str, str], bool] = {}
        self._callers: dict[object, list[Function]] = {}
        self.functions = self._reached()

    def __contains__(self, function: Function) -> bool:
        return function in self.functions

    def _reached(self) -> set[Function]:
        found: set[Function] = set()
        for function in self.project.functions():
            if self._is_seed(function) or function.module.file.fence:
                found.add(function)
        queue = deque(found)
        while queue:
            function = queue.popleft()
            for caller in self._waiting_for(function):
                if caller not in found:
                    found.add(caller)
                    queue.append(caller)
        return found

    def _is_seed(self, function: Function) -> bool:
        """Whether a function itself names a session, a model, an engine or a statement; keeps whom it calls."""
        is_seed = False
        for node in (*self._signature(function), *self.analyzer.walk(function)):
            match node:
                case ast.Call(func=ast.Attribute(attr=attr)):
                    is_seed = is_seed or attr in _SESSION_CALLS
                    self._calls(attr, function)
                case ast.Name(id=name):
                    is_seed = is_seed or self._is_telling(function.module, name)
                    self._calls_name(function, name)
                case ast.Attribute(attr=attr):
                    is_seed = is_seed or attr in _SESSION_CALLS or self._is_telling_path(function.module, node)
                case ast.ImportFrom(module=str() as name) if name.startswith(_HOMES):
                    is_seed = True
                case _:
                    continue
        return is_seed

    def _signature(self, function: Function) -> Iterator[ast.AST]:
        args = function.node.args
        for argument in (*args.posonlyargs, *args.args, *args.kwonlyargs):
            if argument.annotation is not None:
                yield from ast.walk(argument.annotation)
        for default in (*args.defaults, *args.kw_defaults):
            if default is not None:
                yield from ast.walk(default)
        for decorator in function.node.decorator_list:
            yield from ast.walk(decorator)

    def _calls(self, name: str, caller: Function) -> None:
        if name not in _TOO_COMMON:
            self._callers.setdefault(name, []).append(caller)

    def _calls_name(self, caller: Function, name: str) -> None:
        definition = self.project.resolve(caller.module, name)
        if isinstance(definition, Global) and isinstance(definition.value, ast.Call):
            definition = self.project.resolve_expr(definition.module, definition.value.func)
        if isinstance(definition, (Function, Class)):
            self._callers.setdefault(definition, []).append(caller)

    def _waiting_for(self, function: Function) -> Iterable[Function]:
        yield from self._callers.get(function, ())
        if function.cls is not None:
            yield from self._callers.get(function.cls, ())
        if function.name not in _TOO_COMMON:
            yield from self._callers.get(function.name, ())
        if function.outer is not None:
            yield function.outer

    def _is_telling(self, module: Module, name: str) -> bool:
        key = (module.name, name)
        if key not in self._names:
            self._names[key] = False
            self._names[key] = self._tells(module, name)
        return self._names[key]

    def _tells(self, module: Module, name: str) -> bool:
        return self._means(self.project.resolve(module, name), 0)

    def _means(self, definition: object, depth: int) -> bool:
        match definition:
            case External(name=name):
                return name.startswith(_HOMES) or known.may_wait(name)
            case Class():
                return (
                    self.analyzer.models.mapping(definition) is not None
                    or self.analyzer.session_class(definition) is not None
                )
            case Global(module=module, value=value, annotation=annotation) if depth < 3:
                nodes = [node for node in (value, annotation) if node is not None]
                return any(
                    self._means(self.project.resolve(module, name), depth + 1)
                    for node in nodes
                    for inner in ast.walk(node)
                    if (name := dotted(inner) if isinstance(inner, (ast.Name, ast.Attribute)) else None)
                )
            case _:
                return False

    def _is_telling_path(self, module: Module, node: ast.Attribute) -> bool:
        name = dotted(node)
        if name is None or name.partition(".")[0] not in module.names:
            return False
        return self._is_telling(module, name)
