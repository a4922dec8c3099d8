"""The mapped classes of a project, found as SQLAlchemy's registry finds them: by name."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import partial

from ..program.modules import Class, Global, Module, Project, dotted
from ..program.nodes import walk
from .annotated import called, pairs, text
from .declared import Written
from .lineage import Lineages

REGISTRY, MAPPED, ASSIGNS = "registry", "mapped", "assigns"
"""What one can rest on: all that is mapped, which classes of a module are, and whether that may add attributes to some."""


@dataclass(frozen=True, slots=True)
class Imperative:
    """A call of `map_imperatively`: the table it maps to, and the `properties` by name."""

    module: Module
    table: ast.expr | None = None
    properties: dict[str, ast.expr] = field(default_factory=dict)


class Registry:
    """All mapped classes, in the order of their modules."""

    def __init__(self, project: Project, lineages: Lineages) -> None:
        self.project = project
        self.lineages = lineages
        self.imperative: dict[int, Imperative] = {}
        self.assigned: dict[int, list[tuple[str, Written]]] = {}
        self._variables: dict[tuple[str, str], Class] = {}
        for module in project.modules.values():
            if "map_imperatively" in module.file.text or "mapper(" in module.file.text:
                self._read_imperative(module)
        self.classes = [cls for module in project.modules.values() for cls in self._mapped(module)]
        self._ids = {id(cls) for cls in self.classes}
        self.by_qualname = {cls.qualname: cls for cls in self.classes}
        self._by_name: dict[str, list[Class]] = {}
        for cls in self.classes:
            self._by_name.setdefault(cls.name, []).append(cls)
        for module in project.modules.values():
            if project.facts.get((ASSIGNS, module.name), partial(_assigns, module)):
                self._read_assignments(module)

    def _mapped(self, module: Module) -> list[Class]:
        """The mapped classes of a module, in their order."""
        declared = self.project.facts.get((MAPPED, module.name), partial(self._declared, module))
        return [cls for cls in module.contents.classes if cls.ident in declared or id(cls) in self.imperative]

    def _declared(self, module: Module) -> frozenset[str]:
        return frozenset(cls.ident for cls in module.classes if self.lineages.is_mapped(cls))

    def holds(self, cls: Class) -> bool:
        return id(cls) in self._ids

    def named(self, name: str, near: Class) -> Class | None:
        """The mapped class that a string in a relationship of `near` means; `app.models.Order` works too."""
        path, _, last = name.rpartition(".")
        found = self._by_name.get(last, [])
        if path:
            found = [cls for cls in found if f".{cls.qualname}".endswith(f".{name}")] or found
        return max(found, key=lambda cls: self._nearness(cls, near), default=None)

    def meant(self, module: Module, node: ast.expr, near: Class) -> Class | None:
        """The mapped class that an expression means: imported, local, or found by its name."""
        name = text(node) or dotted(node)
        if name is None:
            return None
        found = self.project.resolve(module, name)
        if isinstance(found, Global) and isinstance(found.value, (ast.Name, ast.Attribute)):
            found = self.project.resolve_expr(found.module, found.value)
        if isinstance(found, Class) and self.holds(found):
            return found
        return self._variables.get((module.name, name)) or self.named(name, near)

    def _nearness(self, cls: Class, near: Class) -> tuple[bool, bool, int]:
        ours, theirs = self.lineages.of(near), self.lineages.of(cls)
        one_base = ours.classes[-1] is theirs.classes[-1] or bool(set(ours.externals) & set(theirs.externals))
        parts = zip(cls.qualname.split("."), near.qualname.split("."), strict=False)
        shared = next((index for index, (one, other) in enumerate(parts) if one != other), 99)
        return cls.module is near.module, one_base, shared

    def _read_assignments(self, module: Module) -> None:
        """Attributes that a module adds to its mapped classes after their bodies."""
        for statement in module.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=ast.Call() as value):
                    cls = self.project.resolve_expr(module, owner)
                    if isinstance(cls, Class) and self.holds(cls):
                        self.assigned.setdefault(id(cls), []).append((name, Written(module, value)))

    def _read_imperative(self, module: Module) -> None:
        for node in walk(module.tree):
            if isinstance(node, ast.Call) and called(module, node.func) in {"map_imperatively", "mapper"}:
                self._imperative(module, node)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and node.value.args:
                cls = self.project.resolve_expr(module, node.value.args[0])
                if isinstance(cls, Class):
                    self._variables |= {(module.name, one.id): cls for one in node.targets if isinstance(one, ast.Name)}

    def _imperative(self, module: Module, call: ast.Call) -> None:
        arguments = dict(zip(("class_", "local_table"), call.args, strict=False))
        arguments |= {word.arg: word.value for word in call.keywords if word.arg}
        cls = self.project.resolve_expr(module, arguments["class_"]) if "class_" in arguments else None
        if isinstance(cls, Class):
            properties = dict(pairs(arguments.get("properties")))
            self.imperative[id(cls)] = Imperative(module, arguments.get("local_table"), properties)


def _assigns(module: Module) -> bool:
    """Whether a module's own statements put a call into an attribute of anything."""
    return any(
        isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Call)
        and any(isinstance(target, ast.Attribute) for target in statement.targets)
        for statement in module.tree.body
    )
