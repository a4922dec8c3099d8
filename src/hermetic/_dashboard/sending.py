"""What waits to be sent to one browser; one that is too slow is sent away, and begins anew with the last minute."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

WAITING = 64
"""So many events may wait for a browser, besides those that it began with."""


# Any: JSON values.
def event(name: str, data: str | Mapping[str, Any]) -> bytes:
    """A server-sent event; data that is text is JSON already."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()


class Sending:
    """The events for one browser, in their order."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._is_over = False
        self._allowed = 0

    def put(self, event: bytes) -> None:
        """Have an event sent; before the first is taken there may be any number."""
        if self._is_over:
            return
        self._waiting.append(event)
        if self._allowed and len(self._waiting) > self._allowed:
            self._waiting.clear()
            self._is_over = True
        self._ready.set()

    def end(self) -> None:
        """Send what waits, and nothing more."""
        self._is_over = True
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self._waiting or not self._is_over:
            await self._ready.wait()
            self._ready.clear()
            while self._waiting:
                self._allowed = max(WAITING, len(self._waiting))
                yield self._waiting.popleft()
