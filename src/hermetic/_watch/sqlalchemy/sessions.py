"""How a session's life is seen: its operations, its transactions, its end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from functools import wraps
from time import perf_counter_ns
from typing import Any

from sqlalchemy.exc import PendingRollbackError
from sqlalchemy.orm import Session

from ..._lifecycle.records import Committed, Executed, Flushed, RolledBack, SessionClosed
from ..._where import Site, waiting_at
from ..idling import look_idle
from ..lives import SessionLife, Unsaved
from ..notes import add, note_of
from ..observer import MARK, MISSING, running_loop, worker
from ..points import Wrapped
from ..requests import REQUEST
from .hooks import Hooks, Means
from .picture import AnyState, instance_of, key_of

CLOSING: ContextVar[tuple[Site | None, BaseException | None] | None] = ContextVar("hermetic_closing", default=None)
"""Where an AsyncSession is being closed and the error on its way out: the close itself runs in a task of its own."""

DOES: dict[str, type] = {"_execute_internal": Executed, "flush": Flushed, "commit": Committed, "rollback": RolledBack}


class SessionHooks(Hooks):
    """The wrappers of Session's methods and the listeners to its events."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self.patience = int(self.observer.settings.long_transaction_s * 1e9)

    def install(self) -> None:
        """Put them on."""
        points = self.points
        points.wrap(Session, "__init__", "*", self.opening)
        points.wrap(Session, "_execute_internal", EXECUTES, self.operation)
        points.wrap(Session, "flush", "self objects", self.flushing)
        for name in ("commit", "rollback"):
            points.wrap(Session, name, "self", self.operation)
        for name in ("close", "reset", "invalidate"):
            points.wrap(Session, name, "self", self.closing)

    def life_of(self, session: Session) -> SessionLife | None:
        """What is remembered of a session; None when it is not watched."""
        life: SessionLife | None = session.__dict__.get(MARK, MISSING)
        if life is MISSING:
            life = session.__dict__[MARK] = self.observer.opened(session, session.expire_on_commit, None)
        return life

    def opening(self, original: Wrapped) -> Wrapped:
        observer, points = self.observer, self.points

        @wraps(original)
        # Any: whatever a Session takes.
        def __init__(session: Session, *args: Any, **kwargs: Any) -> None:
            original(session, *args, **kwargs)
            try:
                session.__dict__[MARK] = observer.opened(session, session.expire_on_commit, observer.sites.here())
            except Exception as error:
                points.failed("Session.__init__", error)

        return __init__

    def enter(self, session: Session) -> SessionLife | None:
        """An operation begins; None when there is nothing to leave again, since it is part of another."""
        life: SessionLife | None = session.__dict__.get(MARK, MISSING)
        if life is MISSING:
            life = self.life_of(session)
        if life is None:
            return None
        loop = running_loop()
        me = worker(loop)
        if life.busy:
            if life.busy != me:
                self.overlapped(life, loop)
            return None
        request = REQUEST.get()
        if request is not life.request and request is not None:
            self.crossed(life)
            life.request, life.commits = request, 0
        life.busy = me
        life.site = None
        life.frame = sys._getframe(1)
        if loop is not None and not life.is_async:
            if self.is_awaited():
                life.is_async = True
            else:
                life.blocks = life.blocked_at = perf_counter_ns()
                if request is not None and self.observer.beats_on is not loop:
                    self.observer.beat(loop)
        return life

    def is_awaited(self) -> bool:
        """Whether this runs for an AsyncSession, in a greenlet that gives way to the event loop."""
        module = sys.modules.get("greenlet")
        return module is not None and getattr(module.getcurrent(), "__sqlalchemy_greenlet_provider__", False)

    def unblocked(self, life: SessionLife) -> None:
        """A synchronous operation on an event loop's thread is over; what blocks too long in all is told."""
        life.blocked_ms += (perf_counter_ns() - life.blocks - self.judge.teller.took_since(life.blocks)) / 1e6
        life.blocks = 0
        if life.blocked_ms >= self.observer.settings.blocked_ms:
            ms, life.blocked_ms = life.blocked_ms, 0.0
            self.judge.blocked(life, life.site or self.observer.sites.here(), ms, life.request is None)
        if life.stalls:
            self.stalled(life)

    def stalled(self, life: SessionLife) -> None:
        """Tell of lines at which work with a session's results has held up an event loop."""
        stalls, life.stalls = life.stalls or {}, None
        for site, ms in stalls.items():
            if ms >= self.observer.settings.blocked_ms:
                self.judge.blocked(life, site, ms, life.request is None)

    def overlapped(self, life: SessionLife, loop: asyncio.AbstractEventLoop | None) -> None:
        """Another task or thread is inside already; a task that runs nothing of the user's has its line where it is awaited."""
        life.is_tangled = True
        site = self.observer.sites.here()
        if site is None and loop is not None and life.opened is not None:
            waits = (
                waiting_at(task.get_coro(), self.observer.sites, life.opened[0]) for task in asyncio.all_tasks(loop)
            )
            site = next((found for found in waits if found is not None), None)
        told = self.judge.overlaps(life, site)
        life.overlapped = told[0].finding if told else None

    def crossed(self, life: SessionLife) -> None:
        """Another request than before uses a session that was not closed since."""
        if life.request is not None and not self.judge.is_under_test():
            self.judge.crosses(life, self.observer.sites.here())

    def operation(self, original: Wrapped) -> Wrapped:
        """A wrapper that tells who is inside, and what came out when it was refused."""
        enter, failed, name = self.enter, self.points.failed, original.__name__
        point = f"Session.{name}"

        @wraps(original)
        # Any: whatever the method takes.
        def operation(session: Session, *args: Any, **kwargs: Any) -> Any:
            try:
                life = enter(session)
            except Exception as error:
                failed(point, error)
                life = None
            if life is None:
                return original(session, *args, **kwargs)
            try:
                return original(session, *args, **kwargs)
            except PendingRollbackError as error:
                self.points.guard(point, self.refused, life, DOES[name], error)
                raise
            finally:
                life.busy = 0
                life.frame = None
                if life.blocks:
                    self.points.guard(point, self.unblocked, life)

        if name == "_execute_internal":
            return operation

        @wraps(original)
        # SQLAlchemy and frameworks count the arguments of these methods.
        def plain(self: Session) -> Any:
            return operation(self)

        return plain

    def flushing(self, original: Wrapped) -> Wrapped:
        """A flush is most often part of another operation; its failure is what poisons a session."""
        enter, life_of, failed = self.enter, self.life_of, self.points.failed

        @wraps(original)
        # Any: the objects to flush.
        def flush(session: Session, objects: Any = None) -> None:
            life = entered = None
            try:
                # A flush of nothing, as nearly every SELECT makes one, is not looked at.
                if session._new or session._deleted or session.identity_map._modified:
                    life = life_of(session)
                    if life is not None and life.busy != worker(running_loop()):
                        entered = enter(session)
            except Exception as error:
                failed("Session.flush", error)
            if life is None:
                original(session, objects)
                return
            life.flushing = True
            try:
                original(session, objects)
            except PendingRollbackError as error:
                if entered is not None:
                    self.points.guard("Session.flush", self.refused, life, Flushed, error)
                raise
            except Exception:
                self.points.guard("Session.flush", self.flush_failed, session, life)
                raise
            finally:
                life.flushing = False
                if entered is not None:
                    life.busy = 0
                    life.frame = None
                    if life.blocks:
                        self.points.guard("Session.flush", self.unblocked, life)

        return flush

    def refused(self, life: SessionLife, kind: type, error: Exception) -> None:
        told = self.judge.refused(life, kind(session=life.key, site=self.observer.site_of(life)))
        if told:
            add(error, note_of(told[0].finding))

    def flush_failed(self, session: Session, life: SessionLife) -> None:
        life.note(Flushed, self.observer.site_of(life), fails=True)
        life.failed = True
        life.needs_rollback = not session.is_active

    def closing(self, original: Wrapped) -> Wrapped:
        """A wrapper of close(), which looks at what is thrown away by it."""

        @wraps(original)
        def close(self: Session) -> None:
            life = None
            try:
                life = hooks.before_close(self)
            except Exception as error:
                hooks.points.failed(point, error)
            try:
                original(self)
            finally:
                try:
                    if life is not None:
                        life.closed()
                    if hooks.observer.later:
                        hooks.observer.catch_up()
                except Exception as error:
                    hooks.points.failed(point, error)

        hooks, point = self, f"Session.{original.__name__}"
        return close

    def before_close(self, session: Session) -> SessionLife | None:
        """Look at what a close throws away; gives what is remembered of the session."""
        life = self.life_of(session)
        if life is None or not self.observer.is_on:
            return None
        loop = running_loop()
        if life.busy and life.busy != worker(loop) and not life.is_tangled:
            self.overlapped(life, loop)
        if life.stalls:
            self.stalled(life)
        has_unsaved = bool(session._new or session._deleted or session.identity_map._modified)
        if not (life.began or has_unsaved or len(session.identity_map)):
            return life
        site, error = CLOSING.get() or (None, None)
        life.closed_site = site = site or self.observer.sites.here()
        if life.began and perf_counter_ns() - life.last > self.patience:
            look_idle(self.observer, self.judge, life)
        if has_unsaved or life.wrote:
            self.look_at_work(session, life, site, error or sys.exc_info()[1])
        life.note(SessionClosed, site)
        return life

    def look_at_work(self, session: Session, life: SessionLife, site: Site | None, error: BaseException | None) -> None:
        """Tell of work that a close throws away, unless an error was the reason."""
        modified = _still_mapped(session.identity_map._modified)
        dirty = [state for state in modified if session.is_modified(state.obj())]
        unsaved = (tuple(_still_mapped(session._new)), tuple(dirty), tuple(_still_mapped(session._deleted)))
        if not (life.wrote or any(unsaved)):
            return
        notes = [name for name, holds in (
            ("raising", error is not None),
            ("handled", life.failed),
            ("shared", life.borrowed),
            ("autocommit", life.autocommits),
        ) if holds]  # fmt: skip
        states: list[AnyState] = [state for known in unsaved for state in known]
        self.judge.closes(
            life,
            site,
            Unsaved(*(tuple(key_of(state) for state in known) for known in unsaved)),
            [instance_of(state, life.key, None) for state in states],
            tuple(notes),
        )


def _still_mapped(states: Iterable[AnyState]) -> list[AnyState]:
    """What is left of a session's instances after its mappers were disposed of: a class without a mapper has nothing to lose."""
    return [state for state in list(states) if state.manager.mapper is not None]


EXECUTES = "self statement params execution_options bind_arguments _parent_execute_state _add_event _scalar_result"
