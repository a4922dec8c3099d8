"""What a cancellation may do to work with a database: reach a statement once, and never the end of a transaction."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Generic, TypeVar

T = TypeVar("T")

PATIENCE_S = 10.0
"""How long a task that was cancelled waits for an end that does not come: the network may be silent for ever."""

Steps = Generator[Any, None, T]  # Any: what an awaitable gives the event loop to wait for


async def to_the_end(work: Awaitable[T]) -> T:
    """What the work gives; a cancellation is told after it has ended, and reaches it only when patience is at an end.

    The work runs in a task of its own, so that neither `task.cancel()` nor a cancel scope of AnyIO is inside of it.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    until_s = float("inf")
    while not task.done():
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            task.cancel()
            until_s, left_s = time.monotonic() + PATIENCE_S, PATIENCE_S
        try:
            await asyncio.wait([task], timeout=left_s if cancelled else None)
        except asyncio.CancelledError as error:
            until_s = until_s if cancelled else time.monotonic() + PATIENCE_S
            cancelled = error
    if cancelled is None:
        return task.result()
    failure = None if task.cancelled() else task.exception()
    if failure is not None:
        raise cancelled from failure
    raise cancelled


async def while_patient(work: Awaitable[object]) -> None:
    """Await what undoes something, and give it up when patience is at an end: a connection that is closed undoes it too."""
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            await work


class CancelledOnce(Generic[T]):
    """Awaits a coroutine as `await` does, but of several cancellations only the first one reaches it.

    A driver answers a cancellation by asking the server to cancel the query, and has to wait for that. A cancel scope
    of AnyIO cancels again and again until the task is out of it, so the request would never leave, and the query would
    run on with nobody to wait for it. What is left of the coroutine after the first one runs in a task of its own.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Coroutine[Any, None, T]) -> None:  # Any: what it waits for
        self._work = work

    def __await__(self) -> Steps[T]:
        try:
            waits = self._work.send(None)
            while True:
                try:
                    yield waits
                except asyncio.CancelledError as error:
                    waits = self._work.throw(error)
                    break
                except BaseException as error:
                    waits = self._work.throw(error)
                else:
                    waits = self._work.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # what the coroutine returned
        return (yield from to_the_end(Rest(self._work, waits)).__await__())


class Rest(Generic[T]):
    """A coroutine from where it stands."""

    __slots__ = ("_waits", "_work")

    def __init__(self, work: Coroutine[Any, None, T], waits: Any) -> None:  # Any: what it waits for
        self._work = work
        self._waits = waits

    def __await__(self) -> Steps[T]:
        waits = self._waits
        try:
            while True:
                try:
                    yield waits
                except BaseException as error:
                    waits = self._work.throw(error)
                else:
                    waits = self._work.send(None)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # what the coroutine returned
