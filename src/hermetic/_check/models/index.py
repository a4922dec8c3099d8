"""The models of a project: what the mapper would say of each class, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property, partial
from types import MappingProxyType

from ..._lifecycle.schema import Column, Mapping, Relation
from ..program.modules import Class, Definition, Global, Project
from ..program.traces import Remembered
from .annotated import called
from .attributes import Attributes
from .declared import DeclaredColumn, DeclaredRelation
from .lineage import Lineages, is_true
from .properties import Properties
from .registry import REGISTRY, Registry
from .relations import Relations
from .touches import Path

MAPPING, IS_MAPPED, VERSIONED, UNIQUE, READS = "mapping", "is mapped", "versioned", "unique", "reads"
RELATIONS = "relations"
"""What one can rest on: what the mapper says of a class, and what a property of its instances reads."""


class Models:
    """Every mapped class of a project; a mapping is worked out when it is first asked for."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._trace = project.trace
        self.lineages = Lineages(project)
        self._known: Remembered[Class, Mapping] = Remembered(project.trace)
        self._mappings: dict[int, Mapping] = {}
        self._classes: dict[int, Class] = {}

    @cached_property
    def registry(self) -> Registry:
        """All that is mapped; whoever rests on it as a whole notes so."""
        with self._trace.apart():
            return Registry(self.project, self.lineages)

    @cached_property
    def _attributes(self) -> Attributes:
        return Attributes(self.registry)

    @cached_property
    def _relations(self) -> Relations:
        return Relations(self.registry, self._attributes)

    @cached_property
    def _properties(self) -> Properties:
        return Properties(self, self.registry, self._attributes)

    def __len__(self) -> int:
        return len(self.registry.classes)

    def __iter__(self) -> Iterator[Mapping]:
        return (self._mapping(cls) for cls in self.registry.classes)

    def mapping(self, cls: Class | str) -> Mapping | None:
        """The mapping of a class, given itself or by its qualified name; None for a class that is not mapped."""
        found = self.registry.by_qualname.get(cls) if isinstance(cls, str) else cls
        self._trace.inside.add((MAPPING, cls) if isinstance(cls, str) else (MAPPING, cls.module.name, cls.ident))
        return self._mapping(found) if found is not None and self.registry.holds(found) else None

    def is_mapped(self, cls: Class) -> bool:
        """Whether there is a mapping of a class, for who does not ask what it says."""
        cls.module.note(IS_MAPPED, cls.ident)
        return self.registry.holds(cls)

    def of(self, definition: Definition | None) -> Mapping | None:
        """The mapping of what a name means: a class, or another name or `aliased(…)` of one."""
        for _ in range(4):
            if not isinstance(definition, Global):
                break
            node = definition.value
            if isinstance(node, ast.Call) and node.args and called(definition.module, node.func) == "aliased":
                node = node.args[0]
            definition = self.project.resolve_expr(definition.module, node) if node is not None else None
        return self.mapping(definition) if isinstance(definition, Class) else None

    def cls(self, mapping: Mapping) -> Class:
        """The class that a mapping given out here describes."""
        return self._classes[id(mapping)]

    def relation_names(self) -> frozenset[str]:
        """The names of all relations."""
        self._trace.inside.add((RELATIONS,))
        return self.project.facts.get((RELATIONS,), self._relation_names)

    def _relation_names(self) -> frozenset[str]:
        self._trace.inside.add((REGISTRY,))
        return frozenset(name for cls in self.registry.classes for name in self.traced(cls).relations)

    def backrefs(self) -> list[tuple[str, Relation]]:
        """The relations that classes put on others, with these others."""
        return self._relations.reversed()

    def is_versioned(self, mapping: Mapping) -> bool:
        """Whether an UPDATE checks a version counter (`version_id_col`), and so refuses to go over another's change."""
        if id(mapping) not in self._classes:
            return False
        cls = self.cls(mapping)
        cls.module.note(VERSIONED, cls.ident)
        with self._trace.apart():
            return self.has_counter(cls)

    def has_counter(self, cls: Class) -> bool:
        """Whether a mapped class has a version counter, with a note of all that tells so."""
        for one in self.lineages.of(cls).classes:
            method = one.methods.get("__mapper_args__")
            node = one.values.get("__mapper_args__") or (method.node if method else None)
            if node is not None and "version_id_col" in ast.dump(node):
                return True
        return False

    def tells_apart(self, mapping: Mapping, names: frozenset[str]) -> bool:
        """Whether no two rows are alike in all of these columns: they hold the primary key or a unique constraint."""
        keys = {name for name, column in mapping.columns.items() if column.primary_key}
        if (keys and keys <= names) or any(mapping.columns[name].unique for name in names & mapping.columns.keys()):
            return True
        if id(mapping) not in self._classes:
            return False
        cls = self.cls(mapping)
        cls.module.note(UNIQUE, cls.ident)
        with self._trace.apart():
            return any(group <= names for group in self.unique(cls))

    def unique(self, cls: Class) -> Iterator[set[str]]:
        """The groups of columns that the table arguments of a mapped class say are unique together."""
        nodes = (one.values.get("__table_args__") for one in self.lineages.of(cls).classes)
        return (group for node in nodes if node is not None for group in _constraints(node))

    def property_reads(self, mapping: Mapping, name: str) -> frozenset[Path]:
        """The columns and relations that reading a property (or calling a method) of an instance reads, as paths.

        `{("customer", "name")}` for a property that returns `self.customer.name`; empty for any other attribute.
        """
        if id(mapping) not in self._classes:
            return frozenset()
        cls = self.cls(mapping)
        self._trace.inside.add((READS, cls.module.name, cls.ident, name))
        with self._trace.apart():
            return self.traced_reads(mapping, name)

    def traced_reads(self, mapping: Mapping, name: str) -> frozenset[Path]:
        """The same for a mapped class of the project, with a note of all that it is worked out from."""
        self._trace.inside.add((REGISTRY,))
        return self._properties.reads(mapping, name)

    def _mapping(self, cls: Class) -> Mapping:
        if id(cls) not in self._mappings:
            with self._trace.apart():
                self.traced(cls)
        return self._mappings[id(cls)]

    def traced(self, cls: Class) -> Mapping:
        """The mapping of a mapped class, with a note of all that it is worked out from."""
        return self._known.get(cls, partial(self._made, cls))

    def _made(self, cls: Class) -> Mapping:
        self._trace.inside.add((REGISTRY,))
        columns, relations = dict[str, Column](), dict[str, Relation]()
        for relation in self._relations.backrefs(cls):
            relations[relation.name] = relation
        for name, found in self._attributes.of(cls).items():
            if isinstance(found.declared, DeclaredColumn):
                columns[name] = _column(name, found.declared)
            elif isinstance(found.declared, DeclaredRelation):
                relations[name] = self._relations.relation(cls, name, found.declared)
        mapping = Mapping(cls.qualname, MappingProxyType(columns), MappingProxyType(relations))
        self._mappings[id(cls)] = mapping
        self._classes[id(mapping)] = cls
        return mapping


def _constraints(node: ast.expr) -> Iterator[set[str]]:
    """The groups of columns that `UniqueConstraint(…)` and `Index(…, unique=True)` name as strings."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", None) or getattr(call.func, "id", "")
        texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        is_index = name == "Index" and any(word.arg == "unique" and is_true(word.value) for word in call.keywords)
        group = set(texts[1:] if is_index else texts)
        if (is_index or name == "UniqueConstraint") and len(texts) == len(call.args) and group:
            yield group


def _column(name: str, declared: DeclaredColumn) -> Column:
    claims = declared.claims
    return Column(
        name,
        primary_key="primary_key" in claims,
        deferred="deferred" in claims,
        server_default="server_default" in claims,
        onupdate="onupdate" in claims,
        foreign_key="foreign_key" in claims,
        unique="unique" in claims,
    )
