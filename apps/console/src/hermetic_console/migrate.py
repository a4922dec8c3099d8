"""Migrations, run from inside of the program: whoever starts the console has the tables that it needs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def config_for(connection: Connection) -> Config:
    """What Alembic's commands are given to work on a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to a revision, the newest by default."""
    command.upgrade(config_for(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take the tables back to a revision; `base` is an empty database."""
    command.downgrade(config_for(connection), revision)


def check(connection: Connection) -> None:
    """Raise Alembic's CommandError when the tables and the classes differ."""
    command.check(config_for(connection))
