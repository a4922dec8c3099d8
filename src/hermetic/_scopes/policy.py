"""What an error of the database means for the work that met it; decided from codes, not from class names.

SQLSTATE: PostgreSQL 17, appendix A; asyncpg and psycopg both carry it as `sqlstate`. MySQL and MariaDB have numbers of
their own, of their server error reference. SQLite: https://www.sqlite.org/rescode.html.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import Enum

from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError


class Verdict(Enum):
    """What may be done after an error."""

    AGAIN = "the transaction is gone and nothing of it was kept: the whole work may run again"
    LOST = "the connection broke: before the commit nothing was kept, during it nobody knows"
    FINAL = "the work would fail the same way again"


_AGAIN_STATES = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available."""

_LOST_STATES = frozenset({"57P01", "57P02", "57P03", "25P03", "25P04"})
"""The server shut down, crashed, starts up; the transaction idled or lasted for too long and its connection was ended."""

_AGAIN_MYSQL = frozenset({1020, 1205, 1213, 3572})
"""Another one's write since the snapshot, a lock not had in time, a deadlock, a lock that was not to be waited for."""

_UNDOING_MYSQL = frozenset({1020, 1213})
"""Errors at which MySQL and MariaDB roll back the whole transaction, savepoints and all, and then begin another in silence."""

_LOST_MYSQL = frozenset({1053, 2006, 2013, 2055})

_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6

LONGEST_DELAY_S = 2.0


def verdict_of(error: BaseException) -> Verdict:
    """What an error means for the work as a whole."""
    if not isinstance(error, DBAPIError):
        return Verdict.FINAL
    state = getattr(error.orig, "sqlstate", None)
    if state in _AGAIN_STATES:
        return Verdict.AGAIN
    if error.connection_invalidated or state in _LOST_STATES or str(state).startswith("08"):
        return Verdict.LOST
    if isinstance(error, OperationalError) and not _is_told_by_server(error):
        return Verdict.LOST
    return _by_number(error.orig)


def undoes_all(error: DBAPIError) -> bool:
    """Whether the server rolled back the whole transaction with this error, and would take what follows for a new one."""
    return _number(error.orig) in _UNDOING_MYSQL


def from_driver(error: Exception) -> DBAPIError | None:
    """The error as SQLAlchemy tells those of other drivers, when it is one that SQLAlchemy let pass as it was.

    asyncpg's connect() raises what the socket raised, and before SQLAlchemy 2.1 what the server said as well.
    """
    if isinstance(error, SQLAlchemyError):
        return None
    is_socket = isinstance(error, OSError)
    if not is_socket and not isinstance(getattr(error, "sqlstate", None), str):
        return None
    return OperationalError(None, None, error, connection_invalidated=is_socket)


def is_commit_unknown(error: BaseException) -> bool:
    """Whether a commit that ended in an error may have taken effect: it did not only where the server said so."""
    if not isinstance(error, DBAPIError) or verdict_of(error) is Verdict.LOST:
        return True
    return not _is_told_by_server(error)


def _is_told_by_server(error: DBAPIError) -> bool:
    """Whether there is a code in it: a driver that lost the server has none to give."""
    original = error.orig
    return bool(getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorcode", None) or _number(original))


def _by_number(original: BaseException | None) -> Verdict:
    """The verdict by the codes of SQLite, MySQL and MariaDB."""
    code = getattr(original, "sqlite_errorcode", None)
    if isinstance(code, int):
        return Verdict.AGAIN if code & 0xFF in (_SQLITE_BUSY, _SQLITE_LOCKED) else Verdict.FINAL
    number = _number(original)
    if number in _AGAIN_MYSQL:
        return Verdict.AGAIN
    return Verdict.LOST if number in _LOST_MYSQL else Verdict.FINAL


def _number(original: BaseException | None) -> int | None:
    """The error number of MySQL or MariaDB, which all of their drivers put first."""
    number = original.args[0] if original is not None and original.args else None
    return number if isinstance(number, int) else None


def delays(tries: int, first_s: float) -> Iterator[float]:
    """How many seconds to wait before each try after the first: doubling, and with full jitter so that rivals part.

    Written here, since the loop around it is a line and the base install needs SQLAlchemy alone; tenacity was weighed.
    """
    longest = first_s
    for _ in range(tries - 1):
        yield random.uniform(0, min(longest, LONGEST_DELAY_S))
        longest *= 2
