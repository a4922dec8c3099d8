"""Loads with the query what is read of its rows later."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..._catalogue import Edit
from .imports import imported
from .queries import QueryCall, query_call
from .source import Fix, Sources

if TYPE_CHECKING:
    from ..whole.evidence import Wanted


def loader_option(wanted: Wanted, sources: Sources) -> Fix | None:
    """`select(Order)` becomes `select(Order).options(selectinload(Order.items))`, with the import of the option.

    Unsafe: it adds a query, or a join, to each use of a statement that others may share.
    """
    (site,) = wanted.sites
    loader, model, attribute = wanted.words
    query = query_call(sources, site, model)
    found = imported(query.source, "sqlalchemy.orm", loader) if query else None
    if query is None or found is None:
        return None
    name, imports = found
    option = f"{name}({query.entity}.{attribute})"
    edit = _in_get(query, option) if query.is_get else query.method(f".options({option})")
    return Fix((*imports, edit), "unsafe") if edit else None


def _in_get(query: QueryCall, option: str) -> Edit | None:
    """The option among those of a `get()`."""
    options = query.keyword("options")
    if options is None:
        return query.argument(f"options=[{option}]")
    if not isinstance(options, ast.List | ast.Tuple) or not options.elts:
        return None
    first = options.elts[0]
    return query.source.insert(first.lineno, first.col_offset, f"{option}, ")
