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

READS = "hermetic_reads"
"""Execution option of a connection: whether the transaction that begins may not write; all others take the lock at once."""


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
    """Begin, for reading or for writing."""
    reads = connection.get_execution_options().get(READS, False)
    _tell(connection, [*_guard(connection, reads), "BEGIN" if reads else "BEGIN IMMEDIATE"])


def guard_reads(connection: Connection, reads: bool) -> None:
    """Let a connection refuse to write, or not any more, in the middle of a transaction."""
    _tell(connection, _guard(connection, reads))


def _guard(connection: Connection, reads: bool) -> list[str]:
    """What to tell a connection so that it refuses to write, or not; nothing when it knows."""
    if connection.info.get(READS, False) == reads:
        return []
    connection.info[READS] = reads
    return [f"PRAGMA query_only={'ON' if reads else 'OFF'}"]


def _tell(connection: Connection, statements: list[str]) -> None:
    """Tell it on the driver's own cursor, which costs a tenth of SQLAlchemy's way; that one tells of a failure better."""
    cursor = connection.connection.cursor()
    try:
        for statement in statements:
            cursor.execute(statement)
    except Exception:
        connection.exec_driver_sql(statements[-1])
    finally:
        cursor.close()
