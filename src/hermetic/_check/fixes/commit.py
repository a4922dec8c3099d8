"""Commits what a session of the function's own would throw away when it closes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .source import Fix, Source, Sources, end_of

if TYPE_CHECKING:
    from ..whole.evidence import Wanted

_ENDS = frozenset({"commit", "rollback", "begin", "begin_nested", "close", "aclose"})
_JUMPS = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def commit(wanted: Wanted, sources: Sources) -> Fix | None:
    """`session.commit()` ends the block; where the block returns or jumps, `session.begin()` is opened around it.

    Unsafe: that the work was to be kept is likely, and only its author knows. Nothing is offered for a session that is
    committed, rolled back or closed on another path of the block.
    """
    (site,) = wanted.sites
    found = sources.node(site)
    if found is None:
        return None
    source, node = found
    block = next((each for each in source.above(node) if isinstance(each, ast.With | ast.AsyncWith)), None)
    item = next((each for each in block.items if each.context_expr is node), None) if block else None
    if block is None or item is None or not isinstance(item.optional_vars, ast.Name):
        return None
    name = item.optional_vars.id
    if _is_ended(block, name):
        return None
    if not any(isinstance(each, _JUMPS) for statement in block.body for each in ast.walk(statement)):
        return _at_the_end(source, block, name)
    if item is not block.items[-1]:
        return None
    return Fix((source.insert(*end_of(item.optional_vars), f", {name}.begin()"),), "unsafe")


def _is_ended(block: ast.With | ast.AsyncWith, name: str) -> bool:
    """Whether the block ends a transaction of the session somewhere."""
    for node in ast.walk(block):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=method) if owner == name and method in _ENDS:
                return True
    return False


def _at_the_end(source: Source, block: ast.With | ast.AsyncWith, name: str) -> Fix | None:
    if block.body[0].lineno == block.lineno or not source.is_alone(block.body):
        return None
    wait = "await " if isinstance(block, ast.AsyncWith) else ""
    last = block.body[-1]
    line = last.end_lineno or last.lineno
    end = len(source.lines[line - 1].encode())
    return Fix((source.insert(line, end, f"\n{source.indent(block.body[0])}{wait}{name}.commit()"),), "unsafe")
