"""What `hermetic run` knows of the moment: told by every process in rounds, asked for a frame a few times a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._catalogue import Finding
from .._watch.processes.gathering import Key, Sighted
from .._watch.processes.pulse import (
    ConnectionTold,
    Pulse,
    SessionTold,
    SiteTold,
    StatementTold,
    TransactionTold,
)
from .._watch.processes.wire import Hello, identity
from .._watch.seen import Seen
from .frame import Frame, ProcessShown, Rows
from .tops import Tops

LOOKED_BACK_S = 60.0
"""So long what is over is still shown."""

OPEN, CONNECTIONS, STATEMENTS, TOP = 200, 100, 50, 10
"""So many rows of each kind are shown, those first that matter most; of the others only the number is."""

AT_ONCE = 5000
"""So many transactions that ended between two frames are shown; of more only the number is."""

Who = tuple[int, int]


@dataclass(slots=True)
class Process:
    """A process as it is told; `number` stays its own, where the system gives a pid again."""

    number: int
    hello: Hello
    since: float
    connections: int = 0
    ended: float = 0.0
    events: int = 0
    dropped: int = 0
    sites: tuple[SiteTold, ...] = ()
    open: tuple[TransactionTold, ...] = ()
    sessions: tuple[SessionTold, ...] = ()
    held: tuple[ConnectionTold, ...] = ()
    open_count: int = 0
    held_count: int = 0
    statements: dict[tuple[str, SiteTold | None], StatementTold] = field(default_factory=dict)


@dataclass(slots=True)
class Found:
    """A finding as people are told it, and what each process saw of it so far."""

    number: int
    finding: Finding
    first: float
    source: str
    by_process: dict[Who, Seen] = field(default_factory=dict)


class Facts:
    """One for a run; hears processes in several threads, and keeps a minute of what is over."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._processes: dict[Who, Process] = {}
        self._found: dict[Key, Found] = {}
        self._counted: set[Key] = set()
        self._ended: deque[tuple[Process, TransactionTold, tuple[SiteTold, ...]]] = deque()
        self._closed: deque[tuple[Process, SessionTold]] = deque()
        self._tops: Tops[tuple[Process, TransactionTold, tuple[SiteTold, ...]]] = Tops(LOOKED_BACK_S, TOP)
        self._events: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._dropped = 0
        self.over: int | None = None

    def began(self, hello: Hello) -> None:
        """A process says hello."""
        who = (hello.pid, hello.started_ns)
        with self._lock:
            process = self._processes.get(who)
            if process is None:
                process = self._processes[who] = Process(len(self._processes) + 1, hello, self._clock())
            process.hello, process.ended = hello, 0.0
            process.connections += 1

    def changed(self, hello: Hello) -> None:
        """A process tells anew what it is."""
        with self._lock:
            self._processes[hello.pid, hello.started_ns].hello = hello

    def saw(self, hello: Hello, seen: Seen) -> None:
        """A process tells how often it has seen a finding by now."""
        key = identity(seen.finding)
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                found.by_process[hello.pid, hello.started_ns] = seen
                self._counted.add(key)

    def pulsed(self, hello: Hello, pulse: Pulse) -> None:
        """A process tells what goes on in it."""
        with self._lock:
            process = self._processes[hello.pid, hello.started_ns]
            process.events, process.dropped = pulse.events, pulse.dropped
            for ended in pulse.ended:
                self._keep(process, ended, pulse.sites)
            self._closed.extend((process, closed) for closed in pulse.closed)
            if not pulse.is_last:
                return
            process.sites, process.open, process.sessions = pulse.sites, pulse.open, pulse.sessions
            process.held, process.open_count, process.held_count = (
                pulse.connections,
                pulse.open_count,
                pulse.connection_count,
            )
            for told in pulse.statements:
                site = pulse.sites[told.at] if told.at >= 0 else None
                process.statements[told.sql, site] = told

    def left(self, hello: Hello) -> None:
        """A process hung up, or was killed: what was open in it is over."""
        with self._lock:
            process = self._processes[hello.pid, hello.started_ns]
            process.connections -= 1
            if process.connections:
                return
            process.ended = now = self._clock()
            for told in process.open:
                self._keep(process, told._replace(ended=now, outcome="process ended"), process.sites)
            self._closed.extend((process, told._replace(closed=now)) for told in process.sessions)
            process.open = process.sessions = ()
            process.held = ()
            process.open_count = process.held_count = 0

    def found(self, sighted: Sighted, finding: Finding, source: str) -> None:
        """A finding is told to people, as they read it."""
        key = identity(sighted.finding)
        with self._lock:
            known = self._found.get(key)
            if known is None:
                self._found[key] = Found(len(self._found) + 1, finding, sighted.first, source)
            else:
                known.finding = finding

    def _keep(self, process: Process, told: TransactionTold, sites: tuple[SiteTold, ...]) -> None:
        self._tops.add(told.ended - told.began, told.idle_ms, (process, told, sites), told.ended)
        if len(self._ended) >= AT_ONCE:
            self._dropped += 1
        else:
            self._ended.append((process, told, sites))

    def frame(self) -> Frame:
        """What is so now, and what has ended since the frame before."""
        with self._lock:
            now = self._clock()
            rows = Rows()
            shown = [each for each in self._processes.values() if not each.ended or now - each.ended < LOOKED_BACK_S]
            for process, told, sites in self._ended:
                rows.ended.append(rows.transaction(process.number, told, sites))
            for process, used in self._closed:
                rows.closed.append([process.number, used.session, used.used, used.closed])
            self._ended.clear()
            self._closed.clear()
            self._open(shown, rows)
            self._statements(shown, rows)
            for target, tops in ((rows.slowest, self._tops.slowest(now)), (rows.idlest, self._tops.idlest(now))):
                target += [rows.transaction(process.number, told, sites) for process, told, sites in tops]
            return Frame(
                at=now,
                rate=self._rate(now),
                processes=[_shown(each) for each in shown],
                rows=rows,
                open_count=sum(each.open_count for each in shown),
                connection_count=sum(each.held_count for each in shown),
                dropped=self._dropped + sum(each.dropped for each in shown),
                counts=self._counts(),
                over=self.over,
            )

    def findings(self, after: int = 0) -> list[dict[str, Any]]:
        """Those with a higher number, as JSON has them; Any: JSON values."""
        with self._lock:
            return [_told(each) for each in list(self._found.values())[after:]]

    def _open(self, shown: list[Process], rows: Rows) -> None:
        open_now = [(each, told) for each in shown for told in each.open]
        held = [(each, told) for each in shown for told in each.held]
        idle = [(each, told) for each in shown for told in each.sessions]
        for process, told in sorted(open_now, key=lambda pair: pair[1].began)[:OPEN]:
            rows.open.append(rows.transaction(process.number, told, process.sites))
        for process, taken in sorted(held, key=lambda pair: pair[1].since)[:CONNECTIONS]:
            rows.connections.append(rows.connection(process.number, taken, process.sites))
        for process, used in sorted(idle, key=lambda pair: pair[1].used)[:OPEN]:
            rows.sessions.append(rows.session(process.number, used, process.sites))

    def _statements(self, shown: list[Process], rows: Rows) -> None:
        """Those of all processes together that cost the most; lazy loads of several rows come first."""
        summed: dict[tuple[str, SiteTold | None], list[float]] = {}
        for process in shown:
            for key, told in process.statements.items():
                sums = summed.setdefault(key, [0, 0, 0.0, 0])
                sums[0] += told.times
                sums[1] += told.lazy_loads
                sums[2] += told.total_ms
                sums[3] = max(sums[3], told.most)
        worst = sorted(summed.items(), key=lambda pair: (pair[1][1] > 1 and pair[1][3] > 1, pair[1][2]), reverse=True)
        for (sql, site), sums in worst[:STATEMENTS]:
            rows.statements.append([sql, rows.site(site), *sums])

    def _rate(self, now: float) -> float:
        """Events a second, over the last few."""
        events = self._events
        events.append((now, sum(each.events for each in self._processes.values())))
        while len(events) > 2 and now - events[0][0] > RATED_S:
            events.popleft()
        (since, before), (until, total) = events[0], events[-1]
        return (total - before) / (until - since) if until > since else 0.0

    def _counts(self) -> list[list[float]]:
        counts = []
        for key in self._counted:
            found = self._found[key]
            counts.append([found.number, *_sum(found.by_process)])
        self._counted.clear()
        return counts


RATED_S = 3.0
"""The rate is that of so many seconds."""


def _shown(process: Process) -> ProcessShown:
    hello = process.hello
    return ProcessShown(
        process.number, hello.pid, hello.argv, hello.python, hello.sqlalchemy, hello.off, process.since, process.ended
    )


def _sum(by_process: Mapping[Who, Seen]) -> tuple[int, float, float]:
    seen = by_process.values()
    return sum(each.count for each in seen), sum(each.total_ms for each in seen), max(each.last for each in seen)


# Any: JSON values.
def _told(found: Found) -> dict[str, Any]:
    finding = found.finding
    count, total_ms, last = _sum(found.by_process) if found.by_process else (1, 0.0, found.first)
    return {
        "number": found.number,
        "slug": finding.slug,
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": finding.line,
        "function": finding.function,
        "message": finding.message,
        "source": found.source,
        "story": [
            {"file": each.file, "line": each.line, "text": each.text, "source": each.source} for each in finding.story
        ],
        "fix": finding.fix,
        "first": found.first,
        "count": count,
        "total_ms": total_ms,
        "last": last,
    }
