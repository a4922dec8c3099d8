"""The tables of what lives now, and the few steps that are taken at every operation of a session."""

from __future__ import annotations

import asyncio
import random
import sys
import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .._where import Site, Sites
from .collector import Collector
from .lives import Broken, EngineSeen, Held, Query, SessionLife
from .requests import REQUEST, Request
from .settings import Settings
from .tape import Tape

if TYPE_CHECKING:
    from .live import Live

MARK = "_hermetic"
"""The one name under which we keep our own on objects of SQLAlchemy: sessions, connections, states."""

QUERIES = 4096
"""So many queries are remembered, to tell which one brought an instance."""

EXPLAINED = 20
"""So many texts of errors are remembered with what was noted below them."""

BROKEN = 50
"""So many commits that broke off are remembered, the latest."""

# Any: it stands where what is remembered of a session would.
MISSING: Any = object()

# For event loops, and exported for them; the public get_running_loop() raises where none runs, ten times as slow.
running_loop = asyncio.events._get_running_loop
now = time.perf_counter_ns


class Observer:
    """What is known of the watched program's sessions, connections and queries; bounded, and it keeps none of them alive.

    Whoever goes through a table goes through a list of its values: to make a tuple, or the pairs of its items, may collect
    garbage, and with it sessions that are in the table.
    """

    def __init__(
        self, settings: Settings, sites: Sites, collector: Collector, leaked: Callable[[SessionLife], object]
    ) -> None:
        self.settings = settings
        self.leaked = leaked
        self.sites = sites
        self.collector = collector
        self.is_on = True
        self.is_guarded = False
        self.wake: Callable[[], None] = _nothing
        self.beats_on: asyncio.AbstractEventLoop | None = None
        self.beat: Callable[[asyncio.AbstractEventLoop], object] = _nowhere
        self.failures: dict[str, int] = {}
        self.lives: dict[int, SessionLife] = {}
        self.queries: OrderedDict[int, Query] = OrderedDict()
        self.held: dict[int, Held] = {}
        self.engines: dict[int, EngineSeen] = {}
        self.built: OrderedDict[tuple[Site | None, str], int] = OrderedDict()
        self.refs: dict[int, weakref.ref[object]] = {}
        self.writing: dict[int, SessionLife] = {}
        self.explained: deque[tuple[str, str]] = deque(maxlen=EXPLAINED)
        self.broken: deque[Broken] = deque(maxlen=BROKEN)
        self.tapes: tuple[Tape, ...] = ()
        self.live: Live | None = None
        self.later: deque[Callable[[], object]] = deque(maxlen=1000)
        self.ends: list[Callable[[], object]] = []

    def opened(self, session: object, expire_on_commit: bool, site: Site | None) -> SessionLife | None:
        """A session was made, or is met for the first time; None when it is not in the sample."""
        if not self.is_on or (self.settings.sample < 1 and random.random() >= self.settings.sample):
            return None
        life = SessionLife(type(session).__name__, site, expire_on_commit)
        self.lives[life.number] = life
        self.refs[life.number] = weakref.ref(session, partial(self._gone, life.number))
        return life

    def _gone(self, number: int, _ref: object) -> None:
        """A session was collected as garbage; this runs in the middle of anything, so what is to be told waits."""
        try:
            self.refs.pop(number, None)
            life = self.lives.pop(number, None)
            self.writing.pop(number, None)
            if life is not None and life.began and not (life.is_tangled or life.borrowed or sys.is_finalizing()):
                self.later.append(partial(self.leaked, life))
        except Exception as error:
            self.failed("garbage", error)

    def catch_up(self) -> None:
        """Do what could not be done in the middle of a garbage collection."""
        later = self.later
        while later:
            try:
                work = later.popleft()
            except IndexError:
                return
            try:
                work()
            except Exception as error:
                self.failed("garbage", error)

    def end(self) -> None:
        """Tell what is known only when the program, or the watch of it, ends."""
        self.later.extend(self.ends)
        self.catch_up()

    def failed(self, what: str, _error: Exception) -> None:
        """Count a failure of ours outside of every hook."""
        self.failures[what] = self.failures.get(what, 0) + 1

    def remember(self, runid: int, query: Query) -> None:
        """Which query a run belongs to; the oldest is forgotten when there are too many."""
        queries = self.queries
        queries[runid] = query
        if len(queries) > QUERIES:
            queries.popitem(last=False)

    def site_of(self, life: SessionLife) -> Site | None:
        """The user's line of the operation at work: one walk for all that happens in it."""
        if not life.busy:
            return self.sites.here()
        site = life.site
        if site is None:
            site = life.site = self.sites.here(life.frame)
        return site

    def request(self) -> Request | None:
        """The request that the running code works for."""
        return REQUEST.get()

    def clear(self) -> None:
        """Forget everything but the findings."""
        self.is_on = False
        for table in (
            self.lives,
            self.refs,
            self.queries,
            self.held,
            self.engines,
            self.later,
            self.writing,
            self.broken,
            self.explained,
        ):
            table.clear()


def _nothing() -> None:
    """What wakes nobody."""


def _nowhere(_loop: asyncio.AbstractEventLoop) -> None:
    """What beats on no loop."""


def worker(loop: asyncio.AbstractEventLoop | None) -> int:
    """What tells apart two that work at once: the running task, else the thread."""
    if loop is None:
        return threading.get_ident()
    task = asyncio.current_task(loop)
    return threading.get_ident() if task is None else id(task)
