"""Which classes of a project are mapped, judged by the classes they come from."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from ..program.modules import Class, Definition, External, Function, Global, Module, Project, dotted, strip_subscript
from ..program.traces import Guarded

Root: TypeAlias = Literal["declarative", "sqlmodel", "flask", "unknown"]

_BASES = {"DeclarativeBase", "DeclarativeBaseNoMeta"}
_BASE_MAKERS = {"declarative_base", "automap_base", "generate_base"}
_MAPPING_DECORATORS = {"mapped", "mapped_as_dataclass"}
_BASE_DECORATORS = {"as_declarative", "as_declarative_base"}
_PLAIN = sys.stdlib_module_names | {"pydantic", "typing_extensions", "sqlalchemy", "sqlalchemy_utils", "attrs", "attr"}
_FLASK = "flask_sqlalchemy.Model"
_MADE = "sqlalchemy.made.Base"
_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Lineage:
    """A class and its bases inside the project, in the order in which attributes are looked up.

    `externals` are the dotted names of the bases outside, `roots` what these make of the class.
    """

    classes: tuple[Class, ...]
    externals: tuple[str, ...]
    roots: frozenset[Root]

    def declares(self, *names: str) -> bool:
        """Whether the body of one of the classes gives one of `names` a value other than None."""
        written = (cls.values.get(name, cls.methods.get(name)) for cls in self.classes for name in names)
        return any(one is not None and not (isinstance(one, ast.Constant) and one.value is None) for one in written)


class Lineages:
    """The lineage of every class, worked out when asked for."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._found: Guarded[Class, Lineage] = Guarded(project.trace, lambda cls: Lineage((cls,), (), frozenset()))
        self._locals: dict[int, dict[str, Class]] = {}

    def of(self, cls: Class) -> Lineage:
        return self._found.get(cls, partial(self._lineage, cls))

    def _lineage(self, cls: Class) -> Lineage:
        classes, externals = [cls], list[str]()
        for base in self._bases(cls):
            if isinstance(base, Class):
                above = self.of(base)
                classes += above.classes
                externals += above.externals
            else:
                externals.append(base)
        if _BASE_DECORATORS & set(self.decorators(cls)):
            externals.append(_MADE)
        last = {id(one): index for index, one in enumerate(classes)}
        kept = tuple(one for index, one in enumerate(classes) if last[id(one)] == index)
        roots = frozenset(root for name in externals if (root := _root(name)))
        return Lineage(kept, tuple(dict.fromkeys(externals)), roots)

    def is_mapped(self, cls: Class) -> bool:
        """Whether SQLAlchemy maps this class to a table when its module is imported."""
        if _MAPPING_DECORATORS & set(self.decorators(cls)):
            return True
        if is_true(cls.values.get("__abstract__")):
            return False
        lineage = self.of(cls)
        if not lineage.roots:
            return False
        if "sqlmodel" in lineage.roots or _has_table(cls):
            return _has_table(cls)
        if "declarative" in lineage.roots or "flask" in lineage.roots:
            return not self._is_base(cls)
        return lineage.declares("__tablename__", "__table__") or self._has_columns(cls)

    def _is_base(self, cls: Class) -> bool:
        """Whether a class is itself the declarative base that others are mapped through."""
        direct = any(isinstance(base, str) and _is_declarative_base(base) for base in self._bases(cls))
        return direct or bool(_BASE_DECORATORS & set(self.decorators(cls)))

    def _has_columns(self, cls: Class) -> bool:
        if "Mixin" in cls.name:
            return False
        calls = (value.func for value in cls.values.values() if isinstance(value, ast.Call))
        return any(self._is_column(cls.module, func) for func in calls)

    def _is_column(self, module: Module, func: ast.expr) -> bool:
        found = self.project.resolve_expr(module, func)
        if isinstance(found, External):
            return found.name.startswith("sqlalchemy.") and found.name.endswith((".Column", ".mapped_column"))
        return found is None and isinstance(func, ast.Attribute) and func.attr == "Column"

    def decorators(self, cls: Class) -> Iterator[str]:
        """The last names of a class's decorators."""
        for node in cls.node.decorator_list:
            func = node.func if isinstance(node, ast.Call) else node
            if isinstance(func, ast.Attribute):
                yield func.attr
            elif isinstance(func, ast.Name):
                found = self.project.resolve_expr(cls.module, func)
                yield found.name.rpartition(".")[2] if isinstance(found, External) else func.id

    def _bases(self, cls: Class) -> Iterator[Class | str]:
        for node in cls.node.bases:
            yield from self._base(cls, cls.module, strip_subscript(node), 5)

    def _base(self, cls: Class, module: Module, node: ast.expr, depth: int) -> Iterable[Class | str]:
        """What a base expression means: classes of the project, dotted names of others."""
        if isinstance(node, ast.Call):
            return self._made(cls, module, node, depth)
        found: Definition | None = self.project.resolve_expr(module, node)
        if found is None and isinstance(node, ast.Name):
            found = self._local(cls, node.id)
        if isinstance(found, Class):
            return [] if found is cls else [found]
        if isinstance(found, External):
            return [found.name]
        if isinstance(found, Global) and found.value is not None and depth:
            return self._base(cls, found.module, strip_subscript(found.value), depth - 1)
        if isinstance(node, ast.Attribute) and node.attr == "Model" and not isinstance(found, (Function, Module)):
            return [_FLASK, *self._model_class(cls, module, node.value, depth)]
        return [] if isinstance(node, ast.Name) and hasattr(builtins, node.id) else [_UNKNOWN]

    def _made(self, cls: Class, module: Module, call: ast.Call, depth: int) -> Iterable[Class | str]:
        """The base that `declarative_base(cls=…)` and its like return."""
        name = (dotted(call.func) or "").rpartition(".")[2]
        found = self.project.resolve_expr(module, call.func)
        if isinstance(found, External):
            name = found.name.rpartition(".")[2]
        if name not in _BASE_MAKERS or not depth:
            return [_UNKNOWN]
        given = [word.value for word in call.keywords if word.arg == "cls"]
        given += call.args[:1] if name == "automap_base" else []
        return [base for node in given for base in self._base(cls, module, node, depth - 1)] + [_MADE]

    def _model_class(self, cls: Class, module: Module, node: ast.expr, depth: int) -> Iterable[Class | str]:
        """The class given to Flask-SQLAlchemy as `SQLAlchemy(model_class=Base)`."""
        found = self.project.resolve_expr(module, node)
        if not isinstance(found, Global) or not isinstance(found.value, ast.Call) or not depth:
            return []
        given = (word.value for word in found.value.keywords if word.arg == "model_class")
        return [base for value in given for base in self._base(cls, found.module, value, depth - 1)]

    def _local(self, cls: Class, name: str) -> Class | None:
        """A class of the same function, which names at module level do not reach."""
        if "." not in cls.qualname.removeprefix(f"{cls.module.name}."):
            return None
        classes = cls.module.classes
        if id(cls.module) not in self._locals:
            self._locals[id(cls.module)] = {one.qualname: one for one in classes}
        return self._locals[id(cls.module)].get(f"{cls.qualname.rpartition('.')[0]}.{name}")


def is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _has_table(cls: Class) -> bool:
    return any(word.arg == "table" and is_true(word.value) for word in cls.node.keywords)


def _is_declarative_base(name: str) -> bool:
    return name.startswith("sqlalchemy.") and name.rpartition(".")[2] in _BASES


def _root(name: str) -> Root | None:
    """What a base outside of the project makes of the classes below it; None for a base that has no say."""
    top, last = name.partition(".")[0], name.rpartition(".")[2]
    if name == _MADE or _is_declarative_base(name):
        return "declarative"
    if top == "sqlmodel":
        return "sqlmodel" if last == "SQLModel" else None
    if top in {"advanced_alchemy", "litestar"}:
        return "declarative" if last.endswith("Base") else None
    if top == "flask_sqlalchemy":
        return "flask" if last == "Model" else None
    return None if top in _PLAIN else "unknown"
