"""What goes on in a watched program, measured for whoever looks on: transactions, sessions, and statements by line."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Literal

from .._where import Site, Spot, spot_of
from .lives import SessionLife
from .observer import Observer, now
from .requests import REQUEST

ENDED = 5000
"""So many transactions and sessions that ended wait to be told; of more only the number is."""

STATEMENTS = 200
"""So many different statements of one transaction are told apart."""

Outcome = Literal["", "committed", "rolled back", "closed", "thrown away", "process ended"]
WorkerKind = Literal["request", "task", "thread"]
StatementKey = tuple[Hashable, Spot | None]


@dataclass(slots=True, eq=False)
class Using:
    """A session from its first use to its close, for a worker; times here and below are of `perf_counter_ns`, 0 for never."""

    life: SessionLife
    worker: str
    worker_kind: WorkerKind
    since: int
    closed: int = 0


@dataclass(slots=True, eq=False)
class Transaction:
    """A transaction as it goes on; `idle_ns` is its longest time without a statement, `repeated` counts its statements."""

    using: Using
    number: int
    site: Site | None
    connection: int
    began: int
    ended: int = 0
    outcome: Outcome = ""
    statements: int = 0
    lazy_loads: int = 0
    sql_ns: int = 0
    idle_ns: int = 0
    last: int = 0
    last_key: StatementKey | None = None
    last_site: Site | None = None
    repeated: dict[StatementKey, int] = field(default_factory=dict)

    def idle_until(self, time_ns: int) -> int:
        """The longest time without a statement, were the next one sent at a time."""
        return max(self.idle_ns, time_ns - self.last)


@dataclass(slots=True, eq=False)
class Statement:
    """How often a line sent a statement in a while, and at most in one transaction; `lazy_loads` of them nobody asked for."""

    sql: str
    site: Site | None
    count: int = 0
    lazy_loads: int = 0
    total_ns: int = 0
    most: int = 0


Statements = dict[StatementKey, Statement]


class Live:
    """One for a watched program that somebody looks at; its methods run in the program's threads and wait for nobody.

    What is counted by line is kept for one round and then handed out as a whole. Two threads may lose a count to each other.
    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.wake: Callable[[], object] = _nobody
        self.on_begin: tuple[Callable[[Transaction], object], ...] = ()
        self.on_end: tuple[Callable[[Transaction], object], ...] = ()
        self.on_close: tuple[Callable[[Using], object], ...] = ()
        self.renew()

    def renew(self) -> None:
        """Begin anew: in a forked child nothing is open that its parent opened."""
        self.events = self.dropped = 0
        self.open: dict[int, Transaction] = {}
        self.using: dict[int, Using] = {}
        self.ended: deque[Transaction] = deque()
        self.closed: deque[Using] = deque()
        self.statements: Statements = {}
        self._before: Statements = {}
        self._number = 0

    def began(self, life: SessionLife, connection: int) -> None:
        """A session's transaction began on a connection that left its pool under a number, or 0."""
        time_ns = now()
        self.events += 1
        using = self.using.get(life.number)
        if using is None:
            using = self.using[life.number] = Using(life, *_worker(life), time_ns)
        self._number += 1
        transaction = Transaction(using, self._number, life.began_site, connection, time_ns, last=time_ns)
        self.open[life.number] = transaction
        self.wake()
        for tell in self.on_begin:
            tell(transaction)

    def sent(self, life: SessionLife | None, sql: str, began: int, ended: int) -> None:
        """A statement was sent, by a session or by none."""
        self.events += 1
        site = self.observer.sites.here() if life is None else self.observer.site_of(life)
        key = (sql, spot_of(site))
        statement = self.statements.get(key)
        if statement is None:
            statement = self.statements[key] = Statement(sql, site)
        statement.count += 1
        statement.total_ns += ended - began
        transaction = None if life is None else self.open.get(life.number)
        if transaction is None:
            self.wake()
            return
        transaction.statements += 1
        transaction.sql_ns += ended - began
        transaction.idle_ns = max(transaction.idle_ns, began - transaction.last)
        transaction.last, transaction.last_key, transaction.last_site = ended, key, site
        repeated = transaction.repeated
        times = repeated.get(key, 0) + 1
        if times > 1 or len(repeated) < STATEMENTS:
            repeated[key] = times
        statement.most = max(statement.most, times)

    def lazily(self, life: SessionLife) -> None:
        """The statement that a session sent last was a lazy load."""
        transaction = self.open.get(life.number)
        if transaction is None or transaction.last_key is None:
            return
        transaction.lazy_loads += 1
        statement = self.statements.get(transaction.last_key)
        if statement is not None:
            statement.lazy_loads += 1

    def settled(self, life: SessionLife, outcome: Outcome) -> None:
        """A commit or a rollback decided how a transaction ends."""
        transaction = self.open.get(life.number)
        if transaction is not None:
            transaction.outcome = outcome

    def over(self, number: int, outcome: Outcome) -> None:
        """The transaction of a session is over, as it was settled, or with this outcome."""
        transaction = self.open.pop(number, None)
        if transaction is None:
            return
        self.events += 1
        transaction.ended = now()
        transaction.idle_ns = transaction.idle_until(transaction.ended)
        transaction.outcome = transaction.outcome or outcome
        self._keep(self.ended, transaction)
        for tell in self.on_end:
            tell(transaction)

    def left(self, number: int, outcome: Outcome = "closed") -> None:
        """A session was closed, or thrown away."""
        self.over(number, outcome)
        using = self.using.pop(number, None)
        if using is None:
            return
        self.events += 1
        using.closed = now()
        self._keep(self.closed, using)
        for tell in self.on_close:
            tell(using)

    # The two queues differ in what they hold only.
    def _keep(self, queue: deque[Transaction] | deque[Using], ended: Transaction | Using) -> None:
        if len(queue) >= ENDED:
            self.dropped += 1
        else:
            queue.append(ended)  # type: ignore[arg-type]  # each caller names its own

    def sweep(self) -> None:
        """End what belongs to sessions that were thrown away without a close."""
        alive = self.observer.lives
        for number in list(self.using):
            if number not in alive:
                self.left(number, "thrown away")

    @property
    def has_more(self) -> bool:
        """Whether statements were counted that no round has told yet."""
        return bool(self.statements or self._before)

    def round(self) -> Statements:
        """The statements of the round before the one that ends now, which no thread counts in any more."""
        told, self._before, self.statements = self._before, self.statements, {}
        return told


def _nobody() -> None:
    """Who is woken when nobody sends anything."""


def _worker(life: SessionLife) -> tuple[str, WorkerKind]:
    """Whom a session works for: its request, else the task or thread that uses it."""
    request = life.request or REQUEST.get()
    if request is not None:
        return request.name, "request"
    task = life.works_for()
    if isinstance(task, asyncio.Task):
        return task.get_name(), "task"
    return threading.current_thread().name, "thread"
