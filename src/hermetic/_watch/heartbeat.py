"""Sees, from a thread of its own, what a synchronous session does on an event loop besides its statements."""

from __future__ import annotations

import asyncio
import sys
import threading
import weakref
from time import perf_counter_ns
from types import FrameType

from .._where import Site, is_sqlalchemy
from .lives import SessionLife
from .observer import Observer
from .watchdog import heed_forks

PAUSE_S = 0.05
"""So long the heart rests after a beat that was answered in time; 5 ms would cost a busy loop a fifth of its time."""

LOOK_S = 0.01
"""While a beat is late, the loop's thread is looked at so often."""

IDLE_S = 10.0
"""A loop on which no synchronous session was used for so long is left alone, until one is used again."""

PATIENCE_S = 1.0
"""Whoever stops the heart waits no longer for its last beat."""


class Heartbeat:
    """One for a watched program; it beats on the loop on which a synchronous session was used for a request, the latest."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self._ended = threading.Event()
        self._answered = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Beat on a loop, whose own thread calls this."""
        self.stop()
        heed_forks(self)
        self.observer.beats_on = loop
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._run,
            args=(weakref.ref(loop), threading.get_ident(), self._ended),
            name="hermetic heartbeat",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Beat no more, and leave no thread behind."""
        self.observer.beats_on = None
        self._ended.set()
        self._answered.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE_S)
        self._thread = None

    def _run(self, loop: weakref.ref[asyncio.AbstractEventLoop], thread: int, ended: threading.Event) -> None:
        """Beat until the loop is gone, or has nothing to do with synchronous sessions any more."""
        try:
            while not ended.wait(PAUSE_S) and self._beat(loop(), thread, ended):
                pass
        except Exception as error:
            self.observer.failed("heartbeat", error)
        if not ended.is_set():
            self.observer.beats_on = None

    def _beat(self, loop: asyncio.AbstractEventLoop | None, thread: int, ended: threading.Event) -> bool:
        """Ask the loop for a sign of life, and look at its thread while there is none; whether to beat again."""
        if loop is None or loop.is_closed() or not self.lives(thread):
            return False
        answered = self._answered = threading.Event()
        began = perf_counter_ns()
        try:
            loop.call_soon_threadsafe(answered.set)
        except RuntimeError:
            return False
        if answered.wait(self.observer.settings.blocked_ms / 1e3):
            return True
        while not ended.is_set() and loop.is_running():
            now = perf_counter_ns()
            self.look(thread, (now - began) / 1e6)
            began = now
            if answered.wait(LOOK_S):
                break
        return True

    def lives(self, thread: int) -> list[SessionLife]:
        """The synchronous sessions that were used in a thread a short while ago."""
        since = perf_counter_ns() - int(IDLE_S * 1e9)
        known = list(self.observer.lives.values())
        return [life for life in known if life.blocked_at > since and life.thread == thread]

    def look(self, thread: int, ms: float) -> None:
        """Add the time since the last look to the line that works with a session's results, if one does."""
        lives = self.lives(thread)
        if any(life.busy for life in lives):
            return  # a statement, whose time is measured where it is sent
        stack = sys._current_frames().get(thread)
        for life in lives:
            site = self.worked_at(stack, life)
            if site is not None:
                stalls = life.stalls = life.stalls or {}
                stalls[site] = stalls.get(site, 0.0) + ms
                return

    def worked_at(self, frame: FrameType | None, life: SessionLife) -> Site | None:
        """The user's line, in a function that used the session, from which SQLAlchemy is at work now."""
        known = {site[0] for site in (life.opened, life.began_site, life.last_site) if site is not None}
        found: Site | None = None
        is_inside = False
        while frame is not None:
            code = frame.f_code
            if found is None and is_inside and self.observer.sites.is_users(code):
                found = code, frame.f_lasti
            if code in known:
                return found
            is_inside = is_inside or is_sqlalchemy(code)
            frame = frame.f_back
        return None
