"""What the parts of a program say now: by them one tells whether what rests on one of them still holds."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from ..analyzer import GENERATOR
from ..models import index
from ..models.registry import REGISTRY
from ..models.relations import BACKREFS
from ..paths.fenced import BLOCKS
from ..program import modules
from ..program.definitions import BINDING, CLASS, FUNCTION, MEMBERS, STARS, TEXT, Class, Function, Global, Module
from ..program.factories import FACTORIES
from ..program.lines import LINE
from ..program.relevance import RELEVANT
from ..program.surroundings import LOCKS, SURROUNDINGS
from ..program.traces import Atom
from ..program.words import WORDS, words_of
from ..templates.files import TEMPLATE
from ..whole.engines import CONFIGURED, RERUN, STARTED_UP
from .answers import of_head
from .cache import digest

if TYPE_CHECKING:
    from ..analyzer import Analyzer

LOCAL = frozenset({TEXT, BINDING, STARS, FUNCTION, CLASS, MEMBERS, GENERATOR, LOCKS})
"""The parts that a module's own text decides, whatever other modules say."""


class Parts:
    """Asks a program for any of its parts."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self.project = analyzer.project
        self._lines: dict[str, list[str]] = {}
        self._headers: dict[str, str] = {}
        self._of_module: dict[str, Callable[[Module, str], object]] = {
            TEXT: lambda module, _: module.file.content,
            BINDING: self._binding,
            STARS: lambda module, _: module.contents.stars,
            FUNCTION: self._function,
            CLASS: self._class,
            MEMBERS: self._members,
            GENERATOR: self._generator,
            LOCKS: lambda module, _: analyzer.surroundings.locks_by_name(module),
            WORDS: self._words,
            RERUN: lambda module, _: analyzer.engines.is_rerun(module),
            RELEVANT: self._relevant,
        }
        self._of_project: dict[str, Callable[..., object]] = {
            LINE: lambda *line: analyzer.lines.at(*line),
            TEMPLATE: lambda *name: analyzer.templates.shelf.said(*name),
            index.RELATIONS: lambda: sorted(analyzer.models.relation_names()),
            BLOCKS: lambda document: [module.name for module in analyzer.fenced.blocks.get(document, ())],
            FACTORIES: self._factories,
            SURROUNDINGS: lambda what: analyzer.surroundings.said(what),
            CONFIGURED: lambda: analyzer.engines.configures,
            STARTED_UP: lambda name: name in analyzer.engines.started_up,
            modules.MODULE: lambda name: name in self.project.modules,
            modules.IMPORT: self._import,
            modules.CALLED: self._called,
            REGISTRY: self._registry,
            index.IS_MAPPED: lambda _, ident: self._mapped(ident) is not None,
        }
        self._derived: dict[str, Callable[..., object]] = {
            BACKREFS: lambda: analyzer.models.backrefs(),
            index.MAPPING: self._mapping,
            index.READS: self._reads,
            index.VERSIONED: self._versioned,
            index.UNIQUE: self._unique,
        }

    def now(self, atom: Atom) -> str:
        """A name for what a part says."""
        kind, *rest = atom
        if kind in self._derived:
            return self.project.facts.get(atom, lambda: _name(self._derived[str(kind)](*rest)))
        with self.project.trace.apart():
            if kind in self._of_project:
                return _name(self._of_project[str(kind)](*rest))
            module = self.project.modules.get(str(rest[0]))
            if module is None:
                return ""
            return digest(self.header(module), repr(self._of_module[str(kind)](module, str(rest[1]))))[:16]

    def header(self, module: Module) -> str:
        """A name for what is known of a module by its place alone."""
        if module.name not in self._headers:
            file = module.file
            told = str(file.path), file.name, file.role, file.fence, file.first_line, module.is_package
            self._headers[module.name] = digest(repr(told))
        return self._headers[module.name]

    def _words(self, module: Module, _: str) -> object:
        found = words_of(self.project, module)
        return sorted(found.speaks_of), sorted(found.started_up)

    def _registry(self) -> object:
        """The mapped classes, and what was said of some outside of their bodies."""
        registry = self.analyzer.models.registry
        told = [cls.module for cls in registry.classes if id(cls) in registry.imperative]
        texts = [
            registry.imperative[id(cls)].module.file.text for cls in registry.classes if id(cls) in registry.imperative
        ]
        assigned = [
            (cls.ident, name, written.module.name, written.value and ast.dump(written.value))
            for cls in registry.classes
            for name, written in registry.assigned.get(id(cls), ())
        ]
        return [cls.ident for cls in registry.classes], [module.name for module in told], texts, assigned

    @cached_property
    def _classes(self) -> dict[str, Class]:
        return {cls.ident: cls for cls in self.project.classes()}

    @cached_property
    def _functions(self) -> dict[str, Function]:
        return {function.ident: function for function in self.project.functions()}

    def _binding(self, module: Module, name: str) -> object:
        found = module.named(name)
        match found:
            case Function():
                return "function", found.ident, of_head(found)
            case Class():
                return "class", found.ident
            case Global(value=value, annotation=annotation):
                return "variable", *(each and ast.dump(each, include_attributes=True) for each in (value, annotation))
            case _:
                return repr(found)

    def _function(self, module: Module, ident: str) -> object:
        function = self._functions.get(ident)
        if function is None:
            return None
        head = function.head
        first = _first(head)
        return first, head.col_offset, self._text(module, first, head.end_lineno or first)

    def _text(self, module: Module, first: int, last: int) -> list[str]:
        """The lines from one number to another."""
        if module.name not in self._lines:
            self._lines[module.name] = module.file.text.split("\n")
        line = self.project.line
        return self._lines[module.name][line(module.file.name, first) - 1 : line(module.file.name, last)]

    def _class(self, module: Module, ident: str) -> object:
        """The lines of a class that stand in none of its functions, each with its number."""
        cls = self._classes.get(ident)
        if cls is None:
            return None
        node, line = cls.body.node, self.project.line
        first = _first(node)
        height = line(module.file.name, _first(node.body[0])) - line(module.file.name, first)
        spans = [(first, first + height - 1), *((_first(each), each.end_lineno or 0) for each in node.body)]
        inside = set[int]()
        for function in module.contents.functions:
            if any(start <= function.head.lineno <= end for start, end in spans):
                inside |= set(self._body(module, function))
        lines = (pair for start, end in spans for pair in enumerate(self._text(module, start, end), start))
        return [(number, text) for number, text in lines if number not in inside]

    def _body(self, module: Module, function: Function) -> range:
        """The lines that hold nothing but the body of a function."""
        start, last = function.head.body[0], function.head.end_lineno or 0
        (line,) = self._text(module, start.lineno, start.lineno)
        is_alone = not line.encode()[: start.col_offset].strip()
        return range(start.lineno + (not is_alone), last + 1)

    def _members(self, module: Module, ident: str) -> object:
        cls = self._classes.get(ident)
        if cls is None:
            return None
        node = cls.body.node
        above = [ast.dump(each) for each in (*node.decorator_list, *node.bases, *node.keywords)]
        return above, [(name, method.ident, of_head(method)) for name, method in cls.members.items()]

    def _generator(self, module: Module, ident: str) -> object:
        function = self._functions.get(ident)
        return function and self.analyzer.is_generator(function)

    def _relevant(self, module: Module, ident: str) -> object:
        function = self._functions.get(ident)
        return function and function in self.analyzer.relevance.functions

    def _factories(self, is_async: bool) -> object:
        seen = self.analyzer.factories.seen[is_async]
        return bool(seen), all(seen)

    def _import(self, name: str, near: str) -> object:
        module = self.project.modules.get(near)
        found = module and self.project.module_named(name, module)
        return found and found.name

    def _called(self, qualname: str) -> object:
        found = self.project.class_called(qualname)
        return found and found.ident

    def _mapped(self, ident: str) -> Class | None:
        cls = self._classes.get(ident)
        self.project.trace.inside.add((REGISTRY,))
        return cls if cls is not None and self.analyzer.models.registry.holds(cls) else None

    def _mapping(self, module: str, ident: str | None = None) -> object:
        """What the mapper says of a class, given by its qualified name alone, or by its module and name there."""
        models = self.analyzer.models
        self.project.trace.inside.add((REGISTRY,))
        cls = models.registry.by_qualname.get(module) if ident is None else self._mapped(ident)
        if cls is None:
            return None
        mapping = models.traced(cls)
        return cls.ident, mapping.name, *mapping.columns.items(), *mapping.relations.items(), mapping.fetches_defaults

    def _versioned(self, _: str, ident: str) -> object:
        cls = self._mapped(ident)
        return cls and self.analyzer.models.has_counter(cls)

    def _unique(self, _: str, ident: str) -> object:
        cls = self._mapped(ident)
        return cls and [sorted(group) for group in self.analyzer.models.unique(cls)]

    def _reads(self, _: str, ident: str, name: str) -> object:
        cls = self._mapped(ident)
        models = self.analyzer.models
        return cls and sorted(models.traced_reads(models.traced(cls), name))


def _name(value: object) -> str:
    return digest(repr(value))[:16]


def _first(node: ast.stmt) -> int:
    """Where a statement begins: a function or class with its decorators."""
    decorators = node.decorator_list if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])
