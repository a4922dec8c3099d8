"""How transactions begin and end, and what they wrote when they did."""

from __future__ import annotations

import asyncio
import threading
import weakref
from functools import wraps

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from ..._lifecycle.records import Committed, RolledBack
from ..idling import look_idle
from ..observer import MARK, running_loop
from ..points import Wrapped
from .engines import wire_of
from .events import listen
from .hooks import Hooks, Means
from .retries import Retries
from .sessions import SessionHooks


class TransactionHooks(Hooks):
    """The listeners to a session's transactions, all of them public events."""

    def __init__(self, means: Means, sessions: SessionHooks) -> None:
        super().__init__(means)
        self.sessions = sessions
        self.retries = Retries(means)

    def install(self) -> None:
        """Put them on."""
        self.points.wrap(SessionTransaction, "commit", "self _to_root", self.committing)
        listen(self.points, Session, "after_begin", self.began)
        listen(self.points, Session, "after_commit", self.committed)
        listen(self.points, Session, "after_soft_rollback", self.rolled_back)

    def began(self, session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
        """A transaction, or a savepoint in it, began on a connection."""
        life = self.sessions.life_of(session)
        if life is None:
            return
        connection.__dict__[MARK] = life
        if life.began:
            return
        life.begun(self.observer.site_of(life))
        life.is_async = connection.dialect.is_async
        life.dialect = connection.dialect.name
        life.url = connection.engine.url
        life.borrowed = isinstance(session.bind, Connection)
        life.autocommits = connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"
        life.thread = threading.get_ident()
        task = None if (loop := running_loop()) is None else asyncio.current_task(loop)
        life.task = None if task is None else weakref.ref(task)
        life.wire, held = wire_of(connection)
        if held is not None:
            held.life, held.site = life, life.began_site
        if not self.observer.is_guarded:
            self.observer.wake()

    def committing(self, original: Wrapped) -> Wrapped:
        guard, broke = self.points.guard, self.broke

        @wraps(original)
        def commit(self: SessionTransaction, _to_root: bool = False) -> None:
            try:
                original(self, _to_root)
            except DBAPIError as error:
                guard("SessionTransaction.commit", broke, self.session, error)
                raise

        return commit

    def broke(self, session: Session, error: DBAPIError) -> None:
        """A commit ended in an error."""
        life = self.sessions.life_of(session)
        if life is not None:
            self.retries.broke(life, error)

    def committed(self, session: Session) -> None:
        """A transaction was committed; or a savepoint released, and its transaction goes on."""
        life = self.sessions.life_of(session)
        if life is None:
            return
        if session.in_nested_transaction():
            life.note(Committed, self.observer.site_of(life), nested=True)
            return
        look_idle(self.observer, self.judge, life)
        site = self.observer.site_of(life)
        request = life.request
        if life.failed or (life.wrote and (life.commits or (request is not None and request.responded))):
            self.judge.committed(life, site)
        if self.observer.broken:
            self.retries.committed(session, life, site)
        if life.wrote:
            life.commits += 1
        life.note(Committed, site)
        life.ended()

    def rolled_back(self, session: Session, previous: SessionTransaction) -> None:
        life = self.sessions.life_of(session)
        if life is None:
            return
        look_idle(self.observer, self.judge, life)
        life.note(RolledBack, self.observer.site_of(life), nested=previous.nested)
        if previous.nested:
            life.needs_rollback = False
        else:
            life.ended()
