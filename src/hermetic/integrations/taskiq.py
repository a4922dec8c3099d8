"""Tasks of TaskIQ as units of work: kept before the task is told done, and done once when a key is wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from taskiq import AsyncBroker, TaskiqMessage, TaskiqMiddleware

from .._scopes.aio import AsyncDatabase
from .._scopes.sessions import AsyncScopeSession
from ._jobs import P, R, With, once_key, refuse_plain, without_session

S = TypeVar("S", bound=AsyncSession)


class Host(Generic[S]):
    """An AsyncDatabase in a broker; its verbs are decorators that go below `@broker.task`."""

    def __init__(self, db: AsyncDatabase[S]) -> None:
        self._db = db

    def begin(self, work: With[S, P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        """`@host.begin`: the function is given a session first, and what it does is a unit of work.

        It is committed before the task is told done, rolled back when an exception leaves it or it times out, and tried
        again as by `db.run`.
        """
        return self._running(work, is_once=False)

    def begin_once(self, work: With[S, P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        """`@host.begin_once`: as `begin`, and done exactly once for each task that was sent, however often it is delivered.

        What the function gives must be what JSON can hold.
        """
        return self._running(work, is_once=True)

    def read(self, work: With[S, P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        """`@host.read`: the function is given the session of a read scope first."""

        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            async with self._db.read() as session:
                return await work(session, *args, **kwargs)

        return without_session(call, work)

    def background(self, session: AsyncScopeSession, task: Any, *args: Any, **kwargs: Any) -> None:
        """Send a task when the work of a session is kept, and not when it is not. Any: a task of TaskIQ, its arguments."""
        session.after_commit(task.kiq, *args, **kwargs)

    def _running(self, work: With[S, P, Awaitable[R]], *, is_once: bool) -> Callable[P, Awaitable[R]]:
        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            key = once_key("taskiq", _job.get()) if is_once else None
            return await self._db.run(lambda session: work(session, *args, **kwargs), once=key)

        return without_session(call, work)


class Attached(TaskiqMiddleware):
    """Knows which task is run, and closes the connections when the worker ends."""

    def __init__(self, db: AsyncDatabase[Any]) -> None:  # Any: of whichever session class
        super().__init__()
        self._db = db

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        """Remember the task."""
        _job.set(message.task_id)
        return message

    async def shutdown(self) -> None:
        """Close the connections."""
        await self._db.dispose()


_job: ContextVar[str | None] = ContextVar("job", default=None)


def attach(broker: AsyncBroker, db: AsyncDatabase[S]) -> Host[S]:
    """Let the tasks of a broker have sessions of a database. Raises BadDatabase for a Database."""
    refuse_plain(db, "TaskIQ")
    broker.add_middlewares(Attached(db))
    return Host(db)
