"""One picture of a run, as the page and the terminal draw it: rows of plain values, and each code site once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .._check.source.discover import shown
from .._watch.processes.pulse import ConnectionTold, SessionTold, SiteTold, TransactionTold

Row = list[object]


class ProcessShown(NamedTuple):
    """A process; `ended` is 0 while it goes on, times are seconds of the epoch."""

    number: int
    pid: int
    argv: tuple[str, ...]
    python: str
    sqlalchemy: str
    off: tuple[str, ...]
    since: float
    ended: float


class Rows:
    """The rows of a frame; each begins with the number of its process, and speaks of sites by their index."""

    def __init__(self) -> None:
        self._indexes: dict[SiteTold, int] = {}
        self.ended: list[Row] = []
        self.closed: list[Row] = []
        self.open: list[Row] = []
        self.sessions: list[Row] = []
        self.connections: list[Row] = []
        self.statements: list[Row] = []
        self.slowest: list[Row] = []
        self.idlest: list[Row] = []

    @property
    def sites(self) -> list[SiteTold]:
        """The sites with files as the user names them."""
        return [site._replace(file=_named(site.file)) for site in self._indexes]

    def site(self, site: SiteTold | None) -> int:
        """The index of a site, -1 for none."""
        return -1 if site is None else self._indexes.setdefault(site, len(self._indexes))

    def _at(self, index: int, sites: tuple[SiteTold, ...]) -> int:
        return -1 if index < 0 else self.site(sites[index])

    def transaction(self, process: int, told: TransactionTold, sites: tuple[SiteTold, ...]) -> Row:
        """A transaction, as `TransactionTold` has it."""
        return [process, *told[:-4], *(self._at(index, sites) for index in told[-4:])]

    def session(self, process: int, told: SessionTold, sites: tuple[SiteTold, ...]) -> Row:
        """A session, as `SessionTold` has it."""
        return [process, *told[:-1], self._at(told.opened_at, sites)]

    def connection(self, process: int, told: ConnectionTold, sites: tuple[SiteTold, ...]) -> Row:
        """A connection, as `ConnectionTold` has it."""
        return [process, *told[:-1], self._at(told.taken_at, sites)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What was so at a time; `counts` holds number, count, milliseconds and time of the findings that were seen again.

    A statement is its SQL, site, count, lazy loads, milliseconds and the highest count in one transaction.
    `over` is the program's exit code once it has ended.
    """

    at: float
    rate: float
    processes: list[ProcessShown]
    rows: Rows
    open_count: int
    connection_count: int
    dropped: int
    counts: list[list[float]] = field(default_factory=list)
    over: int | None = None

    def to_json(self) -> str:
        """The frame as one line of JSON."""
        rows = self.rows
        return json.dumps(
            {
                "at": self.at,
                "rate": round(self.rate, 1),
                "processes": self.processes,
                "ended": rows.ended,
                "closed": rows.closed,
                "open": rows.open,
                "sessions": rows.sessions,
                "connections": rows.connections,
                "statements": rows.statements,
                "slowest": rows.slowest,
                "idlest": rows.idlest,
                "openCount": self.open_count,
                "connectionCount": self.connection_count,
                "dropped": self.dropped,
                "counts": self.counts,
                "over": self.over,
                "sites": rows.sites,
            },
            separators=(",", ":"),
        )


def _named(file: str) -> str:
    return file if file.startswith("<") else shown(Path(file))
