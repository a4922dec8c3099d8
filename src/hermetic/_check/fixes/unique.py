"""Makes the owners of a joined collection unique, where their rows are fetched."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .source import Fix, Source, Sources, end_of

if TYPE_CHECKING:
    from ..._catalogue import Edit
    from ..whole.evidence import Wanted

_FETCHES = frozenset({
    "all", "fetchall", "fetchmany", "partitions", "one", "one_or_none", "scalar_one", "scalar_one_or_none",
})  # fmt: skip
_GOES_OVER = frozenset({"list", "tuple", "set", "frozenset", "sorted", "iter", "enumerate", "reversed"})


def unique(wanted: Wanted, sources: Sources) -> Fix | None:
    """`session.scalars(…).all()` becomes `session.scalars(…).unique().all()`.

    Safe: without it SQLAlchemy refuses to fetch.
    """
    (site,) = wanted.sites
    found = sources.node(site)
    if found is None:
        return None
    source, node = found
    match node:
        case ast.Await(value=ast.Call(func=ast.Attribute(value=result, attr=name))) if name in _FETCHES:
            edits = _before_the_fetch(source, result)
        case ast.Call(func=ast.Attribute(value=result, attr=name)) if name in _FETCHES:
            edits = _before_the_fetch(source, result)
        case ast.Call(func=ast.Name(id=name), args=[result, *_]) if name in _GOES_OVER:
            edits = _after(source, result)
        case _:
            edits = _after(source, node)
    return Fix(edits, "safe") if edits else None


def _before_the_fetch(source: Source, result: ast.expr) -> tuple[Edit, ...]:
    """`.unique()` behind the result and the brackets around it, before the dot of the fetch."""
    line, offset = end_of(result)
    while True:
        rest = source.lines[line - 1].encode()[offset:].decode(errors="replace")
        before, dot, _ = rest.partition(".")
        if "#" in before or before.strip(" \t)\\"):
            return ()
        if dot:
            offset += len(before.encode())
            break
        line, offset = line + 1, 0
        if line > len(source.lines):
            return ()
    is_first = not source.lines[line - 1].encode()[:offset].strip()
    text = f".unique()\n{source.indent_of(line)}" if is_first else ".unique()"
    return (source.insert(line, offset, text),)


def _after(source: Source, result: ast.expr) -> tuple[Edit, ...]:
    """`.unique()` behind a result that is gone over; what is awaited is put into brackets for it."""
    end = end_of(result)
    if isinstance(result, (ast.Call, ast.Name, ast.Attribute)):
        return (source.insert(*end, ".unique()"),)
    if isinstance(result, ast.Await):
        return (source.insert(result.lineno, result.col_offset, "("), source.insert(*end, ").unique()"))
    return ()
