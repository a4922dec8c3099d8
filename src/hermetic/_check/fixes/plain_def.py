"""Makes an endpoint that awaits nothing a plain function, which the framework runs in a thread."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .source import Fix, Source, Sources, own_nodes

if TYPE_CHECKING:
    from ..whole.evidence import Wanted

_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route"})
_AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)


def plain_def(wanted: Wanted, sources: Sources) -> Fix | None:
    """`async def` becomes `def` for a FastAPI endpoint without an `await`.

    Unsafe: the endpoint leaves the event loop's thread, and may run several times at once.
    """
    (site,) = wanted.sites
    found = sources.node(site)
    if found is None:
        return None
    source, node = found
    function = source.function(node)
    if not isinstance(function, ast.AsyncFunctionDef) or not _is_endpoint(source, function) or _awaits(function):
        return None
    call = re.compile(rf"\b{re.escape(function.name)}\s*\(")
    if sum(len(call.findall(file.text)) for file in sources.files) > 1:
        return None
    line = source.lines[function.lineno - 1].encode()[function.col_offset :].decode()
    word = re.match(r"async\s+(?=def\b)", line)
    if word is None:
        return None
    start = (function.lineno, function.col_offset)
    return Fix((source.replace(start, (start[0], start[1] + word.end()), ""),), "unsafe")


def _is_endpoint(source: Source, function: ast.AsyncFunctionDef) -> bool:
    """Whether the function is a route, and nothing else, of a framework that runs plain functions in threads."""
    match function.decorator_list:
        case [ast.Call(func=ast.Attribute(attr=name))] if name in _ROUTES:
            return any(_is_fastapi(node) for node in source.file.tree.body)
    return False


def _is_fastapi(node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").partition(".")[0] == "fastapi"
    return isinstance(node, ast.Import) and any(each.name.partition(".")[0] == "fastapi" for each in node.names)


def _awaits(function: ast.AsyncFunctionDef) -> bool:
    """Whether a function needs the event loop."""
    for node in own_nodes(function):
        if isinstance(node, _AWAITING) or (isinstance(node, ast.comprehension) and node.is_async):
            return True
        if isinstance(node, ast.Name) and node.id == "asyncio":
            return True
    return False
