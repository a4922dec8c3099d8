"""Works out what a relationship leads to and whether to many, by the rules that the mapper follows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

from ..._lifecycle.schema import Lazy, Relation
from ..program.modules import Class, Global, Module, dotted
from ..program.surroundings import SURROUNDINGS
from ..program.words import WORDS, words_of
from .annotated import shape, text, unquoted
from .attributes import Attributes
from .declared import DeclaredColumn, DeclaredRelation, is_falsy
from .lineage import is_true
from .registry import REGISTRY, Registry

Direction: TypeAlias = Literal["many-to-one", "one-to-many", "many-to-many", "unknown"]

_LAZY: dict[object, Lazy] = {name: name for name in get_args(Lazy)} | {True: "select", False: "joined", None: "noload"}
_WRAPPED: dict[str, Lazy] = {"WriteOnlyMapped": "write_only", "DynamicMapped": "dynamic"}


BACKREFS = "backrefs"
"""What one can rest on: the relations that classes put on others."""


class Relations:
    """Turns declared relationships into `schema.Relation`, and finds those that others declare by `backref`."""

    def __init__(self, registry: Registry, attributes: Attributes) -> None:
        self.registry = registry
        self.attributes = attributes
        self._reversed: dict[int, list[Relation]] | None = None

    def relation(self, cls: Class, name: str, declared: DeclaredRelation) -> Relation:
        arguments = declared.arguments
        target = self.target(cls, declared)
        known = set[str]() if target is not None else self._own_keys(cls, declared)
        direction = self._direction(cls, target, declared) if target is not None else _without_target(arguments, known)
        lazy = self._lazy(declared.module, arguments.get("lazy"))
        for wrapper in declared.shape.wrappers if declared.shape else ():
            lazy = _WRAPPED.get(wrapper, lazy)
        back = text(arguments.get("back_populates")) or self._backref(declared)[0]
        return Relation(
            name,
            target.qualname if target is not None else self._bare_name(declared),
            _is_many(declared, direction) or lazy in {"dynamic", "write_only"},
            lazy,
            back,
            direction == "many-to-many",
            keys=tuple(sorted(known if target is None else self._keys(cls, target, declared))),
        )

    def _own_keys(self, cls: Class, declared: DeclaredRelation) -> set[str]:
        """The columns of the class itself that a relationship names as its foreign keys."""
        named = set(_foreign_names(declared))
        return {name for name in named if name in self.attributes.of(cls)} if named else set()

    def _keys(self, cls: Class, target: Class, declared: DeclaredRelation) -> set[str]:
        named = {one.rpartition(".")[2] for one in _foreign_names(declared) if self._owner(cls, target, one) is cls}
        if named:
            return named
        tables = self.attributes.tables(target)
        columns = ((key, one.declared) for key, one in self.attributes.of(cls).items())
        return {key for key, one in columns if isinstance(one, DeclaredColumn) and one.references & tables}

    def target(self, cls: Class, declared: DeclaredRelation) -> Class | None:
        """The mapped class on the other side."""
        found = self._named(declared)
        return self.registry.meant(*found, cls) if found else None

    def backrefs(self, cls: Class) -> list[Relation]:
        """The relations that other classes put on this one (or on its parents) by `backref`."""
        self.registry.project.trace.inside.add((BACKREFS,))
        if self._reversed is None:
            self._reversed = {}
            with self.registry.project.trace.apart():
                for target, relation in self._all():
                    self._reversed.setdefault(id(target), []).append(relation)
        lineage = self.registry.lineages.of(cls).classes
        return [relation for one in reversed(lineage) for relation in self._reversed.get(id(one), ())]

    def reversed(self) -> list[tuple[str, Relation]]:
        """All relations that classes put on others, with these others, and a note of all that tells of them."""
        return [(target.ident, relation) for target, relation in self._all()]

    def _all(self) -> Iterator[tuple[Class, Relation]]:
        project = self.registry.project
        project.trace.inside |= {(REGISTRY,), (SURROUNDINGS, "backref")}
        is_spoken_of = any("backref" in words_of(project, module).speaks_of for module in project.modules.values())
        for one in self.registry.classes if is_spoken_of or self.registry.imperative else ():
            yield from self._reverse(one)

    def _reverse(self, cls: Class) -> Iterator[tuple[Class, Relation]]:
        lineage = self.registry.lineages.of(cls).classes
        for one in lineage:
            one.module.note(WORDS)
        if (
            not any("backref" in words_of(one.module.project, one.module).speaks_of for one in lineage)
            and id(cls) not in self.registry.imperative
        ):
            return
        parents = [one for one in lineage[1:] if self.registry.holds(one)]
        inherited = {name for one in parents for name in self.attributes.of(one)}
        for name, found in self.attributes.of(cls).items():
            declared = found.declared
            if not isinstance(declared, DeclaredRelation) or (name in inherited and found.cls is not cls):
                continue
            back, arguments = self._backref(declared)
            target = self.target(cls, declared) if back else None
            if back is not None and target is not None:
                direction = self._direction(cls, target, declared)
                to_one = direction == "one-to-many" or (direction == "unknown" and _is_many(declared, direction))
                many = not to_one and not _is_false(arguments.get("uselist"))
                lazy = self._lazy(declared.module, arguments.get("lazy"))
                many = many or lazy in {"dynamic", "write_only"}
                yield target, Relation(back, cls.qualname, many, lazy, name, direction == "many-to-many")

    def _backref(self, declared: DeclaredRelation) -> tuple[str | None, dict[str, ast.expr]]:
        """The name and the arguments in `backref="x"` or `backref=backref("x", …)`."""
        node = declared.arguments.get("backref")
        if isinstance(node, ast.Call) and node.args:
            return text(node.args[0]), {word.arg: word.value for word in node.keywords if word.arg}
        return text(node), {}

    def _named(self, declared: DeclaredRelation) -> tuple[Module, ast.expr] | None:
        """The expression that names the target, and the module it is written in."""
        node = declared.arguments.get("argument") or declared.arguments.get("entity")
        if node is None and declared.shape is not None:
            return declared.shape.module, declared.shape.inner
        if isinstance(node, ast.Lambda):
            node = node.body
        if isinstance(node, ast.Attribute) and node.attr == "__name__":
            node = node.value
        if node is None:
            return None
        found = shape(node, declared.module)
        return found.module, found.inner

    def _bare_name(self, declared: DeclaredRelation) -> str:
        found = self._named(declared)
        name = (text(found[1]) or dotted(found[1]) or "") if found else ""
        return name.rpartition(".")[2]

    def _lazy(self, module: Module, node: ast.expr | None) -> Lazy:
        if isinstance(node, (ast.Name, ast.Attribute)):
            found = self.registry.project.resolve_expr(module, node)
            node = found.value if isinstance(found, Global) else None
        return _LAZY.get(node.value, "select") if isinstance(node, ast.Constant) else "select"

    def _direction(self, cls: Class, target: Class, declared: DeclaredRelation) -> Direction:
        arguments = declared.arguments
        if "secondary" in arguments:
            return "many-to-many"
        if self.attributes.tables(cls) & self.attributes.tables(target):
            return self._own_direction(cls, declared)
        owners = [self._owner(cls, target, name) for name in _foreign_names(declared)]
        if owners and owners[0] is not None:
            return "many-to-one" if owners[0] is cls else "one-to-many"
        local = bool(self.attributes.references(cls) & self.attributes.tables(target))
        remote = bool(self.attributes.references(target) & self.attributes.tables(cls))
        if local and remote and "primaryjoin" in arguments:
            return self._joined_direction(cls, target, arguments["primaryjoin"])
        if local == remote:
            return "unknown"
        return "many-to-one" if local else "one-to-many"

    def _own_direction(self, cls: Class, declared: DeclaredRelation) -> Direction:
        """The direction between rows of one table, which `remote_side` decides."""
        remote = list(_names(declared.arguments.get("remote_side")))
        remote = remote or list(_marked(declared.arguments.get("primaryjoin"), "remote"))
        if not remote:
            return "one-to-many"
        return "one-to-many" if all(self._is_foreign(cls, name) for name in remote) else "many-to-one"

    def _joined_direction(self, cls: Class, target: Class, join: ast.expr) -> Direction:
        for name in _names(join):
            owner = self._owner(cls, target, name)
            if owner is not None and self._is_foreign(owner, name):
                return "many-to-one" if owner is cls else "one-to-many"
        return "unknown"

    def _owner(self, cls: Class, target: Class, name: str) -> Class | None:
        """Which of the two sides a column named in a relationship belongs to."""
        first, _, rest = name.partition(".")
        if not rest:
            return cls if first in self.attributes.of(cls) else None
        for side in (cls, target):
            names = {one.name for one in self.registry.lineages.of(side).classes} | self.attributes.tables(side)
            if name.split(".")[-2] in names or first in names:
                return side
        return None

    def _is_foreign(self, cls: Class, name: str) -> bool:
        found = self.attributes.of(cls).get(name.rpartition(".")[2])
        return (
            found is not None and isinstance(found.declared, DeclaredColumn) and "foreign_key" in found.declared.claims
        )


def _is_many(declared: DeclaredRelation, direction: Direction) -> bool:
    found, uselist = declared.shape, declared.arguments.get("uselist")
    if found is not None and (found.many or "Mapped" in found.wrappers or uselist is None):
        return found.many or "collection_class" in declared.arguments
    if uselist is not None and (is_true(uselist) or is_falsy(uselist)):
        return is_true(uselist)
    return direction != "many-to-one"


def _without_target(arguments: dict[str, ast.expr], own_keys: set[str]) -> Direction:
    """The direction of a relationship to a class that is out of sight."""
    if "secondary" in arguments:
        return "many-to-many"
    return "many-to-one" if own_keys else "unknown"


def _is_false(node: ast.expr | None) -> bool:
    return node is not None and is_falsy(node)


def _foreign_names(declared: DeclaredRelation) -> list[str]:
    """The columns that a relationship says are its foreign keys."""
    given = list(_names(declared.arguments.get("foreign_keys")))
    return given or list(_marked(declared.arguments.get("primaryjoin"), "foreign"))


def _names(node: ast.expr | None) -> Iterator[str]:
    """The outermost dotted names in an expression, strings and lambdas read as expressions."""
    stack: list[ast.AST] = [unquoted(node)] if node is not None else []
    while stack:
        found = stack.pop(0)
        name = dotted(found) if isinstance(found, (ast.Name, ast.Attribute)) else None
        if name:
            yield name
        elif isinstance(found, ast.Call):
            stack[:0] = found.args
        else:
            stack[:0] = [unquoted(one) if isinstance(one, ast.expr) else one for one in ast.iter_child_nodes(found)]


def _marked(node: ast.expr | None, mark: str) -> Iterator[str]:
    """The names inside the calls of `foreign(…)` or `remote(…)` of a join condition."""
    for found in ast.walk(unquoted(node)) if node is not None else ():
        if isinstance(found, ast.Call) and (dotted(found.func) or "").rpartition(".")[2] == mark and found.args:
            yield from _names(found.args[0])
