"""The database that DATABASE_URL names, or a file beside the program."""

from __future__ import annotations

import os

from sqlmodel import Session

from hermetic import Database

from .sessions import Db

DEFAULT_URL = "sqlite:///tasks.db"
SECRET_VARIABLE = "TASKS_SECRET"
CONNECTIONS = 10


def address() -> str:
    """What DATABASE_URL says; a plain `postgresql://` is spoken to by psycopg 3."""
    given = os.environ.get("DATABASE_URL") or DEFAULT_URL
    scheme, colon, rest = given.partition(":")
    return f"postgresql+psycopg:{rest}" if colon and scheme in ("postgresql", "postgres") else given


def open_database(url: str | None = None) -> Db:
    """The database of an address, else of the environment. Raises BadDatabase for one that cannot be used."""
    return Database(url or address(), session_class=Session, pool_size=CONNECTIONS, application_name="hermetic-tasks")
