"""From an address to a database that is ready: migrated, seeded once, and open for scopes."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from hermetic import AsyncDatabase, Database
from hermetic.scopes import AsyncScopeSession, ScopeSession

from .seed import seed

DEFAULT_URL = "sqlite:///chat.db"
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
MIGRATIONS = Path(__file__).with_name("migrations")


class UnusableDatabase(Exception):
    """The database cannot be used; the text is one sentence for whoever started the program."""


def address(text: str) -> URL:
    """The address with the driver that the chat uses. Raises UnusableDatabase."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UnusableDatabase(f"DATABASE_URL is not the address of a database: {_shown(text)}") from None
    driver = DRIVERS.get(url.drivername.partition("+")[0])
    if driver is None:
        raise UnusableDatabase(f"DATABASE_URL names {url.drivername}; the chat runs on sqlite and postgresql")
    return url.set(drivername=driver)


def _shown(text: str) -> str:
    """What can be printed of something that is no address: it may hold a password."""
    return repr(text.partition("@")[2] or text)


def connect(url: URL, *, pool_size: int = 10) -> AsyncDatabase[AsyncScopeSession]:
    """The database of the running chat."""
    return AsyncDatabase(url, pool_size=pool_size, application_name="hermetic-chat")


def blocking(url: URL) -> Database[ScopeSession]:
    """The same database for what runs before there is an event loop."""
    driver = "sqlite" if url.get_backend_name() == "sqlite" else url.drivername
    return Database(url.set(drivername=driver))


def alembic_config(db: Database[ScopeSession]) -> Config:
    """What Alembic is told: where the migrations are, and which engine to use."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = db.engine
    return config


def prepare(url: URL, *, seeded: bool = True) -> None:
    """Bring the tables up to date, and put believable data into an empty database. Raises UnusableDatabase."""
    db = blocking(url)
    try:
        command.upgrade(alembic_config(db), "head")
        if seeded:
            with db.begin() as session:
                seed(session)
    except (SQLAlchemyError, CommandError, OSError) as error:
        told = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise UnusableDatabase(f"the database {url.render_as_string()} cannot be used: {told}") from error
    finally:
        db.dispose()
