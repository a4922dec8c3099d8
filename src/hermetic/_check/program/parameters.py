"""What the parameters of a function say before it is called."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .modules import Function


def arguments_with_defaults(function: Function) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    """Every parameter with its default value."""
    args = function.head.args
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    yield from zip(positional, defaults, strict=True)
    yield from zip(args.kwonlyargs, args.kw_defaults, strict=True)


def is_static(function: Function) -> bool:
    """Whether a method gets neither its object nor its class."""
    return any(getattr(decorator, "id", "") == "staticmethod" for decorator in function.head.decorator_list)
