"""What is remembered of each session while it lives: a few numbers, a short ring of events, never the session itself."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from itertools import count
from time import perf_counter_ns, time
from types import FrameType
from typing import Any, NamedTuple

from .._catalogue import Finding
from .._lifecycle.records import Key, Record, SessionOpened, SessionRecord
from .._lifecycle.session import Phase, SessionState
from .._where import Site
from .collector import Tally
from .requests import Request

RING = 48
"""So many events are remembered of a session; a story is told from the latest."""

_numbers = count(1)


class Event(NamedTuple):
    """A record to be: made cheaply where things happen, and into a record only when a story is told; `at` is its time."""

    kind: type[Record]
    site: Site | None
    # Any: the record's own fields, by name.
    fields: dict[str, Any]
    at: int


# Any: a row's class, its primary key and a token, in the types that SQLAlchemy gives them.
RowKey = Any


class Idle(NamedTuple):
    """A long wait of a transaction: where, for how long, on what, and the last run of a query before it ended."""

    site: Site | None
    ns: int
    what: str
    runid: int


class Stale(NamedTuple):
    """What another session changed in a row and committed, while this one holds what the run before read of it."""

    runid: int | None
    attributes: frozenset[str]
    site: Site | None


class Inserted(NamedTuple):
    """A row that a flush stored, with those of its values that are plain and hold on to nothing."""

    key: RowKey
    values: dict[str, object]


class Broken(NamedTuple):
    """A commit that broke off without an answer: its line, who was at work for whom, what it had inserted, and the error.

    Without a task any of the thread will do.
    """

    site: Site | None
    thread: int
    task: weakref.ref[asyncio.Task[object]] | None
    request: Request | None
    inserted: list[Inserted]
    error: str


class Unsaved(NamedTuple):
    """The instances of a session that its next flush would insert, update and delete."""

    pending: tuple[Key, ...] = ()
    dirty: tuple[Key, ...] = ()
    deleted: tuple[Key, ...] = ()


NOTHING = Unsaved()


class SessionLife:
    """One session's life so far; `busy` is the thread or task inside one of its operations, 0 when there is none.

    `borrowed` tells that it works on a connection of somebody else's, whose transaction that is too.

    Times are of `perf_counter_ns`, 0 for never. `wrote` counts flushes and writing statements that no commit followed,
    `failed` tells that an error of the database was met in this transaction. `frame` is that of the operation at work,
    kept no longer than it lasts. `tables` are those in which it has rows that no other session sees yet, at `url`, by the
    connection `wire`; `beside` tells that it was seen at work beside another session. `inserted` are rows that this
    transaction stored, `looked_at` the tables that it asked for, while that matters.
    """

    __slots__ = (
        "__weakref__",
        "autocommits",
        "began",
        "began_site",
        "beside",
        "blocked_at",
        "blocked_ms",
        "blocks",
        "borrowed",
        "busy",
        "closed_site",
        "commits",
        "dialect",
        "expire_on_commit",
        "failed",
        "flushing",
        "frame",
        "inserted",
        "is_async",
        "is_open",
        "is_tangled",
        "kind",
        "last",
        "last_ms",
        "last_site",
        "looked_at",
        "merges",
        "needs_rollback",
        "number",
        "opened",
        "opened_at",
        "overlapped",
        "repeated",
        "request",
        "ring",
        "rows",
        "site",
        "stale",
        "stalls",
        "tables",
        "task",
        "thread",
        "url",
        "waited",
        "waits_at",
        "wire",
        "wrote",
    )  # fmt: skip

    def __init__(self, kind: str, opened: Site | None, expire_on_commit: bool) -> None:
        self.number = next(_numbers)
        self.kind = kind
        self.opened = opened
        self.opened_at = time()
        self.overlapped: Finding | None = None
        self.expire_on_commit = expire_on_commit
        self.is_async = self.failed = self.needs_rollback = self.borrowed = self.autocommits = self.flushing = (
            self.is_open
        ) = False
        self.is_tangled = self.beside = False
        self.wire = 0
        self.url: Hashable = None
        self.tables: set[str] | None = None
        self.waited: Idle | None = None
        self.inserted: list[Inserted] | None = None
        self.looked_at: set[str] | None = None
        self.dialect = ""
        self.busy = self.began = self.last = self.wrote = self.commits = self.thread = 0
        self.last_ms = self.blocked_ms = 0.0
        self.blocks = self.blocked_at = 0
        self.stalls: dict[Site, float] | None = None
        self.task: weakref.ref[asyncio.Task[object]] | None = None
        self.waits_at: Site | None = None
        self.rows: dict[RowKey, frozenset[str]] | None = None
        self.stale: dict[RowKey, Stale] | None = None
        # Any: merges, as SQLAlchemy's room keeps them.
        self.merges: list[Any] | None = None
        self.site: Site | None = None
        self.frame: FrameType | None = None
        self.began_site: Site | None = None
        self.closed_site: Site | None = None
        self.last_site: Site | None = None
        self.request: Request | None = None
        self.repeated: dict[Hashable, int] | None = None
        self.ring: deque[Event] | None = None

    @property
    def key(self) -> Key:
        """The name of this session in records."""
        return f"session {self.number}"

    # Any: the record's own fields, by name.
    def note(self, kind: type[Record], site: Site | None, **fields: Any) -> None:
        """Remember what happened; the oldest is forgotten when there is too much."""
        ring = self.ring
        if ring is None:
            ring = self.ring = deque(maxlen=RING)
        ring.append(Event(kind, site, fields, perf_counter_ns()))

    def begun(self, site: Site | None) -> None:
        """A transaction began."""
        self.began = self.last = perf_counter_ns()
        self.began_site = self.last_site = site
        self.closed_site = None
        self.is_open = True

    def ended(self) -> None:
        """The transaction is over, however it ended."""
        self.began = self.wrote = 0
        self.waits_at = None
        self.rows = self.stale = self.merges = self.tables = None
        self.inserted = self.looked_at = self.waited = None
        self.failed = self.needs_rollback = self.beside = False
        self.repeated = None

    def closed(self) -> None:
        """The session was closed; whoever uses it next begins anew."""
        self.ended()
        self.is_open = False
        self.request = None

    def works_for(self) -> object:
        """The task that the transaction began in; None without an event loop."""
        return None if self.task is None else self.task()

    def opening(self) -> SessionOpened:
        """How this session was opened, as a record."""
        return SessionOpened(
            session=self.key, site=self.opened, expire_on_commit=self.expire_on_commit, is_async=self.is_async
        )

    def history(self, *more: Record) -> list[Record]:
        """What is remembered as records, oldest first; `more` stands right after the opening."""
        return [self.opening(), *more, *(_record(self, event) for event in self.ring or ())]

    def state(self, unsaved: Unsaved = NOTHING) -> SessionState:
        """The session as the lifecycle model would tell it."""
        phase: Phase = "failed" if self.needs_rollback else "in-transaction" if self.began or any(unsaved) else "idle"
        return SessionState(
            self.key,
            phase=phase,
            expire_on_commit=self.expire_on_commit,
            is_async=self.is_async,
            uncommitted=bool(self.wrote),
            commits=self.commits,
            pending=unsaved.pending,
            dirty=unsaved.dirty,
            deleted=unsaved.deleted,
        )


def _record(life: SessionLife, event: Event) -> Record:
    subject = {"session": life.key} if issubclass(event.kind, SessionRecord) else {}
    return event.kind(site=event.site, **subject, **event.fields)


@dataclass(slots=True)
class Lazily:
    """The lazy loads of one attribute at one line, of instances that one query brought; `told` is what they are counted in."""

    times: int = 0
    told: Sequence[Tally] = ()


@dataclass(slots=True)
class Query:
    """A SELECT that brought instances: where it was sent, for which session, and which lazy loads followed from it.

    `is_single` tells that it can bring one row at most, or that whoever asked wants no other.
    """

    site: Site | None
    life: SessionLife | None
    is_flush: bool = False
    is_single: bool = False
    lazily: dict[Hashable, Lazily] = field(default_factory=dict)


@dataclass(slots=True)
class Held:
    """A connection that is out of its pool; `pool` tells which, `life` is the session's that holds it, if one does.

    `fairy` tells when whoever holds it is thrown away; like all the rest it is forgotten when the connection comes back.
    """

    number: int
    pool: Callable[[], object]
    since: int
    site: Site | None = None
    life: SessionLife | None = None
    request: Request | None = None
    fairy: weakref.ref[object] | None = None


class EngineSeen:
    """An engine: what made it and where, its URL without the password, and its pool.

    `connections` are those to a database in memory, each with the thread that used it first; None for other databases.
    """

    __slots__ = ("connections", "is_async", "number", "pool", "since", "site", "url", "what")

    def __init__(self, url: str, pool: str, is_async: bool, site: Site | None, is_in_memory: bool) -> None:
        self.number = next(_numbers)
        self.what = "create_async_engine" if is_async else "create_engine"
        self.url = url
        self.pool = pool
        self.is_async = is_async
        self.site = site
        self.since = time()
        self.connections: dict[int, int] | None = {} if is_in_memory else None
