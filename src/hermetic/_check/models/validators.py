"""Tells which response models choose for themselves what they read of the object that fills them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ..program.modules import Class, FunctionNode
from .annotated import called, text
from .lineage import is_true


def chooses(classes: Iterable[Class]) -> bool:
    """Whether a validator that runs before the fields puts something else in the place of an object."""
    return any(
        _runs_before(cls, method.head) and _replaces(method.node) for cls in classes for method in cls.methods.values()
    )


def _runs_before(cls: Class, node: FunctionNode) -> bool:
    """`@model_validator(mode="before")`, `mode="wrap"`, or Pydantic 1's `@root_validator(pre=True)`."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            words = {word.arg: word.value for word in decorator.keywords}
            name = called(cls.module, decorator.func)
            if name == "model_validator" and text(words.get("mode")) in {"before", "wrap"}:
                return True
            if name == "root_validator" and is_true(words.get("pre")):
                return True
    return False


def _replaces(node: FunctionNode) -> bool:
    """Whether a validator may return something else for an object than the object itself."""
    names = [argument.arg for argument in node.args.args]
    given = names[1] if len(names) > 1 and names[0] in {"cls", "self"} else names[0] if names else ""
    returned = list(_returned(node.body, given))
    return bool(given) and any(not _hands_on(value, given) for value in returned)


def _hands_on(value: ast.expr, given: str) -> bool:
    """Whether an expression is what was given, by itself or through the handler of a wrapping validator."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
        return _hands_on(value.args[0], given)
    return isinstance(value, ast.Name) and value.id == given


def _returned(body: Iterable[ast.AST], given: str) -> Iterator[ast.expr]:
    """What a body returns for anything but a mapping."""
    for node in body:
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value
        elif isinstance(node, ast.If) and _is_for_mappings(node.test, given):
            yield from _returned(node.orelse, given)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _returned(ast.iter_child_nodes(node), given)


def _is_for_mappings(test: ast.expr, given: str) -> bool:
    """`isinstance(data, dict)`."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), kinds]) if name == given:
            named = {getattr(node, "id", None) or getattr(node, "attr", None) for node in ast.walk(kinds)}
            return bool({"dict", "Mapping", "MutableMapping"} & named)
        case _:
            return False
