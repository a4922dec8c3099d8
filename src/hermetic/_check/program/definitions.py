"""What a program is made of: modules, classes, functions and variables, as their source defines them.

Whoever reads one notes what it read (see `traces`); `head` and `skeleton` stand for what everybody knows who knows of a
function or class at all.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ..source.discover import SourceFile
    from .modules import Project

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

TEXT, BINDING, STARS = "text", "binding", "stars"
FUNCTION, CLASS, MEMBERS = "whole function", "whole class", "members"
"""The parts of a module that one can rest on."""


@dataclass(frozen=True, slots=True)
class External:
    """A name that the project imports and does not define, by its dotted name."""

    name: str


@dataclass(eq=False, slots=True)
class Function:
    """A function or method of the project; `outer` is the function around a nested one.

    `ident` is a name that no other function has, in any process; `syntax` is None until the source is read for it.
    """

    qualname: str
    ident: str
    name: str
    is_async: bool
    module: Module
    syntax: FunctionNode | None = None
    cls: Class | None = None
    outer: Function | None = None

    @property
    def head(self) -> FunctionNode:
        """What stands before the body: whoever knows of a function knows that."""
        if self.syntax is None:
            self.module.project.read(self.module)
        assert self.syntax is not None
        return self.syntax

    @property
    def line(self) -> int:
        """The line of the file on which it begins."""
        return self.module.project.line(self.module.file.name, self.head.lineno)

    @property
    def node(self) -> FunctionNode:
        """The whole function."""
        self.module.note(FUNCTION, self.ident)
        return self.head


@dataclass(slots=True)
class ClassBody:
    """What stands in a class besides its methods: the values and annotations of its attributes."""

    node: ast.ClassDef
    values: dict[str, ast.expr] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Class:
    """A class of the project, with its own methods; `ident` is a name that no other class has, in any process.

    `syntax` is None until the source is read for it.
    """

    qualname: str
    ident: str
    module: Module
    members: dict[str, Function] = field(default_factory=dict)
    syntax: ClassBody | None = None

    @property
    def name(self) -> str:
        return self.qualname.rpartition(".")[2]

    @property
    def body(self) -> ClassBody:
        if self.syntax is None:
            self.module.project.read(self.module)
        assert self.syntax is not None
        return self.syntax

    @property
    def node(self) -> ast.ClassDef:
        """The whole class, but for the bodies of its methods."""
        self.module.note(CLASS, self.ident)
        return self.body.node

    @property
    def values(self) -> dict[str, ast.expr]:
        self.module.note(CLASS, self.ident)
        return self.body.values

    @property
    def annotations(self) -> dict[str, ast.expr]:
        self.module.note(CLASS, self.ident)
        return self.body.annotations

    @property
    def methods(self) -> dict[str, Function]:
        self.module.note(MEMBERS, self.ident)
        return self.members

    @property
    def bases(self) -> tuple[Definition, ...]:
        return self.module.project.bases.get(self, self._bases)

    @property
    def mro(self) -> tuple[Class | External, ...]:
        """The class and its bases, depth first, each once; what is not in the project as External."""
        return self.module.project.orders.get(self, self._mro)

    def _bases(self) -> tuple[Definition, ...]:
        self.module.note(MEMBERS, self.ident)
        project = self.module.project
        found = (project.resolve_expr(self.module, strip_subscript(base)) for base in self.body.node.bases)
        return tuple(base for base in found if base is not None and base is not self)

    def _mro(self) -> tuple[Class | External, ...]:
        seen: dict[int, Class | External] = {}
        stack: list[Definition] = [self]
        while stack:
            found = stack.pop(0)
            if isinstance(found, (Class, External)) and id(found) not in seen:
                seen[id(found)] = found
                if isinstance(found, Class):
                    stack[:0] = [base for base in found.bases if isinstance(base, (Class, External))]
        return tuple(seen.values())

    def method(self, name: str) -> Function | None:
        """The method that an instance of this class would call."""
        return next((cls.methods[name] for cls in self.mro if isinstance(cls, Class) and name in cls.methods), None)

    def externals(self) -> Iterator[str]:
        """The dotted names of all bases outside of the project."""
        return (base.name for base in self.mro if isinstance(base, External))


@dataclass(frozen=True, slots=True)
class Global:
    """A name assigned in a module's body; `value` is None where only an annotation was given."""

    module: Module
    name: str
    value: ast.expr | None
    annotation: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A name bound by an import: the module and, for `from` imports, the attribute; resolved when asked for."""

    target: str
    attribute: str | None = None


class Unread(Enum):
    """Stands for a variable of a module whose source was not read yet."""

    VARIABLE = 1


@dataclass(slots=True)
class Contents:
    """What stands in a module: its names, and the names it takes over by star imports."""

    names: dict[str, Definition | Imported | Unread] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Module:
    """One source file."""

    name: str
    file: SourceFile
    project: Project
    is_package: bool = False
    contents: Contents = field(default_factory=Contents)

    def note(self, kind: str, name: str = "") -> None:
        """Whatever is worked out now rests on this part of the module."""
        self.project.trace.inside.add((kind, self.name, name))

    def bound(self, name: str) -> Definition | Imported | None:
        """What the module itself binds a name to."""
        self.note(BINDING, name)
        return self.named(name)

    def named(self, name: str) -> Definition | Imported | None:
        """The same; whoever rests on it notes so."""
        found = self.contents.names.get(name)
        if isinstance(found, Unread):
            self.project.read(self)
            return self.named(name)
        return found

    @property
    def stars(self) -> list[str]:
        self.note(STARS)
        return self.contents.stars

    @property
    def functions(self) -> list[Function]:
        self.note(TEXT)
        return self.contents.functions

    @property
    def classes(self) -> list[Class]:
        self.note(TEXT)
        return self.contents.classes

    @property
    def tree(self) -> ast.Module:
        self.note(TEXT)
        return self.project.tree(self)

    def absolute(self, target: str | None, level: int) -> str:
        """The dotted name that a relative import of `level` dots means in this module."""
        if not level:
            return target or ""
        parts = self.name.split(".")
        kept = parts[: len(parts) - level + (1 if self.is_package else 0)]
        return ".".join([*kept, target] if target else kept)


Definition: TypeAlias = Module | Class | Function | Global | External


def strip_subscript(node: ast.expr) -> ast.expr:
    """`Base` for `Base[Order]`."""
    return node.value if isinstance(node, ast.Subscript) else node


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` for the expression a.b.c, None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def imported_names(module: Module, statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Imported]]:
    """The names that an import statement of `module` binds."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            target = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or target, Imported(target)
        return
    target = module.absolute(statement.module, statement.level)
    for alias in statement.names:
        yield alias.asname or alias.name, Imported(target, alias.name)
