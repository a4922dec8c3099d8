"""Makes MariaDB and MySQL behave as the other databases: reads that cannot write, lost updates that are errors, timeouts.

Comments that one of the two runs and the other skips: "Comment Syntax" of MariaDB's documentation. Snapshot isolation:
"innodb_snapshot_isolation" there, since 10.6.18, 10.11.8 and 11.4.2, on by itself since 11.6.2; MySQL has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

NAMES = frozenset({"mysql", "mariadb"})

READS = "hermetic_reads"
"""Execution option of a connection: whether the transaction that begins may not write."""

LEVEL = "hermetic_level"
"""Execution option of a connection: the isolation level of the transaction that begins, and of no other.

SQLAlchemy's `isolation_level` is set for the connection and taken back when it goes to its pool; where that fails,
because it has just been lost, SQLAlchemy 2.1.9 counts it as out of the pool for ever.
"""

_LEVELS = frozenset({"READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"})

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


def spelled(options: Mapping[str, object]) -> Mapping[str, object]:
    """The options of a scope, with an isolation level that is told to its transaction alone."""
    level = options.get("isolation_level")
    if level not in _LEVELS:
        return options
    return {**{name: value for name, value in options.items() if name != "isolation_level"}, LEVEL: level}


def _begun(connection: Connection) -> None:
    """Tell what the transaction is that the next statement begins."""
    options = connection.get_execution_options()
    told = [f"ISOLATION LEVEL {options[LEVEL]}"] if options.get(LEVEL) in _LEVELS else []
    told += ["READ ONLY"] if options.get(READS) else []
    if told:
        connection.exec_driver_sql(f"SET TRANSACTION {', '.join(told)}")
