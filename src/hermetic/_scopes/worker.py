"""A database for each worker of a parallel test run, so that no two of them share rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL

from ..errors import BadDatabase
from .sqlite import is_in_memory

WORKER = "PYTEST_XDIST_WORKER"
"""The variable in which pytest-xdist names the worker: gw0, gw1, …; it is not set without workers."""


@contextmanager
def worker_database(url: str | URL) -> Iterator[str]:
    """The URL of an empty database for this worker, which is dropped at the end; without workers the URL itself.

    SQLite: a file beside the one that is named. PostgreSQL: a database beside it, made and dropped through a connection
    to the one that is named. Raises BadDatabase for others.
    """
    given = make_url(url)
    worker = os.environ.get(WORKER)
    if worker is None or (given.get_backend_name() == "sqlite" and is_in_memory(given)):
        yield given.render_as_string(hide_password=False)
        return
    own = given.set(database=f"{given.database}_{worker}")
    make = {"sqlite": _file, "postgresql": _postgresql}.get(given.get_backend_name())
    if make is None:
        raise BadDatabase(
            f"There is no way to make a database for {worker} beside {given.render_as_string()}.\n"
            f"  Make one yourself, and give its URL to the Database of this worker."
        )
    with contextmanager(make)(given, own):
        yield own.render_as_string(hide_password=False)


def _file(_given: URL, own: URL) -> Iterator[None]:
    files = [Path(f"{own.database}{end}") for end in ("", "-wal", "-shm", "-journal")]
    _remove(files)
    try:
        yield
    finally:
        _remove(files)


def _remove(files: list[Path]) -> None:
    for file in files:
        with suppress(FileNotFoundError):
            file.unlink()


def _postgresql(given: URL, own: URL) -> Iterator[None]:
    driver = "postgresql+psycopg" if given.get_dialect().is_async else given.drivername
    engine = create_engine(given.set(drivername=driver), isolation_level="AUTOCOMMIT")
    name = engine.dialect.identifier_preparer.quote(own.database or "")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        engine.dispose()
