"""Looks, from a thread of its own, where a program is while one of its transactions stands idle."""

from __future__ import annotations

import os
import sys
import threading
import weakref
from functools import cache
from time import perf_counter_ns
from types import FrameType
from typing import Protocol

from .._where import PROJECT, Site, Sites, waiting_at
from .lives import SessionLife
from .observer import Observer

LOOKS = 4
"""So many times within the time limit for a transaction the watchdog looks up."""

PATIENCE_S = 1.0
"""Whoever stops the watchdog waits no longer for its last look."""


class Awake(Protocol):
    """Something that has a thread of its own, which the next transaction starts again when it was stopped."""

    def stop(self) -> None:
        """End the thread."""


_awake: weakref.WeakSet[Awake] = weakref.WeakSet()


def _rest() -> None:
    """A process that has threads must not fork; the next transaction wakes them, in parent and child."""
    for each in list(_awake):
        each.stop()


@cache
def _register() -> None:
    """Rest before this process forks; once, since it cannot be taken back."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_rest)


def heed_forks(awake: Awake) -> None:
    """Stop something before this process forks."""
    _register()
    _awake.add(awake)


class Watchdog:
    """One for a watched program; its thread is started by the first transaction and ends with the watch."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Start looking, in this process."""
        heed_forks(self)
        self.observer.is_guarded = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._ended,), name="hermetic watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking, and leave no thread behind; the next transaction wakes it again."""
        self.observer.is_guarded = False
        self._ended.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(PATIENCE_S)
        self._thread = None

    def _run(self, ended: threading.Event) -> None:
        limit = self.observer.settings.long_transaction_s
        while not ended.wait(limit / LOOKS):
            try:
                self.look()
            except Exception as error:
                self.observer.failed("watchdog", error)

    def look(self) -> None:
        """Note where the program is, for every transaction that has been idle for most of its time limit."""
        patience = int(self.observer.settings.long_transaction_s * 1e9 / 2)
        now = perf_counter_ns()
        for life in list(self.observer.lives.values()):
            if life.began and not life.busy and now - life.last > patience and life.waits_at is None:
                life.waits_at = whereabouts(life, self.observer.sites)


def whereabouts(life: SessionLife, sites: Sites) -> Site | None:
    """The user's line at which the task or thread is that works with a session; None where it cannot be told."""
    task = life.task() if life.task is not None else None
    if task is not None:
        return waiting_at(task.get_coro(), sites)
    return _in_thread(sys._current_frames().get(life.thread), life, sites)


def _in_thread(frame: FrameType | None, life: SessionLife, sites: Sites) -> Site | None:
    """The innermost user's frame of a thread, if that is still in a function that the session was used or opened in."""
    found: Site | None = None
    known = {site[0] for site in (life.opened, life.began_site, life.last_site) if site is not None}
    while frame is not None:
        if found is None and sites.kind(frame.f_code.co_filename) == PROJECT:
            found = frame.f_code, frame.f_lasti
        if frame.f_code in known:
            return found
        frame = frame.f_back
    return None
