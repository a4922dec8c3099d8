"""Work that is brought to its end even when the task that waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:  # Any: what a coroutine is sent
    """What the work gives; a cancellation is told after it has ended, and never reaches it.

    The work runs in a task of its own, so that neither `task.cancel()` nor a cancel scope of AnyIO is inside of it.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return task.result()
    failure = task.exception()
    if failure is not None:
        raise cancelled from failure
    raise cancelled
