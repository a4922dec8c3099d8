"""Which definition a dotted name means, across the modules of a project."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from ..source.discover import SourceFile

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef

_SQL_SIDES = frozenset({"expression", "comparator", "update_expression"})


@dataclass(frozen=True, slots=True)
class External:
    """A name that the project imports and does not define, by its dotted name."""

    name: str


@dataclass(eq=False, slots=True)
class Function:
    """A function or method of the project; `outer` is the function around a nested one."""

    qualname: str
    node: FunctionNode
    module: Module
    cls: Class | None = None
    outer: Function | None = None

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def ident(self) -> str:
        """A name that no other function has, in any process."""
        return f"{self.qualname}:{self.node.lineno}"

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)


@dataclass(eq=False)
class Class:
    """A class of the project, with its own methods and the values and annotations of its body."""

    qualname: str
    node: ast.ClassDef
    module: Module
    methods: dict[str, Function] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)
    annotations: dict[str, ast.expr] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def ident(self) -> str:
        """A name that no other class has, in any process."""
        return f"{self.qualname}:{self.node.lineno}"

    @cached_property
    def bases(self) -> tuple[Definition, ...]:
        project = self.module.project
        found = (project.resolve_expr(self.module, strip_subscript(base)) for base in self.node.bases)
        return tuple(base for base in found if base is not None and base is not self)

    @cached_property
    def mro(self) -> tuple[Class | External, ...]:
        """The class and its bases, depth first, each once; what is not in the project as External."""
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


@dataclass(eq=False, slots=True)
class Module:
    """One source file: its names, and the names it takes over by star imports."""

    name: str
    file: SourceFile
    project: Project
    is_package: bool = False
    names: dict[str, Definition | Imported] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    classes: list[Class] = field(default_factory=list)

    @property
    def tree(self) -> ast.Module:
        return self.file.tree

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


class Project:
    """All modules of one run, by dotted name and by the tails of their paths."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.modules: dict[str, Module] = {}
        self._tails: dict[str, list[Module]] = {}
        self._resolved: dict[tuple[str, str], Definition | None] = {}
        self._by_name: dict[str, list[Class]] = {}
        for file in files:
            self._add(file)

    def _add(self, file: SourceFile) -> None:
        name = file.module if file.module not in self.modules else f"{file.module}@{file.name}"
        module = Module(name, file, self, is_package=file.path.name == "__init__.py")
        self.modules[name] = module
        if not file.fence:
            parts = [*file.path.parent.parts, file.path.stem] if not module.is_package else file.path.parent.parts
            for length in range(1, min(len(parts), 6) + 1):
                self._tails.setdefault(".".join(parts[-length:]), []).append(module)
        _Binder(module).bind(file.tree.body)

    def functions(self) -> Iterator[Function]:
        """Every function of every module, nested ones and methods too."""
        return (function for module in self.modules.values() for function in module.functions)

    def classes(self) -> Iterator[Class]:
        """Every class of every module."""
        return (cls for module in self.modules.values() for cls in module.classes)

    def classes_named(self, name: str) -> Sequence[Class]:
        """The classes called `name`, wherever they are."""
        if not self._by_name:
            for cls in self.classes():
                self._by_name.setdefault(cls.name, []).append(cls)
        return self._by_name.get(name, ())

    def module_named(self, name: str, near: Module) -> Module | None:
        """The module an absolute import of `name` means when written in `near`."""
        if name in self.modules:
            return self.modules[name]
        found = [module for module in self._tails.get(name, ()) if module is not near]
        if "." not in name:
            found = [module for module in found if module.file.path.parent == near.file.path.parent]
        if len(found) == 1:
            return found[0]
        return max(found, key=lambda module: _shared_parts(module, near), default=None)

    def resolve_expr(self, module: Module, node: ast.expr) -> Definition | None:
        """What a name or dotted expression written at module level means; None when it is not such an expression."""
        name = dotted(node)
        return self.resolve(module, name) if name else None

    def resolve(self, module: Module, name: str) -> Definition | None:
        """What the dotted `name` means in `module`; External for what the project only imports, None for unbound."""
        key = (module.name, name)
        if key not in self._resolved:
            self._resolved[key] = None
            self._resolved[key] = self._resolve(module, name.split("."))
        return self._resolved[key]

    def _resolve(self, module: Module, parts: Sequence[str]) -> Definition | None:
        found = self._name(module, parts[0])
        for index, part in enumerate(parts[1:], 1):
            if isinstance(found, External):
                return External(".".join([found.name, *parts[index:]]))
            found = self.member(found, part)
        return found

    def member(self, owner: Definition | None, name: str) -> Definition | None:
        if isinstance(owner, Module):
            return self._name(owner, name) or self.modules.get(f"{owner.name}.{name}")
        if isinstance(owner, Class):
            if method := owner.method(name):
                return method
            value = next((c.values[name] for c in owner.mro if isinstance(c, Class) and name in c.values), None)
            return Global(owner.module, name, value) if value is not None else None
        return None

    def _name(self, module: Module, name: str) -> Definition | None:
        bound = module.names.get(name)
        if isinstance(bound, Imported):
            return self.imported(module, bound)
        if bound is not None:
            return bound
        for star in module.stars:
            target = self.module_named(star, module)
            if target is not None and target is not module:
                if found := self.resolve(target, name):
                    return found
            elif target is None and star.startswith(("sqlalchemy", "sqlmodel")):
                return External(f"{star}.{name}")
        return None

    def imported(self, module: Module, bound: Imported) -> Definition | None:
        """What an import statement of `module` brings."""
        target = self.module_named(bound.target, module)
        if bound.attribute is None:
            return target or External(bound.target)
        if target is None:
            return External(f"{bound.target}.{bound.attribute}")
        submodule = self.modules.get(f"{target.name}.{bound.attribute}")
        own = target.names.get(bound.attribute)
        if submodule is not None and (own is None or (isinstance(own, Imported) and target is module)):
            return submodule
        return self.resolve(target, bound.attribute) or submodule or External(f"{bound.target}.{bound.attribute}")


def _shared_parts(module: Module, near: Module) -> int:
    pairs = zip(module.file.path.parts, near.file.path.parts, strict=False)
    return next((index for index, (one, other) in enumerate(pairs) if one != other), 99)


class _Binder:
    """Fills a module's names from its statements, looking into `if`, `try` and `with` at module level."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def bind(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.module.names[statement.name] = self.function(statement, "", None, None)
                case ast.ClassDef():
                    self.module.names[statement.name] = self.cls(statement, "")
                case ast.Import() | ast.ImportFrom():
                    self.imports(statement)
                case ast.Assign() | ast.AnnAssign():
                    self.assign(statement)
                case ast.If():
                    self.bind(statement.body)
                    self.bind(statement.orelse)
                case ast.Try() | ast.TryStar():
                    for handler in statement.handlers:
                        self.bind(handler.body)
                    self.bind([*statement.body, *statement.orelse, *statement.finalbody])
                case ast.With() | ast.AsyncWith() | ast.For() | ast.While():
                    self.bind(statement.body)
                case _ if type(statement).__name__ == "TypeAlias":
                    self.type_alias(statement)
                case _:
                    pass

    def type_alias(self, statement: ast.stmt) -> None:
        """`type SessionDep = Annotated[…]`, a statement since Python 3.12."""
        name, value = getattr(statement, "name", None), getattr(statement, "value", None)
        if isinstance(name, ast.Name) and isinstance(value, ast.expr):
            self.module.names[name.id] = Global(self.module, name.id, value)

    def imports(self, statement: ast.Import | ast.ImportFrom) -> None:
        for name, bound in imported_names(self.module, statement):
            if name == "*":
                self.module.stars.append(bound.target)
            else:
                self.module.names[name] = bound

    def assign(self, statement: ast.Assign | ast.AnnAssign) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
        for target in targets:
            if not isinstance(target, ast.Name):
                continue
            old = self.module.names.get(target.id)
            if old is not None and isinstance(statement.value, ast.Constant):
                continue
            self.module.names[target.id] = Global(self.module, target.id, statement.value, annotation)

    def function(self, node: FunctionNode, prefix: str, cls: Class | None, outer: Function | None) -> Function:
        found = Function(f"{self.module.name}.{prefix}{node.name}", node, self.module, cls, outer)
        self.module.functions.append(found)
        for inner in _inner_definitions(node.body):
            inner_prefix = f"{prefix}{node.name}.<locals>."
            if isinstance(inner, ast.ClassDef):
                self.cls(inner, inner_prefix)
            else:
                self.function(inner, inner_prefix, None, found)
        return found

    def cls(self, node: ast.ClassDef, prefix: str) -> Class:
        found = Class(f"{self.module.name}.{prefix}{node.name}", node, self.module)
        self.module.classes.append(found)
        self.body(found, node.body, f"{prefix}{node.name}.")
        return found

    def body(self, cls: Class, body: Iterable[ast.stmt], prefix: str) -> None:
        """Fill a class from the statements of its body, both sides of an `if` among them."""
        for statement in body:
            match statement:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    method = self.function(statement, prefix, cls, None)
                    if not (_is_setter(statement) or (statement.name in cls.methods and _is_sql_side(statement))):
                        cls.methods[statement.name] = method
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    cls.values[name] = value
                case ast.AnnAssign(target=ast.Name(id=name)):
                    cls.annotations[name] = statement.annotation
                    if statement.value is not None:
                        cls.values[name] = statement.value
                case ast.ClassDef():
                    self.cls(statement, prefix)
                case ast.If():
                    self.body(cls, [*statement.body, *statement.orelse], prefix)
                case ast.Try():
                    self.body(cls, [*statement.body, *statement.orelse, *statement.finalbody], prefix)
                case _:
                    pass


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


def _inner_definitions(body: Iterable[ast.stmt]) -> Iterator[FunctionNode | ast.ClassDef]:
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop(0)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        else:
            children = ast.iter_child_nodes(node)
            stack.extend(
                child for child in children if isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case))
            )


def _is_setter(node: FunctionNode) -> bool:
    return any(isinstance(item, ast.Attribute) and item.attr in {"setter", "deleter"} for item in node.decorator_list)


def _is_sql_side(node: FunctionNode) -> bool:
    """Whether a method gives a hybrid property what its class says in SQL, and leaves what its instances say."""
    return any(isinstance(item, ast.Attribute) and item.attr in _SQL_SIDES for item in node.decorator_list)
