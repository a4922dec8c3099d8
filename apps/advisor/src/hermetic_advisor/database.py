"""The database of the program: brought up to date, and filled once, when it starts."""

from __future__ import annotations

from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import SQLAlchemyError

from hermetic import Database
from hermetic.errors import BadDatabase
from hermetic.scopes import ScopeSession

from .errors import BadSettings
from .seeding import seed

MIGRATING = 8102
"""The lock of PostgreSQL that lets one program migrate at a time."""


def prepare(url: URL, *, seeded: bool = True) -> None:
    """Migrate a database, and give it its first customers, once. Raises BadSettings when it cannot be used."""
    try:
        db = Database(url)
    except BadDatabase as error:
        raise BadSettings(str(error)) from error
    try:
        bring_up_to_date(db)
        if seeded:
            db.run(seed, once="the first customers")
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0].rstrip(".")
        shown = url.render_as_string(hide_password=True)
        raise BadSettings(f"The database {shown} cannot be used: {reason}.") from error
    finally:
        db.dispose()


def bring_up_to_date(db: Database[ScopeSession]) -> None:
    """Migrate to the newest revision; two programs that start at once take turns."""
    is_postgres = db.engine.dialect.name == "postgresql"
    with db.begin(isolation_level="READ COMMITTED" if is_postgres else None) as session:
        if is_postgres:
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
        upgrade(session.connection())


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables up to a revision, within the transaction of the connection."""
    with as_file(files(__package__) / "migrations") as folder:
        command.upgrade(alembic_config(str(folder), connection), revision)


def alembic_config(folder: str, connection: Connection) -> Config:
    """What Alembic is told: where the migrations are, and which connection they run on."""
    config = Config()
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
