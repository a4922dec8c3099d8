"""Makes a name of a library known in a module, by the import that is there or by one more."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence

from ..._catalogue import Edit
from .source import Source, end_of


def imported(source: Source, library: str, name: str) -> tuple[str, tuple[Edit, ...]] | None:
    """How to write `name` of `library` in a module, and the edits that import it; None where the name is taken."""
    body = source.file.tree.body
    froms = [each for each in body if isinstance(each, ast.ImportFrom) and each.module == library and not each.level]
    for each in froms:
        for alias in each.names:
            if alias.name == name:
                return alias.asname or name, ()
    if name in _bound(source.file.tree):
        return None
    for each in froms:
        if each.names[0].name != "*":
            return name, (_among(source, each, name),)
    line = _line_for(body, library)
    gap = "\n" if any(end_of(each)[0] == line - 1 and _is_standard(each) for each in body) else ""
    return name, (source.insert(line, 0, f"{gap}from {library} import {name}\n"),)


def _bound(tree: ast.Module) -> set[str]:
    """Every name that a module binds anywhere."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.alias():
                names.add(node.asname or node.name.partition(".")[0])
    return names


def _among(source: Source, node: ast.ImportFrom, name: str) -> Edit:
    """The name put among those of an import, in the order of the formatters."""
    following = next((alias for alias in node.names if _rank(alias.name) > _rank(name)), None)
    last = node.names[-1]
    has_lines = node.names[0].lineno != last.lineno and "\\" not in source.text(node)
    gap = "\n" + source.indent_of(last.lineno) if has_lines else " "
    if following is None:
        return source.insert(last.end_lineno or last.lineno, last.end_col_offset or 0, f",{gap}{name}")
    return source.insert(following.lineno, following.col_offset, f"{name},{gap}")


def _rank(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name


def _line_for(body: list[ast.stmt], library: str) -> int:
    """The line before which to import: after the imports of the same family that sort before, else after all of them."""
    family = library.partition(".")[0]
    imports = [each for each in body if isinstance(each, ast.Import | ast.ImportFrom)]
    absolute = [each for each in imports if not isinstance(each, ast.ImportFrom) or not each.level]
    near = [each for each in body if isinstance(each, ast.ImportFrom) and _is_of(each, family)]
    before = [each for each in near if (each.module or "") <= library]
    if before or not near:
        after: Sequence[ast.stmt] = before or absolute or imports
        return end_of(after[-1])[0] + 1 if after else _start(body)
    return near[0].lineno


def _is_standard(node: ast.stmt) -> bool:
    """Whether a statement imports from the standard library, which stands in a group of its own."""
    match node:
        case ast.ImportFrom(module=str(module), level=0) | ast.Import(names=[ast.alias(name=module), *_]):
            return module.partition(".")[0] in sys.stdlib_module_names
    return False


def _is_of(node: ast.ImportFrom, family: str) -> bool:
    return not node.level and (node.module or "").partition(".")[0] == family


def _start(body: list[ast.stmt]) -> int:
    """The first line after a module's docstring."""
    match body:
        case [ast.Expr(value=ast.Constant(value=str())) as docstring, *_]:
            return end_of(docstring)[0] + 1
    return body[0].lineno if body else 1
