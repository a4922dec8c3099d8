"""What the program is told by its environment."""

from __future__ import annotations

import os

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from .errors import BadSettings

DEFAULT = "sqlite:///advisor.db"


def database_url() -> URL:
    """The database's address, from DATABASE_URL or a file in the current folder. Raises BadSettings."""
    text = os.environ.get("DATABASE_URL") or DEFAULT
    try:
        url = make_url(text)
    except ArgumentError:
        raise BadSettings("DATABASE_URL is no address of a database; write it like sqlite:///advisor.db.") from None
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+psycopg")
    return url
