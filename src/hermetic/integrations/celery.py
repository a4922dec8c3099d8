"""Tasks of Celery as units of work: kept before the task is told done, and done once when a key is wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from celery import Celery, current_task  # type: ignore[import-untyped]  # Celery has no types
from celery.signals import worker_process_shutdown, worker_shutdown  # type: ignore[import-untyped]  # as above
from sqlalchemy.orm import Session

from .._scopes.sessions import ScopeSession
from .._scopes.sync import Database
from ._jobs import P, R, With, once_key, without_session

S = TypeVar("S", bound=Session)


class Host(Generic[S]):
    """A Database in an app; its verbs are decorators that go below `@app.task`."""

    def __init__(self, db: Database[S]) -> None:
        self._db = db

    def begin(self, work: With[S, P, R]) -> Callable[P, R]:
        """`@host.begin`: the function is given a session first, and what it does is a unit of work.

        It is committed before the task is told done, rolled back when an exception leaves it, `Retry` too, and tried
        again as by `db.run`. With `@app.task(bind=True)` the session comes before the task.
        """
        return self._running(work, is_once=False)

    def begin_once(self, work: With[S, P, R]) -> Callable[P, R]:
        """`@host.begin_once`: as `begin`, and done exactly once for each task that was sent, however often it is delivered.

        What the function gives must be what JSON can hold. For tasks with `acks_late=True`, which are delivered again
        when a worker dies.
        """
        return self._running(work, is_once=True)

    def read(self, work: With[S, P, R]) -> Callable[P, R]:
        """`@host.read`: the function is given the session of a read scope first."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._db.read() as session:
                return work(session, *args, **kwargs)

        return without_session(call, work)

    def background(self, session: ScopeSession, task: Any, *args: Any, **kwargs: Any) -> None:
        """Send a task when the work of a session is kept, and not when it is not. Any: a task of Celery, its arguments."""
        session.after_commit(task.delay, *args, **kwargs)

    def _running(self, work: With[S, P, R], *, is_once: bool) -> Callable[P, R]:
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            key = once_key("celery", _job()) if is_once else None
            return self._db.run(lambda session: work(session, *args, **kwargs), once=key)

        return without_session(call, work)

    def dispose(self, **_signal: object) -> None:
        """Close the connections: the worker ends."""
        self._db.dispose()


def _job() -> str | None:
    """The id of the task that is run here; None where none is."""
    task: Any = current_task  # Any: Celery has no types
    return task.request.id if task else None


def attach(app: Celery, db: Database[S]) -> Host[S]:
    """Let the tasks of an app have sessions of a database.

    A worker that forks opens connections of its own in each process, and closes them when the process ends.
    """
    host = Host(db)
    for signal in (worker_process_shutdown, worker_shutdown):
        signal.connect(host.dispose, weak=False)
    return host
