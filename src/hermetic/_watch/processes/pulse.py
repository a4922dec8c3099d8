"""What goes on in a process, as it is told to `hermetic run` in rounds: no values of anybody's, and each code site once."""

from __future__ import annotations

import asyncio
import os
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from time import time
from typing import Any, NamedTuple, TypeVar

from ..._where import Site, Spot, spot_of, waiting_at
from ..live import Live, Statement, Statements, Transaction, Using
from ..lives import Held
from ..observer import now

AT_ONCE = 1000
"""So many transactions or sessions are told in one line."""

LARGEST = 200
"""So many of what is open are told, the oldest first, and so many statements are told apart, the latest."""

LONGEST_SQL, LONGEST_LINE = 2000, 200
"""Characters of a statement and of a line of code that are told."""

_TEXT = re.compile(r"'(?:[^']|'')*'")
_NUMBER = re.compile(r"(?:(?<![\w$:%.])|(?<=\bsa_savepoint_))\d+(?:\.\d+)?(?!\w)")
_LIST = re.compile(r"\((?P<one>\?|%s|%\(\w+\)s|:\w+|\$\d+(?:::\w+)?)(?:, (?:\?|%s|%\(\w+\)s|:\w+|\$\d+(?:::\w+)?))+\)")
_SPACES = re.compile(r"\s+")


class SiteTold(NamedTuple):
    """A line of the user's code: its file, by a whole path, its function, and what stands there."""

    file: str
    line: int
    function: str
    source: str


class TransactionTold(NamedTuple):
    """A transaction; times are seconds of the epoch, `ended` is 0 while it is open.

    Sites are indexes into the sites of the pulse, -1 where there is none: where the session was opened and the transaction
    began, who sent its last statement, and where its task waits now. `connection` tells connections apart that are held.
    """

    number: int
    session: int
    kind: str
    worker: str
    worker_kind: str
    used: float
    began: float
    ended: float
    outcome: str
    statements: int
    lazy_loads: int
    sql_ms: float
    idle_ms: float
    connection: int
    opened_at: int
    began_at: int
    last_at: int
    waits_at: int


class SessionTold(NamedTuple):
    """A session since its first use, or the first after it was closed; `closed` is 0 while it is open."""

    session: int
    kind: str
    worker: str
    worker_kind: str
    used: float
    closed: float
    opened_at: int


class ConnectionTold(NamedTuple):
    """A connection that is out of its pool since a time, taken at a site; `session` is 0 where none took it."""

    number: int
    session: int
    worker: str
    since: float
    taken_at: int


class StatementTold(NamedTuple):
    """How often a line of this process sent a statement so far; `most` is the highest count within one transaction."""

    sql: str
    at: int
    times: int
    lazy_loads: int
    total_ms: float
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """One round of a process: what ended in it, and what is open at its end; `events` and `dropped` count since the beginning.

    Where much has ended there are several, and only the last tells what is open.
    """

    at: float
    events: int
    dropped: int
    sites: tuple[SiteTold, ...] = ()
    ended: tuple[TransactionTold, ...] = ()
    closed: tuple[SessionTold, ...] = ()
    open: tuple[TransactionTold, ...] = ()
    sessions: tuple[SessionTold, ...] = ()
    connections: tuple[ConnectionTold, ...] = ()
    statements: tuple[StatementTold, ...] = ()
    open_count: int = 0
    connection_count: int = 0
    is_last: bool = True


def pulse_of(told: Mapping[str, Any]) -> Pulse:
    """The pulse in a JSON object. Raises KeyError or TypeError for what is none. Any: JSON values."""
    rows: dict[str, type[Any]] = {
        "sites": SiteTold, "ended": TransactionTold, "closed": SessionTold, "open": TransactionTold,
        "sessions": SessionTold, "connections": ConnectionTold, "statements": StatementTold,
    }  # fmt: skip
    plain: dict[str, Any] = {each.name: told[each.name] for each in fields(Pulse)}
    plain |= {name: tuple(kind(*row) for row in told[name]) for name, kind in rows.items()}
    return Pulse(**plain)


class Pulses:
    """Makes the pulses of this process, in the thread that sends them; `base` is the folder from which it names its files."""

    def __init__(self, live: Live, base: str) -> None:
        self._observer = live.observer
        self._live = live
        self._base = base
        self._clock = Clock()
        live.is_told = True
        self.renew()

    def renew(self) -> None:
        """Begin anew, in a forked child."""
        self._counted: OrderedDict[tuple[str, SiteTold | None], Counted] = OrderedDict()
        self._changed: set[tuple[str, SiteTold | None]] = set()
        self._events = -1
        self._was_open = False

    @property
    def has_more(self) -> bool:
        """Whether statements were counted that are not told yet."""
        return self._live.has_more

    def again(self) -> None:
        """Tell all statements once more: nobody knows what has arrived."""
        self._changed |= self._counted.keys()

    def taken(self) -> Iterator[Pulse]:
        """What is new since the last time; nothing where nothing happens and nothing is open."""
        live = self._live
        live.sweep()
        self._count(live.round())
        open_now = bool(live.using or self._observer.held)
        if live.events == self._events and not (open_now or self._was_open or self._changed):
            return
        self._events, self._was_open = live.events, open_now
        while len(live.ended) > AT_ONCE or len(live.closed) > AT_ONCE:
            yield self._pulse(is_last=False)
        yield self._pulse(is_last=True)

    def _count(self, statements: Statements) -> None:
        """Add what was counted in a round, by the words and lines that are told."""
        for statement in statements.values():
            key = (without_values(statement.sql), self._site(statement.site))
            counted = self._counted.pop(key, None) or Counted()
            self._counted[key] = counted
            counted.add(statement)
            self._changed.add(key)
        while len(self._counted) > LARGEST:
            self._changed.discard(self._counted.popitem(last=False)[0])

    def _pulse(self, *, is_last: bool) -> Pulse:
        live, table, clock = self._live, Table(self._site), self._clock
        at = clock.epoch(now())
        ended = tuple(table.transaction(each, clock) for each in _taken(live.ended))
        closed = tuple(table.session(each, clock) for each in _taken(live.closed))
        if not is_last:
            return Pulse(
                at=at,
                events=live.events,
                dropped=live.dropped,
                sites=table.sites,
                ended=ended,
                closed=closed,
                is_last=False,
            )
        transactions, held = list(live.open.values()), list(self._observer.held.values())
        transactions.sort(key=lambda each: each.began)
        held.sort(key=lambda each: each.since)
        working = {each.using.life.number for each in transactions}
        idle = [each for each in list(live.using.values()) if each.life.number not in working]
        told = Pulse(
            at=at,
            events=live.events,
            dropped=live.dropped,
            ended=ended,
            closed=closed,
            open=tuple(table.transaction(each, clock, self._waits(each)) for each in transactions[:LARGEST]),
            sessions=tuple(table.session(each, clock) for each in idle[:LARGEST]),
            connections=tuple(table.connection(each, clock) for each in held[:LARGEST]),
            statements=tuple(self._told(key, table) for key in self._changed),
            open_count=len(transactions),
            connection_count=len(held),
        )
        self._changed = set()
        return replace(told, sites=table.sites)

    def _told(self, key: tuple[str, SiteTold | None], table: Table) -> StatementTold:
        sql, site = key
        counted = self._counted[key]
        ms = round(counted.total_ns / 1e6, 3)
        return StatementTold(sql, table.index(site), counted.count, counted.lazy_loads, ms, counted.most)

    def _waits(self, transaction: Transaction) -> Site | None:
        """Where the task of a transaction waits, when that is idle."""
        life = transaction.using.life
        if life.busy:
            return None
        task = life.works_for()
        if isinstance(task, asyncio.Task):
            return None if task.done() else waiting_at(task.get_coro(), self._observer.sites)
        return life.waits_at

    def _site(self, site: Site | None) -> SiteTold | None:
        if site is None:
            return None
        place = self._observer.sites.place(site)
        file = place.file if place.file.startswith("<") else os.path.join(self._base, place.file)
        return SiteTold(file, place.line, place.function, place.source[:LONGEST_LINE])


@dataclass(slots=True)
class Counted:
    """What was counted of a statement so far."""

    count: int = 0
    lazy_loads: int = 0
    total_ns: int = 0
    most: int = 0

    def add(self, statement: Statement) -> None:
        """Add what was counted in a round."""
        self.count += statement.count
        self.lazy_loads += statement.lazy_loads
        self.total_ns += statement.total_ns
        self.most = max(self.most, statement.most)


class Clock:
    """The seconds of the epoch for what was measured in nanoseconds of this process; one time is always told alike."""

    def __init__(self) -> None:
        self._began, self._began_ns = time(), now()

    def epoch(self, ns: int) -> float:
        """A time in seconds of the epoch; 0 stays 0."""
        return round(self._began + (ns - self._began_ns) / 1e9, 4) if ns else 0.0


class Table:
    """The sites of one pulse, each once, and what speaks of them."""

    def __init__(self, site_of: Callable[[Site | None], SiteTold | None]) -> None:
        self._site_of = site_of
        self._indexes: dict[SiteTold, int] = {}
        self._by_spot: dict[Spot, int] = {}

    @property
    def sites(self) -> tuple[SiteTold, ...]:
        return tuple(self._indexes)

    def index(self, site: SiteTold | None) -> int:
        """The number of a site in this pulse."""
        return -1 if site is None else self._indexes.setdefault(site, len(self._indexes))

    def of(self, site: Site | None) -> int:
        """The number of a site, which is formatted when it is met first."""
        spot = spot_of(site)
        if spot is None:
            return -1
        known = self._by_spot.get(spot)
        if known is None:
            known = self._by_spot[spot] = self.index(self._site_of(site))
        return known

    def transaction(self, told: Transaction, clock: Clock, waits: Site | None = None) -> TransactionTold:
        """A transaction, open or over."""
        using = told.using
        life = using.life
        return TransactionTold(
            number=told.number,
            session=life.number,
            kind=life.kind,
            worker=using.worker,
            worker_kind=using.worker_kind,
            used=clock.epoch(using.since),
            began=clock.epoch(told.began),
            ended=clock.epoch(told.ended),
            outcome=told.outcome if told.ended else "",
            statements=told.statements,
            lazy_loads=told.lazy_loads,
            sql_ms=round(told.sql_ns / 1e6, 3),
            idle_ms=round((told.idle_ns if told.ended or life.busy else told.idle_until(now())) / 1e6, 3),
            connection=told.connection,
            opened_at=self.of(life.opened),
            began_at=self.of(told.site),
            last_at=self.of(told.last_site),
            waits_at=self.of(waits),
        )

    def session(self, told: Using, clock: Clock) -> SessionTold:
        """A session, in use or closed."""
        life = told.life
        return SessionTold(
            life.number, life.kind, told.worker, told.worker_kind, clock.epoch(told.since), clock.epoch(told.closed),
            self.of(life.opened),
        )  # fmt: skip

    def connection(self, held: Held, clock: Clock) -> ConnectionTold:
        """A connection that is out of its pool."""
        life, request = held.life, held.request
        return ConnectionTold(
            held.number,
            0 if life is None else life.number,
            "" if request is None else request.name,
            clock.epoch(held.since),
            self.of(held.site),
        )


Ended = TypeVar("Ended", Transaction, Using)


def _taken(queue: deque[Ended]) -> Iterator[Ended]:
    """The first of a queue that other threads add to."""
    for _ in range(min(len(queue), AT_ONCE)):
        yield queue.popleft()


@lru_cache(maxsize=1000)
def without_values(sql: str) -> str:
    """A statement as it is told: on one line, without what may be a value in it, and with lists of placeholders cut short."""
    text = _LIST.sub(r"(\g<one>, …)", _NUMBER.sub("#", _TEXT.sub("'…'", _SPACES.sub(" ", sql.strip()))))
    return text if len(text) <= LONGEST_SQL else f"{text[: LONGEST_SQL - 1]}…"
