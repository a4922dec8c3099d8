"""Where somebody looks on, every transaction and statement is measured; where nobody does, none of this is put on."""

from __future__ import annotations

from functools import wraps
from typing import Any

from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session, SessionTransaction

from ..live import Live
from ..observer import MARK, now
from ..points import Wrapped
from .engines import wire_of
from .events import listen
from .hooks import Hooks, Means
from .sessions import SessionHooks


class LiveHooks(Hooks):
    """They go around those of watching, which have told what a transaction is by the time these are asked."""

    def __init__(self, means: Means, sessions: SessionHooks, live: Live) -> None:
        super().__init__(means)
        self.sessions = sessions
        self.live = live

    def install(self) -> None:
        """Put them on."""
        points = self.points
        points.wrap(Connection, "_exec_single_context", "self dialect context statement parameters", self.single)
        points.wrap(Connection, "_exec_insertmany_context", "self dialect context", self.many)
        listen(points, Session, "after_begin", self.began)
        listen(points, Session, "after_commit", self.committed)
        listen(points, Session, "after_rollback", self.rolled_back)
        listen(points, Session, "after_transaction_end", self.over)
        for name in ("close", "reset", "invalidate"):
            points.wrap(Session, name, "self", self.closing)

    def single(self, original: Wrapped) -> Wrapped:
        sent, failed = self.sent, self.points.failed

        @wraps(original)
        # Any: a dialect, an execution context and parameters, as the driver needs them; they are passed on and not looked at.
        def run(self: Connection, dialect: Any, context: Any, statement: Any, parameters: Any) -> Any:
            began = now()
            result = original(self, dialect, context, statement, parameters)
            try:
                sent(self, context, began)
            except Exception as error:
                failed(POINT, error)
            return result

        return run

    def many(self, original: Wrapped) -> Wrapped:
        sent, failed = self.sent, self.points.failed

        @wraps(original)
        # Any: see above.
        def run(self: Connection, dialect: Any, context: Any) -> Any:
            began = now()
            result = original(self, dialect, context)
            try:
                sent(self, context, began)
            except Exception as error:
                failed(POINT, error)
            return result

        return run

    # Any: an execution context, whose class depends on the dialect.
    def sent(self, connection: Connection, context: Any, began: int) -> None:
        """A statement was sent and answered."""
        self.live.sent(connection.__dict__.get(MARK), str(context.statement), began, now())

    def began(self, session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
        """A transaction began, or went on to another connection, or to a savepoint."""
        life = self.sessions.life_of(session)
        if life is not None and life.began and life.number not in self.live.open:
            held = wire_of(connection)[1]
            self.live.began(life, 0 if held is None else held.number)

    def committed(self, session: Session) -> None:
        """The end of a savepoint is told in the same way, and decides nothing."""
        life = self.sessions.life_of(session)
        if life is not None and not session.in_nested_transaction():
            self.live.settled(life, "committed")

    def rolled_back(self, session: Session) -> None:
        """Told before the transaction ends, which the soft one is not; of a savepoint it decides nothing."""
        life = self.sessions.life_of(session)
        if life is not None and not session.in_nested_transaction():
            self.live.settled(life, "rolled back")

    def over(self, session: Session, transaction: SessionTransaction) -> None:
        """A transaction ended; one that was neither committed nor rolled back was closed with its session."""
        life = self.sessions.life_of(session)
        if life is not None and transaction.parent is None:
            self.live.over(life.number, "closed")

    def closing(self, original: Wrapped) -> Wrapped:
        """A wrapper of close(), after which the session is somebody else's."""
        guard, left, point = self.points.guard, self.left, f"Session.{original.__name__}"

        @wraps(original)
        def close(self: Session) -> None:
            try:
                original(self)
            finally:
                guard(point, left, self)

        return close

    def left(self, session: Session) -> None:
        life = self.sessions.life_of(session)
        if life is not None:
            self.live.left(life.number)


POINT = "Connection._exec_single_context"
