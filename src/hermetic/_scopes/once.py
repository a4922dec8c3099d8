"""The ledger of work done exactly once: a key is written in the same transaction as the work, so both are kept or neither."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    Column,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from ..errors import BadDatabase
from .policy import Verdict, verdict_of

TABLE = "hermetic_once"
LONGEST_KEY = 255


class KeyTaken(Exception):
    """Another transaction wrote the key at the same time: whoever asks again sees what came of it."""


def once_table(metadata: MetaData) -> Table:
    """The ledger's table in a metadata of yours, for migrations; without it the table is made when it is first needed."""
    return Table(
        TABLE,
        metadata,
        Column("key", String(LONGEST_KEY), primary_key=True),
        Column("result", Text),
        Column("done_at", DateTime(timezone=True), server_default=func.now(), nullable=False),
        keep_existing=True,
    )


LEDGER = once_table(MetaData())


def check_key(key: str) -> None:
    """Raise BadDatabase for what cannot be a key."""
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        raise BadDatabase(
            f"once={key!r} is no key: give a string of 1 to {LONGEST_KEY} characters that names the work."
        )


def done(session: Session, key: str) -> tuple[Any] | None:
    """What the work of that key gave, if it was done, in a tuple. Any: what JSON can hold."""
    row = session.execute(select(LEDGER.c.result).where(LEDGER.c.key == key)).one_or_none()
    return None if row is None else (json.loads(row.result),)


def claim(session: Session, key: str) -> None:
    """Write the key. Raises KeyTaken when another transaction did so since this one began, as a constraint or a snapshot tells."""
    try:
        session.execute(insert(LEDGER).values(key=key, result="null"))
    except DBAPIError as error:
        if isinstance(error, IntegrityError) or verdict_of(error) is Verdict.AGAIN:
            raise KeyTaken(key) from error
        raise


def record(session: Session, key: str, result: object) -> Any:
    """Keep what the work gave, and give it as it would be read again. Any: what JSON can hold. Raises BadDatabase."""
    try:
        text = json.dumps(result)
    except (TypeError, ValueError) as error:
        raise BadDatabase(
            f"Work under once={key!r} gave a {type(result).__name__}, which cannot be kept: {error}.\n"
            f"  Return what JSON can hold: None, numbers, strings, lists, dicts."
        ) from None
    if result is not None:
        session.execute(update(LEDGER).where(LEDGER.c.key == key).values(result=text))
    return json.loads(text)
