"""Lets a row that is asked for again overwrite the instance that the session holds of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .queries import query_call
from .source import Fix, Sources

if TYPE_CHECKING:
    from ..whole.evidence import Wanted


def populate_existing(wanted: Wanted, sources: Sources) -> Fix | None:
    """The later of two queries for the same row gets `populate_existing`.

    Unsafe: changes to the instance that were not flushed are overwritten.
    """
    (site,) = wanted.sites
    (model,) = wanted.words
    query = query_call(sources, site, model)
    if query is None:
        return None
    if query.is_get:
        edit = query.argument("populate_existing=True") if query.keyword("populate_existing") is None else None
    else:
        edit = query.method(".execution_options(populate_existing=True)")
    return Fix((edit,), "unsafe") if edit else None
