"""The declared attributes of a mapped class, those of its mixins and parents among them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from ..program.modules import Class, Global, Module
from ..program.traces import Remembered
from .annotated import called, text
from .declared import Declarations, Declared, DeclaredColumn, DeclaredRelation, Shortcut, Written
from .registry import Registry

_PRIMARY_KEY = re.compile(r"PrimaryKey|^(UUID(v\d)?|NanoID|BigInt|Identity)(Audit)?Base$")
_USER_TABLE = ("email", "hashed_password", "is_active", "is_superuser", "is_verified")
_SPECIAL = {"metadata", "registry", "query", "model_config", "type_annotation_map"}


@dataclass(frozen=True, slots=True)
class Attribute:
    """A declared attribute, and the class of the project whose body holds it."""

    declared: Declared
    cls: Class


class Attributes:
    """Reads the bodies of mapped classes when asked for them."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self._declarations = Declarations(registry.project)
        trace = registry.project.trace
        self._found: Remembered[Class, dict[str, Attribute]] = Remembered(trace)
        self._bodies: Remembered[tuple[Class, bool], dict[str, Declared | None]] = Remembered(trace)

    def of(self, cls: Class) -> dict[str, Attribute]:
        """The attributes that mapping `cls` gives it, by name."""
        return self._found.get(cls, partial(self._merged, cls))

    def tables(self, cls: Class) -> set[str]:
        """The names by which a foreign key may call the table of `cls` or of a class it inherits from."""
        found = set[str]()
        for one in self.registry.lineages.of(cls).classes:
            if not self.registry.holds(one):
                continue
            written = text(one.values.get("__tablename__")) or self._table_name(one)
            snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", one.name).lower()
            guesses = {one.name.lower(), f"{one.name.lower()}s", snake, f"{snake}s"}
            found |= {one.qualname} | ({written} if written else guesses)
        return found

    def references(self, cls: Class) -> set[str]:
        """The tables that the foreign keys of `cls` point to."""
        columns = (found.declared for found in self.of(cls).values() if isinstance(found.declared, DeclaredColumn))
        return {table for column in columns for table in column.references}

    def _merged(self, cls: Class) -> dict[str, Attribute]:
        lineage = self.registry.lineages.of(cls)
        is_sqlmodel = "sqlmodel" in lineage.roots
        found = {name: Attribute(column, cls) for name, column in _foreign_columns(lineage.externals)}
        for one in reversed(lineage.classes):
            mapped = self.registry.holds(one)
            for name, declared in self._body(one, is_sqlmodel).items():
                found.pop(name, None)
                if declared is None or (is_sqlmodel and not mapped and isinstance(declared, DeclaredRelation)):
                    continue
                found[name] = Attribute(declared, one)
                if isinstance(declared, Shortcut):
                    found |= {key: Attribute(column, one) for key, column in declared.columns}
            self._apply_constraints(one, found)
        return found

    def _body(self, cls: Class, is_sqlmodel: bool) -> dict[str, Declared | None]:
        """What the body of one class declares; None for a name that it uses for something else."""
        return self._bodies.get((cls, is_sqlmodel), lambda: dict(self._read_body(cls, is_sqlmodel)))

    def _read_body(self, cls: Class, is_sqlmodel: bool) -> Iterator[tuple[str, Declared | None]]:
        read = self._declarations.read
        yield from self._table_columns(cls)
        for name in dict.fromkeys([*cls.annotations, *cls.values]):
            if not name.startswith("__") and name not in _SPECIAL and not (is_sqlmodel and name.startswith("_")):
                yield name, read(Written(cls.module, cls.values.get(name), cls.annotations.get(name), is_sqlmodel))
        for name, method in cls.methods.items():
            if not name.startswith("__"):
                is_declared = any("declared_attr" in ast.dump(node) for node in method.head.decorator_list)
                yield name, self._declarations.method(method) if is_declared else None
        for name, written in self.registry.assigned.get(id(cls), ()):
            yield name, read(written)
        if imperative := self.registry.imperative.get(id(cls)):
            for name, value in imperative.properties.items():
                yield name, read(Written(imperative.module, value))

    def _table_columns(self, cls: Class) -> Iterator[tuple[str, Declared | None]]:
        """The columns of `__table__ = Table(…)`, or of the table of an imperative mapping."""
        imperative = self.registry.imperative.get(id(cls))
        module = imperative.module if imperative else cls.module
        node = imperative.table if imperative else cls.values.get("__table__")
        if table := self._table(module, node):
            for argument in table[1].args[1:]:
                declared = self._declarations.read(Written(table[0], argument))
                if isinstance(declared, DeclaredColumn) and isinstance(argument, ast.Call) and argument.args:
                    keys = [text(word.value) for word in argument.keywords if word.arg == "key"]
                    yield (keys[0] if keys else None) or text(argument.args[0]) or "", declared

    def _table(self, module: Module, node: ast.expr | None) -> tuple[Module, ast.Call] | None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            found = self.registry.project.resolve_expr(module, node)
            return self._table(found.module, found.value) if isinstance(found, Global) else None
        if isinstance(node, ast.Call) and called(module, node.func) == "Table":
            return module, node
        return None

    def _table_name(self, cls: Class) -> str | None:
        """The name of the Table that a class is mapped to."""
        imperative = self.registry.imperative.get(id(cls))
        node = imperative.table if imperative else cls.values.get("__table__")
        table = self._table(imperative.module if imperative else cls.module, node)
        return text(table[1].args[0]) if table and table[1].args else None

    def _apply_constraints(self, cls: Class, found: dict[str, Attribute]) -> None:
        """Take over the keys that `__table_args__` declares for several columns at once."""
        args = cls.values.get("__table_args__")
        for node in args.elts if isinstance(args, ast.Tuple) else ():
            name = called(cls.module, node.func) if isinstance(node, ast.Call) else ""
            if not isinstance(node, ast.Call) or name not in {"ForeignKeyConstraint", "PrimaryKeyConstraint"}:
                continue
            given = [*node.args, *(word.value for word in node.keywords if word.arg in {"columns", "refcolumns"})]
            lists = [list(arg.elts) if isinstance(arg, (ast.List, ast.Tuple)) else [arg] for arg in given]
            if name == "PrimaryKeyConstraint":
                self._claim(found, [column for nodes in lists for column in nodes], "primary_key", set())
            elif len(lists) > 1:
                tables = {table for one in lists[1] for table in self._declarations.referred(cls.module, one)}
                self._claim(found, lists[0], "foreign_key", tables)

    def _claim(self, found: dict[str, Attribute], nodes: list[ast.expr], claim: str, tables: set[str]) -> None:
        for name in (text(node) or (node.id if isinstance(node, ast.Name) else "") for node in nodes):
            old = found.get(name)
            if old is not None and isinstance(old.declared, DeclaredColumn):
                column = DeclaredColumn(old.declared.claims | {claim}, old.declared.references | tables)
                found[name] = Attribute(column, old.cls)


def _foreign_columns(externals: tuple[str, ...]) -> Iterator[tuple[str, DeclaredColumn]]:
    """The columns of well-known bases outside of the project (Advanced Alchemy 1.x, FastAPI Users 15)."""
    for package, name in ((name.partition(".")[0], name.rpartition(".")[2]) for name in externals):
        if package in {"advanced_alchemy", "litestar"}:
            if _PRIMARY_KEY.search(name):
                yield "id", DeclaredColumn(frozenset({"primary_key"}))
            if "Audit" in name:
                yield from (("created_at", DeclaredColumn()), ("updated_at", DeclaredColumn()))
            if name == "SlugKey":
                yield "slug", DeclaredColumn()
        elif package == "fastapi_users_db_sqlalchemy" and name.startswith("SQLAlchemyBaseUserTable"):
            yield from ((column, DeclaredColumn()) for column in _USER_TABLE)
            if name.endswith("UUID"):
                yield "id", DeclaredColumn(frozenset({"primary_key"}))
