"""The place between two pages, signed, as a text that a client can only hand back."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from .._signing import sign, unsign
from ..errors import BadCursor, BadProjection

SPELLINGS: dict[type, tuple[str, Callable[[object], str], Callable[[str], object]]] = {
    datetime: ("t", lambda value: str(value), datetime.fromisoformat),
    date: ("d", lambda value: str(value), date.fromisoformat),
    time: ("c", lambda value: str(value), time.fromisoformat),
    Decimal: ("n", lambda value: str(value), Decimal),
    UUID: ("u", lambda value: str(value), UUID),
}
READERS = {tag: read for tag, _, read in SPELLINGS.values()}


def write_cursor(values: Sequence[object], *, backwards: bool, query: str, secret: bytes) -> str:
    """The cursor for the row with these values; `query` is what it may be used for."""
    payload = json.dumps([int(backwards), *map(spelled, values)], separators=(",", ":")).encode()
    return sign(payload, query, secret)


def read_cursor(cursor: str, *, query: str, secret: bytes) -> tuple[list[object], bool]:
    """The values that a cursor carries, and whether it leads backwards.

    Raises BadCursor when it was changed, or was handed out under another secret or for another query.
    """
    payload = unsign(cursor, query, secret)
    if payload is None:
        raise refused()
    backwards, *values = json.loads(payload)
    return [READERS[value[0]](value[1]) if isinstance(value, list) else value for value in values], bool(backwards)


def refused() -> BadCursor:
    """The error for a cursor that is not ours."""
    return BadCursor(
        "The cursor was not handed out for this query: it was changed, or the DTO, the order or the secret was.\n"
        "  Start again from the first page."
    )


def spelled(value: object) -> object:
    """A value as JSON has it, or a tag and a text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    spelling = SPELLINGS.get(type(value))
    if spelling is None:
        raise BadProjection(
            f"A page cannot be sorted by values of {type(value).__name__}, such as {value!r}.\n"
            f"  Sort by numbers, texts, dates or UUIDs."
        )
    tag, write, _ = spelling
    return [tag, write(value)]
