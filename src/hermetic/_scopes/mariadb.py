"""Makes MariaDB and MySQL behave as the other databases: reads that cannot write, lost updates that are errors, timeouts.

Comments that one of the two runs and the other skips: "Comment Syntax" of MariaDB's documentation. Snapshot isolation:
"innodb_snapshot_isolation" there, since 10.6.18, 10.11.8 and 11.4.2, on by itself since 11.6.2; MySQL has none.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

NAMES = frozenset({"mysql", "mariadb"})

READS = "hermetic_reads"
"""Execution option of a connection: whether the transaction that begins may not write."""

_SNAPSHOTS = "innodb_snapshot_isolation"


def timeout_of(timeout_s: float) -> str:
    """The statement that lets the server end statements which take longer; MySQL does that for SELECT only."""
    return (
        f"SET SESSION /*M! max_statement_time={timeout_s} */ /*!50708 max_execution_time={round(timeout_s * 1000)} */"
    )


def behave(engine: Engine, timeout_s: float | None) -> None:
    """Give an engine read-only transactions, snapshots and a timeout for statements; once."""
    if not event.contains(engine, "begin", _begun):
        event.listen(engine, "connect", partial(_connected, timeout_s))
        event.listen(engine, "begin", _begun)


def _connected(timeout_s: float | None, connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    try:
        if timeout_s is not None:
            cursor.execute(timeout_of(timeout_s))
        cursor.execute(f"SHOW VARIABLES LIKE '{_SNAPSHOTS}'")
        if cursor.fetchall():
            cursor.execute(f"SET SESSION {_SNAPSHOTS}=ON")
    finally:
        cursor.close()


def _begun(connection: Connection) -> None:
    """The transaction that the next statement begins may not write."""
    if connection.get_execution_options().get(READS):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")
