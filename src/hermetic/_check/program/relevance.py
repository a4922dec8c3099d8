"""Which functions can have to do with a session at all, and which of them are worth a look of their own."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Set
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from ..calls import known
from .modules import Class, External, Function, Global, Module, Project, dotted, imported_names
from .nodes import walk
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
        module = function.module
        names, methods = dict[str, None](), dict[str, None]()
        attributes: list[ast.Attribute] = []
        telling = module.file.fence or self._promises(function)
        for node in (*self._signature(function), *self.analyzer.walk(function)):
            if isinstance(node, ast.Name):
                names[node.id] = None
            elif isinstance(node, ast.Attribute):
                attributes.append(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                methods[node.func.attr] = None
            elif isinstance(node, (ast.ImportFrom, ast.Import)):
                telling = telling or self._brings(module, node)
        meant = (self._called(function, name) for name in names)
        found = (*(name for name in methods if name not in _TOO_COMMON), *(each for each in meant if each))
        called = tuple(dict.fromkeys(found))
        telling = telling or any(self._is_telling(module, name) for name in names)
        if telling or any(self._is_telling_path(module, node) for node in attributes):
            return "telling", called
        return "hinting" if self._is_hinting(function, names.keys(), methods.keys(), attributes) else "", called

    def _is_hinting(
        self, function: Function, names: Set[str], methods: Set[str], attributes: Sequence[ast.Attribute]
    ) -> bool:
        """Whether a function waits for the outside world, tells it something, or works on what a caller gives it."""
        given, relations = _given(function), self.analyzer.models.relation_names()
        return (
            not _TELLING_CALLS.isdisjoint(methods)
            or not _RENDERING_CALLS.isdisjoint(names | methods)
            or any(node.attr in _SESSION_CALLS for node in attributes)
            or any(node.attr in relations and getattr(node.value, "id", "") in given for node in attributes)
            or any(self._waits(function.module, name) for name in names)
        )

    def _promises(self, function: Function) -> bool:
        """Whether a function's return annotation is a session."""
        nodes = walk(function.head.returns) if function.head.returns is not None else ()
        names = any(isinstance(node, ast.Name) and self._is_telling(function.module, node.id) for node in nodes)
        return names and self.analyzer.promised.of(function) is not None

    def _waits(self, module: Module, name: str) -> bool:
        definition = self.project.resolve(module, name)
        return isinstance(definition, External) and known.may_wait(definition.name)

    def _signature(self, function: Function) -> Iterator[ast.AST]:
        args = function.head.args
        for argument in (*args.posonlyargs, *args.args, *args.kwonlyargs):
            if argument.annotation is not None:
                yield from walk(argument.annotation)
        for default in (*args.defaults, *args.kw_defaults):
            if default is not None:
                yield from walk(default)
        for decorator in function.head.decorator_list:
            yield from walk(decorator)

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
            for inner in walk(node)
            if (path := dotted(inner) if isinstance(inner, (ast.Name, ast.Attribute)) else None)
        )

    def _is_telling_path(self, module: Module, node: ast.Attribute) -> bool:
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            root = root.value
        if not isinstance(root, ast.Name) or root.id not in module.contents.names:
            return False
        return self._is_telling(module, dotted(node) or "")


def _given(function: Function) -> set[str]:
    """The parameters of which nothing says what they are: one may be an instance."""
    args = function.head.args
    return {each.arg for each in (*args.posonlyargs, *args.args, *args.kwonlyargs) if each.annotation is None}


def _mentions_home(module: Module) -> bool:
    return any(home in module.file.text for home in _HOMES)


def mentions_sqlalchemy(project: Project) -> bool:
    """Whether any file of the project names SQLAlchemy or a relative; the others cannot hold a session."""
    return any(module.file.fence or _mentions_home(module) for module in project.modules.values())
