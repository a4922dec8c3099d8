"""Which functions can have to do with a session at all, and which of them are worth a look of their own."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..calls import known
from .modules import Class, External, Function, Global, Module, Project, dotted, imported_names
from .traces import Guarded

if TYPE_CHECKING:
    from ..analyzer import Analyzer

_HOMES = ("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "advanced_alchemy")
_SESSION_CALLS = frozenset({
    "commit", "rollback", "flush", "refresh", "expunge", "expunge_all", "add_all", "scalars", "scalar_one_or_none", "scalar_one",
    "begin_nested", "stream_scalars", "run_sync", "no_autoflush", "session",
})  # fmt: skip
_TELLING_CALLS = frozenset(
    {"delay", "apply_async", "send_task", "enqueue", "enqueue_job", "basic_publish", "basic_ack", "ack"}
)
_RENDERING_CALLS = frozenset({"TemplateResponse", "render_template", "get_template"})
_TOO_COMMON = frozenset(dir(dict)) | frozenset(dir(list)) | frozenset(dir(str)) | frozenset(dir(set)) | {
    "run", "start", "stop", "close", "send", "read", "write", "load", "save", "create", "delete", "build", "process", "execute",
    "info", "debug", "warning", "error", "exception", "log", "name", "parse", "main", "call", "invoke", "set", "put", "open",
    "__init__", "__enter__", "__exit__", "__call__", "setup", "init", "register", "to_dict", "validate", "connect", "wait",
}  # fmt: skip


RELEVANT, CONCERNS = "relevant", "concerns"
"""What one can rest on: whether a function has to do with sessions, and what tells so of those of one module."""
Grade: TypeAlias = Literal["telling", "hinting", ""]


class Relevance:
    """Two sets of functions, each with all that reach them by calls.

    `concerned` name something of SQLAlchemy's or a model, or work on the session of a class that does: each is looked at.
    The functions of the relevance itself may besides wait for the outside world, or work on what a caller gives them:
    they are looked at when one of the concerned calls them.
    """

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.project: Project = analyzer.project
        self._names: Guarded[tuple[str, str], bool] = Guarded(self.project.trace, lambda _: False)
        self._callers: dict[str, list[Function]] = {}
        self._telling: set[Function] = set()
        self._hinting: set[Function] = set()
        near = set[Function]()
        for module in self.project.modules.values():
            is_near, told = self.project.facts.get((CONCERNS, module.name), partial(self._told, module))
            for function, (grade, called) in zip(module.contents.functions, told, strict=True):
                self._grade(function, grade, called)
            near |= {function for function in module.contents.functions if is_near and function in self._hinting}
        classes = {function.cls for function in self._telling if function.cls is not None}
        near |= {function for function in self._hinting if function.cls in classes}
        self.concerned = self._closed(self._telling | near)
        self.functions = self._closed(self._telling | self._hinting)

    def _grade(self, function: Function, grade: Grade, called: tuple[str, ...]) -> None:
        if grade == "telling":
            self._telling.add(function)
        elif grade == "hinting":
            self._hinting.add(function)
        for name in called:
            self._callers.setdefault(name, []).append(function)

    def _told(self, module: Module) -> tuple[bool, tuple[tuple[Grade, tuple[str, ...]], ...]]:
        """Whether a module names SQLAlchemy, and what each of its functions is worth, with whom it calls."""
        return _mentions_home(module), tuple(self._sorted(function) for function in module.functions)

    def __contains__(self, function: Function) -> bool:
        function.module.note(RELEVANT, function.ident)
        return function in self.functions

    def _closed(self, seeds: set[Function]) -> set[Function]:
        """The seeds and all that call them, directly or not."""
        found = set(seeds)
        queue = deque(found)
        while queue:
            function = queue.popleft()
            for caller in self._waiting_for(function):
                if caller not in found:
                    found.add(caller)
                    queue.append(caller)
        return found

    def _sorted(self, function: Function) -> tuple[Grade, tuple[str, ...]]:
        """Whether a function names a session, a model, an engine or a statement, and whom it calls."""
        telling, hinting = function.module.file.fence or self._promises(function), False
        given, called = _given(function), dict[str, None]()
        for node in (*self._signature(function), *self.analyzer.walk(function)):
            match node:
                case ast.Call(func=ast.Attribute(attr=attr)):
                    hinting = hinting or attr in _SESSION_CALLS or attr in _TELLING_CALLS or attr in _RENDERING_CALLS
                    if attr not in _TOO_COMMON:
                        called[attr] = None
                case ast.Name(id=name):
                    telling = telling or self._is_telling(function.module, name)
                    hinting = hinting or name in _RENDERING_CALLS or self._waits(function.module, name)
                    if meant := self._called(function, name):
                        called[meant] = None
                case ast.Attribute(attr=attr):
                    telling = telling or self._is_telling_path(function.module, node)
                    is_given = getattr(node.value, "id", "") in given
                    is_relation = is_given and attr in self.analyzer.models.relation_names()
                    hinting = hinting or is_relation or attr in _SESSION_CALLS
                case ast.ImportFrom() | ast.Import():
                    telling = telling or self._brings(function.module, node)
                case _:
                    continue
        return "telling" if telling else "hinting" if hinting else "", tuple(called)

    def _promises(self, function: Function) -> bool:
        """Whether a function's return annotation is a session."""
        nodes = ast.walk(function.head.returns) if function.head.returns is not None else ()
        names = any(isinstance(node, ast.Name) and self._is_telling(function.module, node.id) for node in nodes)
        return names and self.analyzer.promised.of(function) is not None

    def _waits(self, module: Module, name: str) -> bool:
        definition = self.project.resolve(module, name)
        return isinstance(definition, External) and known.may_wait(definition.name)

    def _signature(self, function: Function) -> Iterator[ast.AST]:
        args = function.head.args
        for argument in (*args.posonlyargs, *args.args, *args.kwonlyargs):
            if argument.annotation is not None:
                yield from ast.walk(argument.annotation)
        for default in (*args.defaults, *args.kw_defaults):
            if default is not None:
                yield from ast.walk(default)
        for decorator in function.head.decorator_list:
            yield from ast.walk(decorator)

    def _called(self, caller: Function, name: str) -> str | None:
        """The function or class that a name means to its caller; such names have dots in them, those of methods none."""
        definition = self.project.resolve(caller.module, name)
        if isinstance(definition, Global) and isinstance(definition.value, ast.Call):
            definition = self.project.resolve_expr(definition.module, definition.value.func)
        return definition.ident if isinstance(definition, (Function, Class)) else None

    def _waiting_for(self, function: Function) -> Iterable[Function]:
        yield from self._callers.get(function.ident, ())
        if function.cls is not None:
            yield from self._callers.get(function.cls.ident, ())
        if function.name not in _TOO_COMMON:
            yield from self._callers.get(function.name, ())
        if function.outer is not None:
            yield function.outer

    def _is_telling(self, module: Module, name: str) -> bool:
        return self._names.get((module.name, name), partial(self._tells, module, name))

    def _tells(self, module: Module, name: str) -> bool:
        return self._means(self.project.resolve(module, name), 0)

    def _brings(self, module: Module, node: ast.ImportFrom | ast.Import) -> bool:
        """Whether an import inside of a function brings a name that tells."""
        names = (self.project.imported(module, bound) for _, bound in imported_names(module, node))
        return any(not isinstance(found, (Module, Function)) and self._means(found, 0) for found in names)

    def _means(self, definition: object, depth: int) -> bool:
        match definition:
            case External(name=name):
                return name.startswith(_HOMES) or self.analyzer.providers.external(name) is not None
            case Class():
                return self.analyzer.models.is_mapped(definition) or self.analyzer.session_class(definition) is not None
            case Global(module=module, value=value, annotation=annotation) if depth < 3:
                nodes = [node for node in (value, annotation) if node is not None]
                return any(self._names_home(module, node, depth) for node in nodes)
            case Function(module=module) if 0 < depth < 3:
                given = (node.value for node in self.analyzer.walk(definition) if isinstance(node, ast.Return))
                return any(node is not None and self._names_home(module, node, depth) for node in given)
            case _:
                return False

    def _names_home(self, module: Module, node: ast.AST, depth: int) -> bool:
        """Whether an expression has a name in it that tells."""
        return any(
            self._means(self.project.resolve(module, path), depth + 1)
            for inner in ast.walk(node)
            if (path := dotted(inner) if isinstance(inner, (ast.Name, ast.Attribute)) else None)
        )

    def _is_telling_path(self, module: Module, node: ast.Attribute) -> bool:
        name = dotted(node)
        if name is None or name.partition(".")[0] not in module.contents.names:
            return False
        return self._is_telling(module, name)


def _given(function: Function) -> set[str]:
    """The parameters of which nothing says what they are: one may be an instance."""
    args = function.head.args
    return {each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs) if each.annotation is None}


def _mentions_home(module: Module) -> bool:
    return any(home in module.file.text for home in _HOMES)


def mentions_sqlalchemy(project: Project) -> bool:
    """Whether any file of the project names SQLAlchemy or a relative; the others cannot hold a session."""
    return any(module.file.fence or _mentions_home(module) for module in project.modules.values())
