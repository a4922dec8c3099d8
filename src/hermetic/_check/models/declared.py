"""What an attribute in the body of a mapped class declares: a column, a relationship, or another way to reach some."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from ..program.modules import Class, Definition, External, Function, Global, Module, Project, dotted
from .annotated import Shape, called, pairs, shape, text
from .lineage import is_true

_COLUMNS = {"Column", "mapped_column", "MappedColumn"}
_RELATIONS = {"relationship", "relation", "dynamic_loader", "Relationship"}
_WRAPPERS = {"deferred", "column_property", "query_expression", "immediateload"}
_MAPPED = {"Mapped", "WriteOnlyMapped", "DynamicMapped"}
_FOLLOWED = 3


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column: the names of the claims of `schema.Column` that hold, and the tables its foreign keys point to."""

    claims: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DeclaredRelation:
    """A relationship, its arguments by name; `shape` is its annotation, where it has one."""

    module: Module
    arguments: dict[str, ast.expr] = field(default_factory=dict)
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A synonym, association proxy or composite: the attribute paths that reading it reads, the columns it brings."""

    paths: frozenset[tuple[str, ...]]
    columns: tuple[tuple[str, DeclaredColumn], ...] = ()


Declared: TypeAlias = DeclaredColumn | DeclaredRelation | Shortcut


@dataclass(frozen=True, slots=True)
class Written:
    """An attribute as it is written: its value, its annotation, the module around them."""

    module: Module
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    is_field: bool = False


class Declarations:
    """Reads the declarations of a project."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def read(self, written: Written) -> Declared | None:
        """What an attribute declares to the mapper, None for anything that is no business of it."""
        module = written.module
        found = shape(written.annotation, module) if written.annotation is not None else None
        mapped = found is not None and bool(_MAPPED & set(found.wrappers))
        if written.value is not None:
            declared = self._value(module, written.value, found, _FOLLOWED)
            if declared is not None:
                return self._with_extras(declared, found)
        if found is None or (not mapped and not (written.is_field and _is_plain_field(found))):
            return None
        return self._with_extras(DeclaredColumn(), found)

    def method(self, function: Function) -> Declared | None:
        """What a `declared_attr` method declares."""
        annotation = function.head.returns
        for value in returns(function):
            declared = self.read(Written(function.module, value, annotation))
            if declared is not None:
                return declared
        return None

    def _with_extras(self, declared: Declared, found: Shape | None) -> Declared:
        """A column together with what its `Annotated` type says of it."""
        for node, module in found.extras if found is not None else ():
            declared = _joined(self._value(module, node, None, _FOLLOWED), declared) or declared
        return declared

    def _value(self, module: Module, node: ast.expr, found: Shape | None, depth: int) -> Declared | None:
        if not isinstance(node, ast.Call):
            alias = self.project.resolve_expr(module, node) if isinstance(node, (ast.Name, ast.Attribute)) else None
            if isinstance(alias, Global) and alias.value is not None and depth:
                return self._value(alias.module, alias.value, found, depth - 1)
            return None
        name = self._maker(module, node.func)
        if name in _COLUMNS:
            return self._column(module, node)
        if name in _RELATIONS:
            return self._relation(module, node, found, depth)
        if name in _WRAPPERS:
            return self._wrapped(module, node, name, depth)
        if name in {"synonym", "association_proxy", "composite"}:
            return self._shortcut(module, node, name, depth)
        if name in {"Field", "field"}:
            return self._field(module, node, found, depth)
        return self._made(module, node, found, depth) if depth else None

    def _maker(self, module: Module, func: ast.expr) -> str:
        """The name of SQLAlchemy's that a call stands for, also by a subclass of it."""
        target = self.project.resolve_expr(module, func)
        if isinstance(target, Class):
            outer = (name.rpartition(".")[2] for name in target.externals())
            return next((name for name in outer if name in _COLUMNS), "")
        return "" if isinstance(target, Function) else called(module, func)

    def _made(self, module: Module, call: ast.Call, found: Shape | None, depth: int) -> Declared | None:
        """What a function of the project returns, or a `partial` of one of SQLAlchemy's."""
        target = self.project.resolve_expr(module, call.func)
        if isinstance(target, Function):
            made = (self._value(target.module, value, found, depth - 1) for value in returns(target))
            declared = next((one for one in made if one is not None), None)
            return _joined(declared, self._column(module, call)) if isinstance(declared, DeclaredColumn) else declared
        value = target.value if isinstance(target, Global) else None
        if not isinstance(target, Global) or not isinstance(value, ast.Call) or not value.args:
            return None
        if called(target.module, value.func) != "partial":
            return None
        preset = self._value(target.module, ast.Call(value.args[0], value.args[1:], value.keywords), found, depth - 1)
        given = self._value(module, ast.Call(value.args[0], call.args, call.keywords), found, 0)
        return _joined(preset, given)

    def _column(self, module: Module, call: ast.Call) -> DeclaredColumn:
        """The claims and foreign keys of `Column(…)` or `mapped_column(…)`."""
        claims, references = set[str](), set[str]()
        for node in call.args:
            name = called(module, node.func) if isinstance(node, ast.Call) else ""
            if name == "ForeignKey" and isinstance(node, ast.Call):
                claims.add("foreign_key")
                references.update(self.referred(module, node.args[0]) if node.args else ())
            elif name in {"Computed", "Identity", "FetchedValue"}:
                claims |= {"server_default", "onupdate"} if name == "Computed" else {"server_default"}
        for word in call.keywords:
            claims |= self._claims(module, word.arg or "", word.value)
        return DeclaredColumn(frozenset(claims), frozenset(references))

    def _claims(self, module: Module, name: str, value: ast.expr) -> set[str]:
        if name in {"primary_key", "unique"} and is_true(value):
            return {name}
        if name in {"deferred", "deferred_group", "deferred_raiseload"} and not is_falsy(value):
            return {"deferred"}
        if name == "server_default" and not is_falsy(value):
            return {"server_default"}
        if name in {"default", "insert_default"} and self._is_sql(module, value):
            return {"server_default"}
        if (name == "server_onupdate" and not is_falsy(value)) or (name == "onupdate" and self._is_sql(module, value)):
            return {"onupdate"}
        return set()

    def _is_sql(self, module: Module, node: ast.expr) -> bool:
        """Whether a default is an expression that the database computes, such as `func.now()`."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            target = self.project.resolve_expr(module, node.func)
            if isinstance(target, External):
                return _is_sql_name(target)
            if isinstance(node.func.value, ast.Attribute) and node.func.value.attr == "func":
                return True
            node = node.func.value
        if not isinstance(node, ast.Call):
            return False
        return _is_sql_name(self.project.resolve_expr(module, node.func))

    def referred(self, module: Module, node: ast.expr) -> Iterator[str]:
        """The table in a foreign key's target: by name, or by the class or Table that is named."""
        if written := text(node):
            parts = written.split(".")
            yield parts[-2] if len(parts) > 1 else written
        elif isinstance(node, ast.JoinedStr):
            constants = [part.value for part in node.values if isinstance(part, ast.Constant)]
            last = str(constants[-1]) if constants else ""
            yield from last.split(".")[-2:-1]
        elif name := dotted(node):
            target = self.project.resolve(module, name.partition(".")[0])
            if isinstance(target, Class):
                yield target.qualname
            elif isinstance(target, Global) and isinstance(target.value, ast.Call):
                yield from (name for arg in target.value.args[:1] if (name := text(arg)))

    def _relation(self, module: Module, call: ast.Call, found: Shape | None, depth: int) -> Declared | None:
        arguments = dict(zip(("argument", "secondary"), call.args, strict=False))
        arguments |= {word.arg: word.value for word in call.keywords if word.arg}
        if "sa_relationship" in arguments and depth:
            return self._value(module, arguments["sa_relationship"], found, depth - 1)
        if "link_model" in arguments:
            arguments["secondary"] = arguments["link_model"]
        arguments |= dict(pairs(arguments.get("sa_relationship_kwargs")))
        if called(module, call.func) == "dynamic_loader":
            arguments["lazy"] = ast.Constant("dynamic")
        return DeclaredRelation(module, arguments, found)

    def _wrapped(self, module: Module, call: ast.Call, name: str, depth: int) -> DeclaredColumn:
        """`deferred(Column(…))`, or a `column_property` of columns or of an expression."""
        claims = {claim for word in call.keywords for claim in self._claims(module, word.arg or "", word.value)}
        inner = self._value(module, call.args[0], None, depth - 1) if call.args and depth else None
        if isinstance(inner, DeclaredColumn):
            claims |= inner.claims
        elif name != "deferred":
            claims |= {"server_default", "onupdate"}
        claims |= {"deferred"} if name == "deferred" else set()
        return DeclaredColumn(frozenset(claims), inner.references if isinstance(inner, DeclaredColumn) else frozenset())

    def _shortcut(self, module: Module, call: ast.Call, name: str, depth: int) -> Shortcut:
        names = tuple(given for arg in call.args if (given := text(arg)))
        if name != "composite":
            return Shortcut(frozenset({names}) if names else frozenset())
        columns = dict[str, DeclaredColumn]()
        for arg in call.args:
            column = self._value(module, arg, None, depth - 1) if isinstance(arg, ast.Call) and depth else None
            key = text(arg.args[0]) if isinstance(arg, ast.Call) and arg.args else None
            if isinstance(column, DeclaredColumn) and key:
                columns[key] = column
        keys = {*names, *columns, *(arg.id for arg in call.args[1:] if isinstance(arg, ast.Name))}
        return Shortcut(frozenset((key,) for key in keys), tuple(columns.items()))

    def _field(self, module: Module, call: ast.Call, found: Shape | None, depth: int) -> Declared | None:
        """SQLModel's `Field(…)`, and a dataclass field that carries its column in the metadata."""
        arguments = {word.arg: word.value for word in call.keywords if word.arg}
        if called(module, call.func) == "field":
            metadata = pairs(arguments.get("metadata")) if depth else ()
            made = (self._value(module, value, found, depth - 1) for _, value in metadata)
            return next((one for one in made if one is not None), None)
        inner = (
            self._value(module, arguments["sa_column"], None, depth - 1) if "sa_column" in arguments and depth else None
        )
        return inner or self._sqlmodel_column(module, arguments)

    def _sqlmodel_column(self, module: Module, arguments: dict[str, ast.expr]) -> DeclaredColumn:
        words = [ast.keyword(name, arguments[name]) for name in ("primary_key", "unique") if name in arguments]
        words += [ast.keyword(name, value) for name, value in pairs(arguments.get("sa_column_kwargs"))]
        extra = arguments.get("sa_column_args")
        args = list(extra.elts) if isinstance(extra, (ast.List, ast.Tuple)) else []
        column = self._column(module, ast.Call(ast.Name("Column"), args, words))
        foreign = arguments.get("foreign_key")
        if foreign is None or is_falsy(foreign):
            return column
        return DeclaredColumn(column.claims | {"foreign_key"}, column.references | set(self.referred(module, foreign)))


def returns(function: Function) -> Iterator[ast.expr]:
    """The values that a function returns, its own statements only."""
    stack: list[ast.AST] = list(function.node.body)
    while stack:
        node = stack.pop(0)
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.expr)):
            stack[:0] = ast.iter_child_nodes(node)


def is_falsy(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not node.value and node.value != ""


def _joined(one: Declared | None, other: Declared | None) -> Declared | None:
    """Two halves of one declaration; the second wins."""
    if isinstance(one, DeclaredColumn) and isinstance(other, DeclaredColumn):
        return DeclaredColumn(one.claims | other.claims, one.references | other.references)
    if isinstance(one, DeclaredRelation) and isinstance(other, DeclaredRelation):
        return DeclaredRelation(other.module, one.arguments | other.arguments, other.shape)
    return other if other is not None else one


def _is_plain_field(found: Shape) -> bool:
    """Whether an annotation without a value makes a field of a SQLModel class."""
    node = found.inner.value if isinstance(found.inner, ast.Subscript) else found.inner
    return called(found.module, node) not in {"ClassVar", "AssociationProxy"}


def _is_sql_name(target: Definition | None) -> bool:
    if not isinstance(target, External) or target.name.endswith(".Sequence"):
        return False
    return target.name.startswith(("sqlalchemy.", "sqlmodel."))
