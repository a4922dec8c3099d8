"""Brings the tables of a database up to date."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlmodel import Session

from .sessions import Db

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 8103
"""PostgreSQL lets only one program at a time have this number, so that two that start together do not migrate at once."""


def config_for(connection: Connection) -> Config:
    """What Alembic's commands are told: where the migrations are, and the connection to run them on."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def locked_connection(session: Session) -> Connection:
    """The connection of a unit of work that no other migration runs beside; SQLite's writers take turns anyway."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    return connection


def migrate(db: Db, revision: str = "head") -> None:
    """Run the migrations that a database lacks, all of them or none."""
    with db.begin() as session:
        command.upgrade(config_for(locked_connection(session)), revision)
