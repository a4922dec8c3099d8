"""Reads type annotations as mappers and serializers do: what is behind the wrappers, and whether it is many."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..program.modules import Class, External, Global, Module, dotted
from ..program.nodes import in_string

_WRAPPERS = {
    "Mapped",
    "WriteOnlyMapped",
    "DynamicMapped",
    "Optional",
    "Required",
    "NotRequired",
    "ReadOnly",
    "Final",
    "InitVar",
}
_COLLECTIONS = {
    "list", "List", "set", "Set", "frozenset", "FrozenSet", "tuple", "Tuple", "deque", "Deque", "Sequence", "Collection",
    "Iterable", "Iterator", "MutableSequence", "MutableSet", "AbstractSet", "conlist", "conset",
}  # fmt: skip
_KEYED = {"dict", "Dict", "Mapping", "MutableMapping", "KeyFuncDict", "MappedCollection", "defaultdict", "OrderedDict"}


@dataclass(frozen=True, slots=True)
class Shape:
    """An annotation taken apart: the names of its wrappers, the innermost type, whether it is a collection of it.

    `extras` are what `Annotated` adds, `others` the other types of a union, each with the module it is written in.
    """

    inner: ast.expr
    module: Module
    many: bool = False
    wrappers: tuple[str, ...] = ()
    extras: tuple[tuple[ast.expr, Module], ...] = ()
    others: tuple[tuple[ast.expr, Module], ...] = ()


def called(module: Module, node: ast.expr, depth: int = 4) -> str:
    """The last name of what an expression means, whatever it was imported as: `Column` for `sa.Column`."""
    found = module.project.resolve_expr(module, node)
    if isinstance(found, External):
        return found.name.rpartition(".")[2]
    if isinstance(found, Global) and depth and isinstance(found.value, (ast.Name, ast.Attribute)):
        return called(found.module, found.value, depth - 1)
    return (dotted(node) or "").rpartition(".")[2] or (node.attr if isinstance(node, ast.Attribute) else "")


def unquoted(node: ast.expr) -> ast.expr:
    """The expression in a string; the node itself where it is none."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return node
    try:
        return in_string(node, node.value.strip())
    except (SyntaxError, ValueError):
        return node


def text(node: ast.AST | None) -> str | None:
    """The string that a literal holds."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def pairs(node: ast.expr | None) -> Iterator[tuple[str, ast.expr]]:
    """The names and values in `{"name": value}` or `dict(name=value)`."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if name := text(key):
                yield name, value
    elif isinstance(node, ast.Call):
        yield from ((word.arg, word.value) for word in node.keywords if word.arg)


def shape(node: ast.expr, module: Module) -> Shape:
    """Take an annotation apart, through strings, unions with None, aliases and `Annotated`."""
    return _shape(Shape(node, module), 12)


def _shape(found: Shape, depth: int) -> Shape:
    node, module = unquoted(found.inner), found.module
    if not depth:
        return found
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _shape(_united(found, list(_sides(node))), depth - 1)
    if isinstance(node, (ast.Name, ast.Attribute)):
        alias = module.project.resolve_expr(module, node)
        if isinstance(alias, Global) and isinstance(alias.value, (ast.Subscript, ast.BinOp, ast.Name, ast.Attribute)):
            return _shape(replace(found, inner=alias.value, module=alias.module), depth - 1)
    if not isinstance(node, ast.Subscript):
        return _inside(found, node)
    head, parts = called(module, node.value), list(parts_of(node.slice))
    if head == "Annotated":
        extras = tuple((part, module) for part in parts[1:])
        return _shape(replace(found, inner=parts[0], extras=found.extras + extras), depth - 1)
    if head == "Union":
        return _shape(_united(found, parts), depth - 1)
    wrapper = (head,) if head in _WRAPPERS else ()
    many = found.many or head in _COLLECTIONS or head in _KEYED or _is_list(module, node.value)
    if not wrapper and many == found.many:
        return _inside(found, node)
    inner = parts[-1] if head in _KEYED else parts[0]
    return _shape(replace(found, inner=inner, many=many, wrappers=found.wrappers + wrapper), depth - 1)


def _inside(found: Shape, node: ast.expr) -> Shape:
    return replace(found, inner=node)


def _united(found: Shape, sides: list[ast.expr]) -> Shape:
    """The first type of a union; the others are kept beside it."""
    first, *rest = [side for side in sides if not _is_none(side)] or sides
    return replace(found, inner=first, others=(*found.others, *((side, found.module) for side in rest)))


def parts_of(node: ast.expr) -> Iterator[ast.expr]:
    """The arguments between the brackets of a subscript."""
    yield from node.elts if isinstance(node, ast.Tuple) and node.elts else [node]


def _sides(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _sides(node.left)
        yield from _sides(node.right)
    else:
        yield node


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_list(module: Module, node: ast.expr) -> bool:
    """Whether a class of the project is a collection by its bases."""
    found = module.project.resolve_expr(module, node)
    if not isinstance(found, Class):
        return False
    names = (called(one.module, _head(base)) for one in found.mro if isinstance(one, Class) for base in one.node.bases)
    return any(name in _COLLECTIONS or name in _KEYED for name in names)


def _head(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Subscript) else node
