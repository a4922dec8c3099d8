"""What reading a property or calling a method of a mapped instance reads of its columns and relations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Protocol

from ..._lifecycle.schema import Mapping
from ..program.modules import Class, Function
from ..program.traces import Remembered
from .attributes import Attributes
from .declared import Shortcut
from .registry import Registry
from .touches import EVERY_COLUMN, Path, reads_of

_NOT_A_GETTER = {
    "setter", "deleter", "expression", "inplace", "comparator", "update_expression", "staticmethod", "classmethod",
    "declared_attr", "directive", "cascading",
}  # fmt: skip
_FOLLOWED = 3


class Mapped(Protocol):
    """Where the mappings come from."""

    def mapping(self, cls: Class | str) -> Mapping | None: ...

    def cls(self, mapping: Mapping) -> Class: ...


class Properties:
    """Summaries of properties and methods by class and name, each made once."""

    def __init__(self, models: Mapped, registry: Registry, attributes: Attributes) -> None:
        self._models = models
        self._registry = registry
        self._attributes = attributes
        self._found: Remembered[tuple[int, str], frozenset[Path]] = Remembered(registry.project.trace)

    def reads(self, mapping: Mapping, name: str) -> frozenset[Path]:
        return self._found.get((id(mapping), name), lambda: frozenset(self._expanded(mapping, name, _FOLLOWED, 0)))

    def _expanded(self, mapping: Mapping, name: str, depth: int, start: int) -> Iterator[Path]:
        """The paths behind `name`, looked up from the class at place `start` of the lineage on."""
        cls = self._models.cls(mapping)
        attribute = self._attributes.of(cls).get(name)
        if attribute is not None:
            paths = attribute.declared.paths if isinstance(attribute.declared, Shortcut) else ()
            for path in paths:
                yield from self._kept(mapping, path, depth)
            return
        for place, one in enumerate(self._registry.lineages.of(cls).classes[start:], start):
            function = _getter(one, name)
            if function is not None:
                for path in _own_reads(function):
                    above = path[0] == name and depth
                    yield from (
                        self._expanded(mapping, name, depth - 1, place + 1)
                        if above
                        else self._kept(mapping, path, depth)
                    )
                return

    def _kept(self, mapping: Mapping, path: Path, depth: int) -> Iterator[Path]:
        """The part of a path that leads through columns and relations, other properties replaced by what they read."""
        head, rest = path[0], path[1:]
        if head == EVERY_COLUMN:
            yield from ((name,) for name in mapping.columns)
        elif head in mapping.columns:
            yield (head,)
        elif relation := mapping.relations.get(head):
            target = self._models.mapping(relation.target)
            below = set(self._kept(target, rest, depth - 1)) if target is not None and rest and depth else set()
            yield from ((head, *one) for one in below or {()})
        elif depth:
            yield from self._expanded(mapping, head, depth - 1, 0)


def _own_reads(function: Function) -> frozenset[Path]:
    names = [*function.head.args.posonlyargs, *function.head.args.args]
    return reads_of(function)[names[0].arg] if names else frozenset()


def _getter(cls: Class, name: str) -> Function | None:
    """The method or property of a class's own body, as an instance sees it."""
    if name not in cls.methods:
        return None
    named = (one for one in cls.module.functions if one.cls is cls and one.name == name)
    return next((one for one in named if not _NOT_A_GETTER & set(_decorators(one))), None)


def _decorators(function: Function) -> Iterator[str]:
    for node in function.head.decorator_list:
        for found in ast.walk(node):
            if isinstance(found, (ast.Name, ast.Attribute)):
                yield found.attr if isinstance(found, ast.Attribute) else found.id
