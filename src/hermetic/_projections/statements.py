"""The statements of a projection: the user's own with fewer columns, and one for each query below it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ARRAY, Dialect, Select, any_, bindparam, func, select, tuple_
from sqlalchemy.sql.elements import BindParameter, ColumnElement

from .layout import Below
from .samples import produced_type

KEYS = "hermetic_keys"
PORTION = 500  # keys in one expanding IN; SQLAlchemy's selectinload takes as many

Parameters = dict[str, object]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A statement that looks for rows by key, and what its parameters are made of."""

    statement: Select[Any]  # Any: rows of whatever columns
    parameters: Callable[[list[Any]], Iterator[Parameters]]  # Any: keys of whatever type


def lookup(below: Below, dialect: Dialect) -> Lookup:
    """The statement for the rows related to those above, for one kind of database.

    SQLite and PostgreSQL take all keys in one parameter, so the statement never changes and no limit of parameters is
    met; elsewhere the keys go into an IN in portions.
    """
    links = [below.query.columns[place] for place in below.query.links]
    statement = related(below)
    if dialect.name == "postgresql":
        return Lookup(statement.where(in_arrays(links)), partial(array_parameters, len(links)))
    if dialect.name == "sqlite" and all(produced_type(link.type) in (int, str) for link in links):
        return Lookup(statement.where(in_json(links)), json_parameters)
    return Lookup(statement.where(in_list(links)), portions)


def related(below: Below) -> Any:
    """The related rows of all rows above, ordered as the relationship says.

    Any: a Select of whatever columns, whose type no two checkers write alike.
    """
    statement: Any = select(*below.query.columns)
    if below.owner is not None:
        statement = statement.select_from(below.owner).join(getattr(below.owner, below.relationship.key))
    for join in below.query.joins:
        statement = statement.outerjoin(join)
    return statement.order_by(*below.relationship.order_by or ())


def in_arrays(links: Sequence[Any]) -> ColumnElement[bool]:
    """Keys in one array for each column."""
    arrays = [bindparam(f"{KEYS}_{place}", type_=ARRAY(link.type)) for place, link in enumerate(links)]
    if len(links) == 1:
        return links[0] == any_(arrays[0])  # type: ignore[no-any-return]  # a column of whatever type
    names = [f"key_{place}" for place in range(len(links))]
    return tuple_(*links).in_(select(func.unnest(*arrays).table_valued(*names).render_derived()))


def array_parameters(width: int, keys: list[Any]) -> Iterator[Parameters]:
    """The keys, column by column."""
    columns = [keys] if width == 1 else [list(column) for column in zip(*keys, strict=True)]
    yield {f"{KEYS}_{place}": column for place, column in enumerate(columns)}


def in_json(links: Sequence[Any]) -> ColumnElement[bool]:
    """Keys in one JSON array."""
    value = func.json_each(bindparam(KEYS)).table_valued("value").c.value
    if len(links) == 1:
        return links[0].in_(select(value))  # type: ignore[no-any-return]  # a column of whatever type
    return tuple_(*links).in_(select(*(func.json_extract(value, f"$[{place}]") for place in range(len(links)))))


def json_parameters(keys: list[Any]) -> Iterator[Parameters]:
    """The keys as JSON text."""
    yield {KEYS: json.dumps(keys)}


def in_list(links: Sequence[Any]) -> ColumnElement[bool]:
    """Keys in an IN that grows with them."""
    keys: BindParameter[Any] = bindparam(KEYS, expanding=True)
    return (links[0] if len(links) == 1 else tuple_(*links)).in_(keys)


def portions(keys: list[Any]) -> Iterator[Parameters]:
    """The keys, so many at a time."""
    for start in range(0, len(keys), PORTION):
        yield {KEYS: keys[start : start + PORTION]}
