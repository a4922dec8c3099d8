"""The response models of a project, and which attributes of a mapped instance filling one of them reads."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Literal, TypeAlias

from ..._lifecycle import schema
from ..program.modules import Class, External, Global, Module, Project
from ..program.traces import Guarded
from .annotated import Shape, called, parts_of, shape, text
from .index import Models
from .lineage import is_true
from .touches import Path
from .validators import chooses

Kind: TypeAlias = Literal["typed", "marshmallow"]

_PACKAGES = {"pydantic", "pydantic_settings", "msgspec", "sqlmodel", "fastapi_users"}
_BASES = {"BaseModel", "RootModel", "Struct", "SQLModel", "TypedDict", "CamelModel", "APIModel"}
_DECORATORS = {"dataclass", "define", "frozen"}
_NOT_READ = {"Method", "Function", "Constant"}
_ITEMS = ("page", "list", "paginat", "cursor", "result")
_TURNS = 2


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a response model: the attribute it is filled from (dotted for a path), its type in `module`.

    `nested` are the response models inside the annotation, several for a union; `many` says that it is a collection.
    """

    name: str
    attribute: str
    annotation: ast.expr
    module: Module
    nested: tuple[Class, ...]
    many: bool


class Schemas:
    """Reads response models when asked for them: Pydantic, SQLModel, dataclasses, attrs, msgspec, TypedDict, marshmallow."""

    def __init__(self, project: Project, models: Models) -> None:
        self.project = project
        self._models = models
        self._fields: Guarded[Class, Mapping[str, Field] | None] = Guarded(
            project.trace, lambda _: MappingProxyType({})
        )

    def fields(self, cls: Class) -> Mapping[str, Field] | None:
        """The fields of a response model by name, those of its bases first; None for any other class."""
        return self._fields.get(cls, partial(self._read, cls))

    def _read(self, cls: Class) -> Mapping[str, Field] | None:
        kind = self._kind(cls)
        if kind is None:
            return None
        read = self._typed if kind == "typed" else self._marshmallow
        found = (field for one in reversed(self._models.lineages.of(cls).classes) for field in read(one))
        return MappingProxyType({field.name: field for field in found})

    def reads(self, cls: Class, mapping: schema.Mapping) -> tuple[Path, ...]:
        """The attribute paths that filling `cls` from an instance of `mapping` reads, in the order of its fields.

        `("customer",), ("customer", "name")` for a nested model; a model that holds itself is followed one turn, one that
        chooses for itself what it reads not at all.
        """
        return tuple(dict.fromkeys(self._reads(cls, mapping, ())))

    def response(self, annotation: ast.expr, module: Module) -> tuple[tuple[Class, ...], bool] | None:
        """The response models inside a return annotation or `response_model`, and whether it is a list of them."""
        found = shape(annotation, module)
        models = self._schemas(found)
        if models:
            return models, found.many
        if not isinstance(found.inner, ast.Subscript):
            return None
        for part in parts_of(found.inner.slice):
            inner = self.response(part, found.module)
            if inner is not None:
                many = found.many or inner[1] or self._holds_many(found.inner.value, found.module)
                return inner[0], many
        return None

    def _reads(self, cls: Class, mapping: schema.Mapping, above: tuple[Class, ...]) -> Iterator[Path]:
        if above.count(cls) >= _TURNS or chooses(self._models.lineages.of(cls).classes):
            return
        for field in (self.fields(cls) or {}).values():
            path = tuple(field.attribute.split("."))
            if not self._has(mapping, path[0]) and self._has(mapping, field.name):
                path = (field.name,)
            yield from self._below(mapping, path, field.nested, (*above, cls))
        if self.is_marshmallow(cls) and self._is_automatic(cls):
            yield from ((name,) for name in self._automatic(cls, mapping))

    def _below(
        self, mapping: schema.Mapping, path: Path, nested: tuple[Class, ...], above: tuple[Class, ...]
    ) -> Iterator[Path]:
        """What following `path` from an instance reads, and then filling `nested` from what is there."""
        head, rest = path[0], path[1:]
        relation = mapping.relations.get(head)
        if relation is None:
            paths = [(head,)] if head in mapping.columns else sorted(self._models.property_reads(mapping, head))
            yield from (path[:length] for path in paths for length in range(1, len(path) + 1))
            return
        yield (head,)
        target = self._models.mapping(relation.target)
        if target is None:
            return
        filled = (self._reads(one, target, above) for one in nested)
        below = self._below(target, rest, nested, above) if rest else chain.from_iterable(filled)
        yield from ((head, *one) for one in below)

    def _has(self, mapping: schema.Mapping, name: str) -> bool:
        """Whether instances have an attribute: Pydantic goes by a field's own name where its alias is none."""
        return name in mapping.columns or name in mapping.relations or bool(self._models.property_reads(mapping, name))

    def _kind(self, cls: Class) -> Kind | None:
        """How a class declares its fields; None for a class that nothing is converted into."""
        lineage = self._models.lineages.of(cls)
        if "sqlmodel" in lineage.roots:
            return "typed"
        if self._models.mapping(cls) is not None:
            return None
        for name in lineage.externals:
            top, last = name.partition(".")[0], name.rpartition(".")[2]
            if top in _PACKAGES or last in _BASES:
                return "typed"
            if "marshmallow" in top or last.endswith("Schema"):
                return "marshmallow"
        if any(_DECORATORS & set(self._models.lineages.decorators(one)) for one in lineage.classes):
            return "typed"
        return "marshmallow" if any(self._is_marshmallow(one) for one in lineage.classes) else None

    def _is_marshmallow(self, cls: Class) -> bool:
        """Whether the fields of a class whose base cannot be told are marshmallow's."""
        calls = (value.func for value in cls.values.values() if isinstance(value, ast.Call))
        found = (self.project.resolve_expr(cls.module, func) for func in calls)
        return any(isinstance(one, External) and one.name.startswith("marshmallow.fields.") for one in found)

    def is_marshmallow(self, cls: Class) -> bool:
        """Whether instances of a class convert by `dump()`."""
        return self._kind(cls) == "marshmallow"

    def _automatic(self, cls: Class, mapping: schema.Mapping) -> Iterator[str]:
        """The attributes that `SQLAlchemyAutoSchema` takes over from the mapped class, as its `Meta` says."""
        meta = dict(pair for one in _metas(cls) for pair in one.values.items())
        left_out = set(_texts(meta.get("exclude")))
        with_keys = is_true(meta.get("include_fk"))
        columns = (name for name, column in mapping.columns.items() if with_keys or not column.foreign_key)
        relations = mapping.relations if is_true(meta.get("include_relationships")) else ()
        yield from (name for name in (*columns, *relations) if name not in left_out)

    def _is_automatic(self, cls: Class) -> bool:
        """Whether marshmallow takes the fields from the mapped class."""
        return any(name.endswith("SQLAlchemyAutoSchema") for name in self._models.lineages.of(cls).externals)

    def _typed(self, cls: Class) -> Iterator[Field]:
        for name, annotation in cls.annotations.items():
            value = cls.values.get(name)
            maker = called(cls.module, value.func) if isinstance(value, ast.Call) else ""
            head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
            if name.startswith("_") or name == "model_config" or maker in {"Relationship", "PrivateAttr"}:
                continue
            if called(cls.module, head) == "ClassVar":
                continue
            found = shape(annotation, cls.module)
            nested = self._schemas(found)
            attribute = _alias(cls.module, value, found) or name
            yield Field(name, attribute, annotation, cls.module, nested, found.many)

    def _marshmallow(self, cls: Class) -> Iterator[Field]:
        for name, value in cls.values.items():
            if isinstance(value, ast.Call) and not name.startswith("_"):
                words = {word.arg: word.value for word in value.keywords}
                if called(cls.module, value.func) not in _NOT_READ and not is_true(words.get("load_only")):
                    nested, many = self._nested(cls, value)
                    attribute = text(words.get("attribute")) or name
                    yield Field(name, attribute, value, cls.module, nested, many)
        for meta in _metas(cls):
            for key in ("fields", "additional"):
                listed = meta.values.get(key)
                for name in _texts(listed):
                    if listed is not None and name not in cls.values:
                        yield Field(name, name, listed, cls.module, (), False)

    def _nested(self, cls: Class, call: ast.Call) -> tuple[tuple[Class, ...], bool]:
        """The schema in `fields.Nested(…)`, `fields.Pluck(…)` or a `fields.List` of them."""
        maker, first = called(cls.module, call.func), call.args[0] if call.args else None
        if maker == "List" and isinstance(first, ast.Call):
            return self._nested(cls, first)[0], True
        if maker not in {"Nested", "Pluck"} or first is None:
            return (), False
        node = first.body if isinstance(first, ast.Lambda) else first
        many = any(word.arg == "many" and is_true(word.value) for word in call.keywords)
        if isinstance(node, ast.Call):
            many = many or any(word.arg == "many" and is_true(word.value) for word in node.keywords)
            node = node.func
        if text(node) == "self":
            return (cls,), many
        return self._schemas(shape(node, cls.module)), many

    def _schemas(self, found: Shape) -> tuple[Class, ...]:
        """The response models that an annotation names, each type of a union."""
        others = (shape(node, module) for node, module in found.others)
        sides = [self._schema(found.inner, found.module), *(self._schema(one.inner, one.module) for one in others)]
        return tuple(one for one in sides if one is not None)

    def _schema(self, node: ast.expr, module: Module) -> Class | None:
        found = self.project.resolve_expr(module, node)
        if isinstance(found, Class):
            return found if self._kind(found) is not None else None
        return None

    def _holds_many(self, node: ast.expr, module: Module) -> bool:
        """Whether a generic response model such as `Page[OrderRead]` holds a collection of its parameter."""
        found = self.project.resolve_expr(module, node)
        if not isinstance(found, Class):
            return any(word in called(module, node).lower() for word in _ITEMS)
        shapes = (shape(one.annotation, one.module) for one in (self.fields(found) or {}).values())
        return any(one.many and _is_parameter(found, one) for one in shapes)


def _metas(cls: Class) -> Iterator[Class]:
    """The `class Meta` of a marshmallow schema."""
    return (one for one in cls.module.classes if one.qualname == f"{cls.qualname}.Meta")


def _texts(node: ast.expr | None) -> Iterator[str]:
    """The strings of a tuple or list."""
    nodes = node.elts if isinstance(node, (ast.Tuple, ast.List)) else ()
    return (found for one in nodes if (found := text(one)))


def _is_parameter(cls: Class, found: Shape) -> bool:
    """Whether an annotation is a type variable of a generic class."""
    if not isinstance(found.inner, ast.Name):
        return False
    meant = cls.module.project.resolve_expr(found.module, found.inner)
    if isinstance(meant, Global) and isinstance(meant.value, ast.Call):
        return called(meant.module, meant.value.func) == "TypeVar"
    return meant is None and any(
        getattr(one, "name", "") == found.inner.id for one in getattr(cls.node, "type_params", ())
    )


def _alias(module: Module, value: ast.expr | None, found: Shape) -> str | None:
    """The attribute that Pydantic reads for a field by its `Field(validation_alias=…)` or `Field(alias=…)`."""
    for node, near in ((value, module), *found.extras):
        if not isinstance(node, ast.Call) or called(near, node.func) != "Field":
            continue
        words = {word.arg: word.value for word in node.keywords}
        given = words.get("validation_alias") or words.get("alias")
        if isinstance(given, ast.Call):
            strings = [name for arg in given.args if (name := text(arg))]
            maker = called(near, given.func)
            return ".".join(strings) if maker == "AliasPath" else next(iter(strings), None)
        if name := text(given):
            return name
    return None
