"""Where engines are made, which connections their pools give out, and who waits for one in vain."""

from __future__ import annotations

import inspect
import sys
import threading
import weakref
from functools import partial, wraps
from time import perf_counter_ns
from types import FrameType
from typing import Any

from sqlalchemy.engine import URL, Connection, Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry, Pool, PoolProxiedConnection, SingletonThreadPool, StaticPool

from ..lives import EngineSeen, Held
from ..notes import add, note_of
from ..observer import MARK
from ..points import Wrapped
from ..requests import REQUEST
from .events import listen
from .hooks import Hooks, Means

BUILT_AGAIN = {True: 2, False: 3}
"""So many engines of one line, none of them disposed, are too many: within requests, and elsewhere."""

SHARING = (SingletonThreadPool, StaticPool)
"""The pools that give one connection to all of a thread or program: who dropped it cannot be told, and it is not missed."""

HIGHEST = 20
"""So many frames above the pool are looked at for the session that takes a connection."""

CONNECTS = getattr(inspect.unwrap(getattr(SessionTransaction, "_connection_for_bind", int)), "__code__", None)
"""The code in which a session takes a connection; without it the line of each would be looked for twice."""

SITES = 500
"""So many lines that make engines are remembered."""


class EngineHooks(Hooks):
    """The wrappers of Engine and Pool, and the listeners to what the pool gives and takes back."""

    def __init__(self, means: Means) -> None:
        super().__init__(means)
        self.by_pool: weakref.WeakKeyDictionary[Pool, EngineSeen] = weakref.WeakKeyDictionary()
        self._numbers = iter(range(1, 1 << 62))

    def install(self) -> None:
        """Put them on."""
        self.points.wrap(Engine, "__init__", ENGINE, self.making)
        self.points.wrap(Engine, "dispose", "self close", self.disposing)
        self.points.wrap(Pool, "connect", "self", self.connecting)
        listen(self.points, Pool, "checkout", self.taken)
        listen(self.points, Pool, "checkin", self.returned)
        listen(self.points, Pool, "detach", self.returned)

    def making(self, original: Wrapped) -> Wrapped:
        made, failed = self.made, self.points.failed

        @wraps(original)
        # Any: whatever an Engine takes; create_engine() reads the names of these arguments.
        def __init__(
            self: Engine, pool: Any, dialect: Any, url: Any, logging_name: Any = None, echo: Any = None,
            query_cache_size: Any = 500, execution_options: Any = None, hide_parameters: Any = False,
        ) -> None:  # fmt: skip
            original(self, pool, dialect, url, logging_name, echo, query_cache_size, execution_options, hide_parameters)
            try:
                made(self)
            except Exception as error:
                failed("Engine.__init__", error)

        return __init__

    def made(self, engine: Engine) -> None:
        """An engine was made: remember it, and tell when its line makes one again and again."""
        observer = self.observer
        if not observer.is_on or not isinstance(engine.url, URL):
            # The mock of a test that replaces the database has no URL, and no pool that could run dry.
            return
        seen = EngineSeen(
            engine.url.render_as_string(hide_password=True),
            type(engine.pool).__name__,
            engine.dialect.is_async,
            observer.sites.here(),
            is_in_memory(engine.url),
        )
        self.by_pool[engine.pool] = seen
        observer.engines[seen.number] = seen
        weakref.finalize(engine, observer.engines.pop, seen.number, None)
        key = (seen.site, seen.url)
        times = observer.built[key] = observer.built.pop(key, 0) + 1
        if len(observer.built) > SITES:
            observer.built.popitem(last=False)
        is_served = observer.request() is not None
        if seen.site is None or seen.site[0].co_name == "<module>" or times < BUILT_AGAIN[is_served]:
            return
        if is_served or not self.judge.is_under_test():
            self.judge.built_again(seen, is_served)

    def disposing(self, original: Wrapped) -> Wrapped:
        @wraps(original)
        def dispose(self: Engine, close: bool = True) -> None:
            seen = by_pool.get(self.pool)
            original(self, close)
            if seen is not None:
                guard("Engine.dispose", disposed, seen, self)

        guard, disposed, by_pool = self.points.guard, self.disposed, self.by_pool
        return dispose

    def disposed(self, seen: EngineSeen, engine: Engine) -> None:
        """Whoever disposes of an engine may make another one; this one goes on with a new pool."""
        self.observer.built.pop((seen.site, seen.url), None)
        self.by_pool[engine.pool] = seen

    def connecting(self, original: Wrapped) -> Wrapped:
        guard, exhausted = self.points.guard, self.exhausted

        @wraps(original)
        def connect(self: Pool) -> PoolProxiedConnection:
            try:
                connection: PoolProxiedConnection = original(self)
            except PoolTimeout as error:
                guard("Pool.connect", exhausted, self, error)
                raise
            return connection

        return connect

    def exhausted(self, pool: Pool, error: Exception) -> None:
        """Tell who holds the connections of a pool that has none left."""
        held = sorted((each for each in list(self.observer.held.values()) if each.pool() is pool), key=_since)
        told = self.judge.exhausted(self.observer.sites.here(), held, perf_counter_ns())
        if told:
            add(error, note_of(told[0].finding))

    def taken(self, connection: object, record: ConnectionPoolEntry, fairy: PoolProxiedConnection) -> None:
        """A connection left its pool."""
        pool = getattr(fairy, "_pool", None)
        if not self.observer.is_on or pool is None:
            return
        held = Held(next(self._numbers), weakref.ref(pool), perf_counter_ns(), request=REQUEST.get())
        if not is_for_session(sys._getframe(1)):
            held.site = self.observer.sites.here()
            if not isinstance(pool, SHARING):
                held.fairy = weakref.ref(fairy, partial(self.dropped, held.number))
        before = vars(record).get(MARK)
        if isinstance(before, Held):
            # A StaticPool gives its one connection to several at a time; the latest counts.
            self.observer.held.pop(before.number, None)
        vars(record)[MARK] = held
        self.observer.held[held.number] = held
        seen = self.by_pool.get(pool)
        if seen is not None and seen.connections is not None:
            self.reached(seen, seen.connections, id(connection))

    def dropped(self, number: int, _ref: object) -> None:
        """A connection that no session took was thrown away while it was out; in the middle of anything, so it waits."""
        held = self.observer.held.pop(number, None)
        if held is not None and held.life is None and held.site is not None and not sys.is_finalizing():
            self.observer.later.append(partial(self.judge.dropped, held.site))

    def reached(self, seen: EngineSeen, connections: dict[int, int], connection: int) -> None:
        """A second connection, from another thread, to a database in memory is one to a second database."""
        connections.setdefault(connection, threading.get_ident())
        if len(connections) > 1 and len(set(connections.values())) > 1:
            self.judge.split(seen)
            seen.connections = None

    def returned(self, _connection: object, record: ConnectionPoolEntry | None) -> None:
        """A connection came back, or was let go of."""
        held = vars(record).pop(MARK, None) if record is not None else None
        if isinstance(held, Held):
            self.observer.held.pop(held.number, None)


def is_for_session(frame: FrameType | None) -> bool:
    """Whether a session takes the connection that is being given out above a frame; it tells itself who it is."""
    for _ in range(HIGHEST):
        if frame is None:
            break
        if frame.f_code is CONNECTS:
            return True
        frame = frame.f_back
    return False


def wire_of(connection: Connection) -> tuple[int, Held | None]:
    """What tells the pooled connection behind a connection from others as long as it is out, and what is remembered of it.

    `Connection.info` is the user's, and stays as it is.
    """
    record = getattr(connection._dbapi_connection, "_connection_record", None)
    held = None if record is None else vars(record).get(MARK)
    return id(record), held if isinstance(held, Held) else None


def _since(held: Held) -> int:
    return held.since


def is_in_memory(url: URL) -> bool:
    """Whether a URL is of an SQLite database in memory, one for each connection."""
    if url.get_backend_name() != "sqlite" or url.query.get("cache") == "shared":
        return False
    return url.database in {None, "", ":memory:"} or url.query.get("mode") == "memory"


ENGINE = "self pool dialect url logging_name echo query_cache_size execution_options hide_parameters"
