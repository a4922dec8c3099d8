"""Which tables a statement reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Table
from sqlalchemy.sql import ClauseElement, visitors

# Any: a compiled statement of any dialect; it is SQLAlchemy's own cache entry, so the same for the same statement.
_known: WeakKeyDictionary[Any, frozenset[str]] = WeakKeyDictionary()


# Any: an execution context, whose class depends on the dialect.
def tables_of(context: Any) -> frozenset[str]:
    """The names of the tables that a statement reads and writes; none of a text."""
    compiled = context.compiled
    if compiled is None:
        return frozenset()
    known = _known.get(compiled)
    if known is None:
        known = _known[compiled] = frozenset(_named(compiled.statement))
    return known


def _named(statement: ClauseElement | None) -> Iterator[str]:
    for element in visitors.iterate(statement) if statement is not None else ():
        table = element if isinstance(element, Table) else getattr(element, "table", None)
        while (inner := getattr(table, "element", None)) is not None:
            table = inner
        if isinstance(table, Table):
            yield table.fullname
