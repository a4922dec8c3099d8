"""Makes the tables that scopes keep their own notes in, where no migration has made them."""

from __future__ import annotations

from sqlalchemy import Table, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


def make_table(session: Session, table: Table) -> None:
    """Make a table where it is missing; when two make it at once, the second finds it made.

    To find it, the session must see what others did meanwhile: it is one whose statements commit themselves.
    """
    connection = session.connection()
    if inspect(connection).has_table(table.name):
        return
    try:
        table.create(connection)
    except DBAPIError:
        if not inspect(connection).has_table(table.name):
            raise
