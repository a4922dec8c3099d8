"""Makes SQLite behave as a database: transactions that roll back whole, foreign keys that hold, readers that cannot write.

The driver of Python's standard library begins transactions late and not before DDL or SAVEPOINT, so that neither rolls
back (https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable). Here SQLAlchemy begins them.
"""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_TIMEOUT_S = 5
"""How long a connection waits for another one's lock."""

BEGIN = "hermetic_begin"
"""Execution option of an engine: how its transactions begin; IMMEDIATE takes the lock for writing at once."""

QUERY_ONLY = "hermetic_query_only"
"""Execution option of an engine: whether its transactions may not write; kept in a connection's `info` when it is on."""


def is_in_memory(url: URL) -> bool:
    """Whether an address names a database that lives in memory only."""
    name = url.database or ""
    return name in ("", ":memory:") or "mode=memory" in name or url.query.get("mode") == "memory"


def behave(engine: Engine) -> None:
    """Give an engine real transactions, foreign keys and, on disk, a write-ahead log; once."""
    if not event.contains(engine, "connect", _connected):
        event.listen(engine, "connect", _connected)
        event.listen(engine, "begin", _begun)


def _connected(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins no transaction of its own
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA journal_mode=WAL")  # a database in memory keeps its own
    cursor.close()


def _begun(connection: Connection) -> None:
    options = connection.get_execution_options()
    query_only = bool(options.get(QUERY_ONLY))
    if connection.info.get(QUERY_ONLY, False) != query_only:
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if query_only else 'OFF'}")
        connection.info[QUERY_ONLY] = query_only
    connection.exec_driver_sql(f"BEGIN {options.get(BEGIN, 'DEFERRED')}")
