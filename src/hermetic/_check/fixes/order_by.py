"""Puts the rows of a page in one certain order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .queries import query_call
from .source import Fix, Sources

if TYPE_CHECKING:
    from ..whole.evidence import Wanted


def order_by(wanted: Wanted, sources: Sources) -> Fix | None:
    """`select(Order).limit(10)` becomes `select(Order).order_by(Order.id).limit(10)`, by the primary key.

    Unsafe: which rows make a page was the database's choice, and becomes the key's.
    """
    (site,) = wanted.sites
    model, *keys = wanted.words
    query = query_call(sources, site, model)
    if query is None or query.is_get or not keys:
        return None
    columns = ", ".join(f"{query.entity}.{key}" for key in keys)
    return Fix((query.method(f".order_by({columns})"),), "unsafe")
