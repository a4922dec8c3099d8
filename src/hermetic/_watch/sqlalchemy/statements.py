"""Every statement, at the one place through which all of them pass; listening to cursor events would cost ten times as much."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from time import perf_counter_ns
from typing import Any

from sqlalchemy.engine import Connection

from ..._lifecycle.records import Executed
from ..idling import look_idle
from ..lives import SessionLife
from ..observer import MARK
from ..points import Wrapped
from .hooks import Hooks, Means
from .nested import NestedSessions
from .tables import tables_of

# Any: a dialect, an execution context and parameters, as the driver needs them.
Run = Callable[[Connection, Any, Any, Any, Any], Any]


class StatementHooks(Hooks):
    """The wrappers of the two functions that send statements."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self.patience = int(self.observer.settings.long_transaction_s * 1e9)
        self.nested = NestedSessions(means)

    def install(self) -> None:
        """Put them on."""
        self.points.wrap(Connection, "_exec_single_context", "self dialect context statement parameters", self.single)
        self.points.wrap(Connection, "_exec_insertmany_context", "self dialect context", self.many)

    def single(self, original: Wrapped) -> Wrapped:
        return wraps(original)(self.around(original))

    def many(self, original: Wrapped) -> Wrapped:
        # Any: see Run.
        def without(connection: Connection, dialect: Any, context: Any, _statement: Any, _parameters: Any) -> Any:
            return original(connection, dialect, context)

        run = self.around(without)

        @wraps(original)
        # Any: see Run.
        def many(self: Connection, dialect: Any, context: Any) -> Any:
            return run(self, dialect, context, None, None)

        return many

    def around(self, original: Run) -> Run:
        before, wrote, refused, observer = self.before, self.wrote, self.refused, self.observer
        failed, taped, patience, nested = self.points.failed, self.taped, self.patience, self.nested
        writing, broken = observer.writing, observer.broken

        # Any: see Run.
        def run(self: Connection, dialect: Any, context: Any, statement: Any, parameters: Any) -> Any:
            if observer.tapes:
                taped(context)
            life = self.__dict__.get(MARK)
            if life is None:
                return original(self, dialect, context, statement, parameters)
            began = perf_counter_ns()
            if began - life.last > patience or life.waits_at is not None:
                before(life, began)
            try:
                result = original(self, dialect, context, statement, parameters)
            except Exception as error:
                refused(life, context, error)
                raise
            life.last = ended = perf_counter_ns()
            life.last_ms = (ended - began) / 1e6
            try:
                # Spelt out for what comes at every statement; only a text has to be read.
                if context.isinsert or context.isupdate or context.isdelete or (context.is_text and writes(context)):
                    nested.wrote(life, context)
                    if not life.flushing:
                        wrote(life)
                elif broken:
                    life.looked_at = tables_of(context) | (life.looked_at or set())
                if writing and (len(writing) > 1 or life.number not in writing):
                    nested.asked(life, context)
            except Exception as error:
                failed(POINT, error)
            return result

        return run

    def taped(self, context: Any) -> None:
        """Note a statement on every tape that runs."""
        try:
            site = self.observer.sites.here()
            for tape in self.observer.tapes:
                tape.note(str(context.statement), site)
        except Exception as error:
            self.points.failed(POINT, error)

    def before(self, life: SessionLife, began: int) -> None:
        """A statement is about to be sent, after a while in which none was."""
        self.points.guard(POINT, look_idle, self.observer, self.judge, life, began)
        life.waits_at = None

    def wrote(self, life: SessionLife) -> None:
        """A statement of the user's own changed rows."""
        life.wrote += 1
        life.note(Executed, self.observer.site_of(life), writes=True)

    def refused(self, life: SessionLife, context: Any, error: Exception) -> None:
        """The database refused a statement."""
        life.failed = True
        if self.observer.writing:
            self.points.guard(POINT, self.nested.refused, life, error)
        if not life.flushing:
            self.points.guard(POINT, self.note_refused, life, context)

    def note_refused(self, life: SessionLife, context: Any) -> None:
        life.note(Executed, self.observer.site_of(life), fails=True, writes=writes(context))


# Any: an execution context, whose class depends on the dialect.
def writes(context: Any) -> bool:
    """Whether a statement changes rows."""
    if context.isinsert or context.isupdate or context.isdelete:
        return True
    return context.is_text and CHANGES.match(str(context.statement)) is not None


POINT = "Connection._exec_single_context"
CHANGES = re.compile(
    r"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*(?:insert|update|delete|merge|replace)\b", re.IGNORECASE | re.DOTALL
)
