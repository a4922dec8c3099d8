"""Threads that need a connection get one in the order in which they asked."""

from __future__ import annotations

from collections import deque
from threading import Lock

from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from .engines import Settings


class Turns:
    """As many turns as a pool has connections; a scope has one from its first statement until its transaction ends.

    SQLAlchemy's pool gives a connection to whoever asks when it comes back, and that is the thread that has just given
    it back rather than one of those that sleep: of 40 threads that shared 10 connections some got none for seconds,
    where their share was 35 milliseconds. asyncio's pool keeps the order.
    """

    def __init__(self, count: int, longest_s: float) -> None:
        self._count = count
        self._longest_s = longest_s
        self.reset()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def reset(self) -> None:
        """Nobody has a turn, nobody waits: a child process begins anew."""
        self._lock = Lock()
        self._left = self._count
        self._waiting: deque[Lock] = deque()

    def take(self) -> bool:
        """Wait for a turn; whether it came in time."""
        with self._lock:
            if self._left and not self._waiting:
                self._left -= 1
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            came = mine.acquire(timeout=self._longest_s)
        except BaseException:
            if not self._gave_up(mine):
                self.give_back()
            raise
        return came or not self._gave_up(mine)

    def give_back(self) -> None:
        """The turn is the next one's."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._left += 1

    def _gave_up(self, mine: Lock) -> bool:
        """Stop waiting; False when the turn came at the last moment."""
        with self._lock:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True


def turns_of(engine: Engine, settings: Settings) -> Turns | None:
    """The turns for an engine that was made with these settings; none where its pool does not make anybody wait."""
    overflow = settings.engine_options.get("max_overflow", 0)
    if not isinstance(engine.pool, QueuePool) or not engine.pool.size() or overflow < 0:
        return None
    return Turns(engine.pool.size() + overflow, settings.pool_timeout_s)
