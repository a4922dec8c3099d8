"""The slowest and the longest idle transactions of the last minute, without going through all of them at every frame."""

from __future__ import annotations

import heapq
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Tops(Generic[T]):
    """The top few of each second; those of a minute are among them."""

    def __init__(self, looked_back_s: float, top: int) -> None:
        self._looked_back_s = looked_back_s
        self._top = top
        self._seconds: deque[tuple[int, list[tuple[float, int, T]], list[tuple[float, int, T]]]] = deque()
        self._number = 0

    def add(self, seconds: float, idle_ms: float, what: T, at: float) -> None:
        """Something took so long, of which it stood idle so long, and was over at a time."""
        if not self._seconds or self._seconds[-1][0] < int(at):
            self._seconds.append((int(at), [], []))
        self._number += 1
        _, slowest, idlest = self._seconds[-1]
        for heap, weight in ((slowest, seconds), (idlest, idle_ms)):
            entry = (weight, self._number, what)
            if len(heap) < self._top:
                heapq.heappush(heap, entry)
            elif entry > heap[0]:
                heapq.heapreplace(heap, entry)

    def slowest(self, now: float) -> list[T]:
        """Those that took longest, the longest first."""
        return self._of(now, 1)

    def idlest(self, now: float) -> list[T]:
        """Those that stood idle longest, the longest first."""
        return self._of(now, 2)

    def _of(self, now: float, which: int) -> list[T]:
        while self._seconds and now - self._seconds[0][0] > self._looked_back_s:
            self._seconds.popleft()
        entries = [entry for second in self._seconds for entry in (second[1] if which == 1 else second[2])]
        return [what for _, _, what in heapq.nlargest(self._top, entries)]
