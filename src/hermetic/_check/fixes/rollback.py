"""Rolls a session back where its failure is caught, so that it can be used again."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .source import Fix, Source, Sources

if TYPE_CHECKING:
    from ..whole.evidence import Wanted


def rollback(wanted: Wanted, sources: Sources) -> Fix | None:
    """`session.rollback()` comes first in the handler around the call that fails.

    Unsafe: the whole transaction goes, also what was flushed before the call.
    """
    (site,) = wanted.sites
    found = sources.call(site)
    if found is None:
        return None
    source, call = found
    if not isinstance(call.func, ast.Attribute):
        return None
    receiver = call.func.value
    handler = _handler(source, call)
    if handler is None or not _is_plain(receiver):
        return None
    is_awaited = isinstance(source.parent(call), ast.Await)
    text = f"{'await ' if is_awaited else ''}{source.text(receiver)}.rollback()"
    first = handler.body[0]
    ending = "; " if first.lineno == handler.lineno else "\n" + source.indent(first)
    return Fix((source.insert(first.lineno, first.col_offset, text + ending),), "unsafe")


def _handler(source: Source, call: ast.Call) -> ast.ExceptHandler | None:
    """The one handler that goes on when the call fails; None where it is not the only one, or in another function."""
    inner: ast.AST = call
    for node in source.above(call):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            return None
        if isinstance(node, ast.Try | ast.TryStar) and any(each is inner for each in node.body):
            on = [each for each in node.handlers if not isinstance(each.body[-1], ast.Raise)]
            return on[0] if len(on) == 1 else None
        inner = node
    return None


def _is_plain(node: ast.expr) -> bool:
    """Whether an expression is a name, or an attribute of one: `session`, `self.session`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
