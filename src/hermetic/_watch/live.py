"""What goes on in a watched program, measured for whoever looks on: transactions, sessions, and statements by line."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar, runtime_checkable

from .._where import Site, Sites, Spot, spot_of
from .lives import SessionLife
from .observer import Observer, now
from .requests import REQUEST

ENDED = 5000
"""So many transactions and sessions that ended wait to be told; of more only the number is."""

STATEMENTS = 200
"""So many different statements of one transaction are told apart."""

Outcome = Literal["", "committed", "rolled back", "closed", "thrown away", "process ended"]
WorkerKind = Literal["request", "task", "thread"]
StatementKey = tuple[str, Spot | None]


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

    @property
    def seconds(self) -> float:
        """How long it was open, once it is over."""
        return (self.ended - self.began) / 1e9

    @property
    def idle_s(self) -> float:
        """The longest time without a statement, in seconds."""
        return self.idle_ns / 1e9

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

Told = TypeVar("Told", Transaction, Using)


class Watched(Protocol):
    """A program that is watched, as its followers may ask of it; `counts` are by hazard and severity."""

    @property
    def sites(self) -> Sites: ...
    def connections_held(self) -> int: ...
    def counts(self) -> dict[tuple[str, str], int]: ...


@runtime_checkable
class Follower(Protocol):
    """An exporter that hears of transactions and sessions, too: in the program's own threads, which wait for it."""

    def watching(self, watch: Watched) -> None:
        """It is subscribed to a watch."""

    def began(self, transaction: Transaction) -> None:
        """A transaction began."""

    def ended(self, transaction: Transaction) -> None:
        """It is over."""

    def closed(self, using: Using) -> None:
        """A session was closed, after its last transaction."""


SWEPT = 256
"""After so many transactions it is looked for sessions that were thrown away."""


class Live:
    """One for a watched program that somebody looks at; its methods run in the program's threads and wait for nobody.

    What is to be told in rounds is kept only where somebody takes it (`is_told`): what is counted by line for one round, and
    then handed out as a whole. Two threads may lose a count to each other.
    """

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        self.wake: Callable[[], object] = _nobody
        self.is_told = False
        self.followers: tuple[Follower, ...] = ()
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
        for follower in self.followers:
            self._tell(follower, follower.began, transaction)
        if self._number % SWEPT == 0:
            self.sweep()

    def _tell(self, follower: Follower, verb: Callable[[Told], object], told: Told) -> None:
        """Tell a follower something; one that raises is dropped, and why is kept."""
        try:
            verb(told)
        except Exception as error:
            self.followers = tuple(each for each in self.followers if each is not follower)
            self.observer.collector.drop(follower, error)

    def sent(self, life: SessionLife | None, sql: str, began: int, ended: int) -> None:
        """A statement was sent, by a session or by none."""
        self.events += 1
        site = self.observer.sites.here() if life is None else self.observer.site_of(life)
        key = (sql, spot_of(site))
        statement = self._counted(key, site, ended - began) if self.is_told else None
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
        if statement is not None:
            statement.most = max(statement.most, times)

    def _counted(self, key: StatementKey, site: Site | None, ns: int) -> Statement:
        statement = self.statements.get(key)
        if statement is None:
            statement = self.statements[key] = Statement(key[0], site)
        statement.count += 1
        statement.total_ns += ns
        return statement

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
        for follower in self.followers:
            self._tell(follower, follower.ended, transaction)

    def left(self, number: int, outcome: Outcome = "closed") -> None:
        """A session was closed, or thrown away."""
        self.over(number, outcome)
        using = self.using.pop(number, None)
        if using is None:
            return
        self.events += 1
        using.closed = now()
        self._keep(self.closed, using)
        for follower in self.followers:
            self._tell(follower, follower.closed, using)

    # The two queues differ in what they hold only.
    def _keep(self, queue: deque[Transaction] | deque[Using], ended: Transaction | Using) -> None:
        if not self.is_told:
            return
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
