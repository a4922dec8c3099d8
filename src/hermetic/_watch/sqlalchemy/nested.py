"""A session that works beside another one of the same call stack, which has rows that nobody else sees yet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from sqlalchemy.exc import DBAPIError

from ..._where import Site
from ..lives import SessionLife
from .hooks import Means
from .tables import tables_of

LOCKED_OUT = ("SQLITE_BUSY", "SQLITE_LOCKED", "55P03")
"""How the names begin that SQLite and PostgreSQL give to the end of a wait for a lock; MySQL's has a number."""

MYSQL_LOCK_WAIT = 1205


class NestedSessions:
    """What the statements of one session tell of another that is open around them."""

    def __init__(self, means: Means) -> None:
        self.observer = means.observer
        self.judge = means.judge

    # Any: an execution context, whose class depends on the dialect.
    def wrote(self, life: SessionLife, context: Any) -> None:
        """A statement changed rows, which no other session sees before the commit."""
        if life.autocommits:
            return
        if life.tables is None:
            life.tables = set()
            self.observer.writing[life.number] = life
        life.tables |= tables_of(context)

    def asked(self, life: SessionLife, context: Any) -> None:
        """A statement was answered while other sessions have uncommitted rows: one around it may have some of its tables."""
        if life.beside:
            return
        for other in self._around(life):
            tables = tables_of(context) & (other.tables or set())
            if tables:
                self._tell(life, other, tuple(sorted(tables)), is_locked_out=False)

    def refused(self, life: SessionLife, error: Exception) -> None:
        """The database refused a statement: it may have waited for a session around it."""
        if isinstance(error, DBAPIError) and is_locked_out(error.orig):
            for other in self._around(life):
                self._tell(life, other, tuple(sorted(other.tables or ())), is_locked_out=True)

    def _around(self, life: SessionLife) -> Iterator[SessionLife]:
        """The older sessions of this thread, task and request that have uncommitted rows in the same database."""
        writing = self.observer.writing
        for other in list(writing.values()):
            if other.tables is None:
                writing.pop(other.number, None)
            elif (
                other.number < life.number
                and other.thread == threading.get_ident()
                and other.works_for() is life.works_for()
                and other.request is life.request
                and other.wire != life.wire
                and other.url == life.url
            ):
                yield other

    def _tell(self, life: SessionLife, other: SessionLife, tables: tuple[str, ...], *, is_locked_out: bool) -> None:
        """Tell of it at the line of the function that works with the older session, unless that opened both."""
        frames = self.observer.sites.frames()
        codes = {event.site[0] for event in other.ring or () if event.site is not None}
        caller = next((frame for frame in frames if frame.f_code in codes), None)
        if caller is None or caller is frames[0] or (life.opened is not None and life.opened[0] is caller.f_code):
            return
        life.beside = True
        records = [record for record in other.history()[1:] if record.site is not None]
        self.judge.beside(other, _site(caller), _site(frames[0]), records[-1], tables, is_locked_out)


def is_locked_out(error: BaseException | None) -> bool:
    """Whether an error of a driver says that a lock was waited for in vain."""
    names = (str(getattr(error, name, "")) for name in ("sqlite_errorname", "sqlstate", "pgcode"))
    return any(name.startswith(LOCKED_OUT) for name in names) or getattr(error, "args", ())[:1] == (MYSQL_LOCK_WAIT,)


def _site(frame: FrameType) -> Site:
    return frame.f_code, frame.f_lasti
