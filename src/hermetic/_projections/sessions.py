"""One way to run work on a session, whether it is the plain kind or the one for asyncio."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session
from sqlalchemy.orm import Session, scoped_session

from ..errors import BadProjection

SyncSession = Session | scoped_session[Any]  # Any: a registry of whatever session class
AnyAsyncSession = AsyncSession | async_scoped_session[Any]  # Any: as above
AnySession = SyncSession | AnyAsyncSession

Result = TypeVar("Result")


def on(session: AnySession, work: Callable[[Session], Result]) -> Result | Coroutine[Any, Any, Result]:
    """Run work on a session: at once, or as a coroutine that an AsyncSession awaits. Any: what a coroutine is sent."""
    actual = plain(session)
    return actual.run_sync(work) if isinstance(actual, AsyncSession) else work(actual)


def plain(session: AnySession) -> Session | AsyncSession:
    """The session itself, out of its registry. Raises BadProjection for what is none."""
    if isinstance(session, (Session, AsyncSession)):
        return session
    actual = session() if isinstance(session, (scoped_session, async_scoped_session)) else session
    if not isinstance(actual, (Session, AsyncSession)):
        raise BadProjection(
            f"The first argument is a session, and this is a {type(actual).__name__}.\n"
            f"  Pass the Session or AsyncSession of your unit of work."
        )
    return actual
