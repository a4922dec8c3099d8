"""Closes a local session at the end of its block, by a `with` around what follows."""

from __future__ import annotations

import ast
import io
import tokenize
from typing import TYPE_CHECKING

from ..._catalogue import Edit
from ..program.modules import FunctionNode
from .source import Fix, Source, Sources, end_of, own_nodes

if TYPE_CHECKING:
    from ..whole.evidence import Wanted

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp, ast.ClassDef)
_CONSUMES = frozenset({
    "all", "first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none", "fetchall", "fetchone", "get",
    "get_one", "count", "rowcount", "merge",
})  # fmt: skip


def with_block(wanted: Wanted, sources: Sources) -> Fix | None:
    """`session = SessionLocal()` becomes `with SessionLocal() as session:`, and the rest of its block moves inside.

    Offered where the session is used in that block only, and only by its methods or as an argument, and where no
    result that still has to be fetched leaves the function: nothing that works needs the session after it.
    """
    (site,) = wanted.sites
    found = sources.call(site)
    if found is None:
        return None
    source, call = found
    statement, function = source.statement(call), source.function(call)
    name = _name(source, statement, call)
    if statement is None or function is None or name is None:
        return None
    rest = _after(source, statement)
    if not rest or not source.is_alone([statement, *rest]) or not _is_local(source, function, statement, rest, name):
        return None
    if any(_leaves_open(node, rest, name) for each in rest for node in ast.walk(each)):
        return None
    is_async = "async" in wanted.words
    if is_async and not isinstance(function, ast.AsyncFunctionDef):
        return None
    opening = f"{'async ' if is_async else ''}with {source.text(call)} as {name}:"
    start = (statement.lineno, statement.col_offset)
    edits = (source.replace(start, end_of(statement), opening), *_indented(source, function, rest))
    return Fix(edits, "safe")


def _name(source: Source, statement: ast.stmt | None, call: ast.Call) -> str | None:
    """The variable that a call is assigned to; None for a provider whose session is not the caller's to close."""
    if isinstance(call.func, ast.Name) and call.func.id == "next":
        return None
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is call:
            return name
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is call:
            return name
    return None


def _after(source: Source, statement: ast.stmt) -> list[ast.stmt]:
    block = source.block(statement)
    index = next((number for number, each in enumerate(block) if each is statement), len(block))
    return block[index + 1 :]


def _is_local(source: Source, function: FunctionNode, statement: ast.stmt, rest: list[ast.stmt], name: str) -> bool:
    """Whether the rest of the block is all that uses the session, and nothing keeps it."""
    if any(isinstance(node, ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal) for node in own_nodes(function)):
        return False
    inside = {id(node) for each in rest for node in ast.walk(each)}
    uses = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name]
    for use in uses:
        if source.statement(use) is statement:
            continue
        if id(use) not in inside or not isinstance(use.ctx, ast.Load) or not _is_plain_use(source, function, use):
            return False
    return True


def _is_plain_use(source: Source, function: FunctionNode, use: ast.Name) -> bool:
    """Whether a session is asked for something or handed to a call, in the function itself."""
    parent = source.parent(use)
    if not isinstance(parent, ast.Attribute | ast.Call | ast.keyword):
        return False
    for node in source.above(use):
        if node is function:
            return True
        if isinstance(node, _SCOPES):
            return False
        if isinstance(node, ast.Return) and not isinstance(parent, ast.Attribute):
            return False
    return True


def _leaves_open(node: ast.AST, rest: list[ast.stmt], name: str) -> bool:
    """Whether a `return` hands out rows that have not been fetched."""
    if not isinstance(node, ast.Return) or node.value is None:
        return False
    results = {
        target.id
        for each in rest
        for part in ast.walk(each)
        if isinstance(part, ast.Assign) and _is_open(part.value, name)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    named = {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return _is_open(node.value, name) or bool(named & results)


def _is_open(value: ast.expr, name: str) -> bool:
    """Whether a value is what a method of the session gives, before anything is fetched from it."""
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    asks = any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value.func))
    return asks and value.func.attr not in _CONSUMES


def _indented(source: Source, function: FunctionNode, rest: list[ast.stmt]) -> list[Edit]:
    """The lines of some statements, and the comments between them, moved in by one step."""
    step = source.indent(function.body[0])[function.col_offset :] or "    "
    kept = _inside_strings(source)
    previous = rest[0].lineno
    while previous > 1 and source.lines[previous - 2].strip().startswith("#"):
        previous -= 1
    last, _ = end_of(rest[-1])
    lines = range(previous, last + 1)
    return [source.insert(line, 0, step) for line in lines if line not in kept and source.lines[line - 1].strip()]


def _inside_strings(source: Source) -> set[int]:
    """The lines that begin inside a string, where white space is content."""
    inside: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(source.file.text).readline):
        kind = tokenize.tok_name[token.type]
        if kind in {"FSTRING_START", "TSTRING_START"}:
            opened.append(token.start[0])
        elif kind in {"FSTRING_END", "TSTRING_END"}:
            inside.update(range(opened.pop() + 1, token.end[0] + 1))
        elif kind == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    return inside
