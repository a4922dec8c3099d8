"""Keeps each finding once, with its count, and passes it on to whoever asked for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from itertools import count
from time import time

from .._catalogue import Finding
from .seen import Exporter, Seen

LARGEST = 5000
"""So many different findings are kept; of later ones only the number is."""

Key = Hashable


@dataclass(slots=True)
class Tally:
    """A finding that is being counted."""

    finding: Finding
    count: int = 0
    total_ms: float = 0.0
    first: float = 0.0
    last: float = 0.0
    serial: int = 0
    next_told: int = 1

    def seen(self, count: int | None = None) -> Seen:
        """What is known now, or with the count of a part of the time."""
        return Seen(self.finding, count or self.count, self.total_ms, self.first, self.last, os.getpid())


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in time: how often each finding had been seen."""

    counts: dict[Key, int] = field(repr=False)


class Collector:
    """The findings of one watched program, bounded, and the exporters that hear of them."""

    def __init__(self) -> None:
        self.exporters: list[Exporter] = []
        self.dropped_exporters: dict[str, str] = {}
        self.overflow = 0
        self._tallies: dict[Key, Tally] = {}
        self._serial = count(1)
        # Re-entrant: the collector of garbage may run a callback in the middle of anything.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._tallies)

    def tally(self, key: Key) -> Tally | None:
        """The count of a finding that was seen before."""
        return self._tallies.get(key)

    def keep(self, key: Key, finding: Finding, ms: float = 0.0) -> Tally | None:
        """Count a finding, and tell it when it is new; None when there are too many already."""
        with self._lock:
            tally = self._tallies.get(key)
            if tally is None:
                if len(self._tallies) >= LARGEST:
                    self.overflow += 1
                    return None
                tally = self._tallies[key] = Tally(finding, first=time())
        self.again(tally, ms)
        return tally

    def weigh(self, tally: Tally, finding: Finding) -> None:
        """Tell a finding that was only information so far as what it has turned out to be."""
        with self._lock:
            tally.finding = finding
            seen = tally.seen()
        self.export(seen)

    def again(self, tally: Tally, ms: float = 0.0, times: int = 1) -> None:
        """Count a finding once more; it is told when it is new, and whenever its count has grown tenfold."""
        with self._lock:
            tally.count += times
            tally.total_ms += ms
            tally.last = time()
            tally.serial = next(self._serial)
            if tally.count < tally.next_told:
                return
            tally.next_told = 10 ** len(str(tally.count))
            seen = tally.seen()
        self.export(seen)

    def export(self, seen: Seen) -> None:
        """Hand a finding to every exporter; one that raises is dropped, and why is kept."""
        for exporter in tuple(self.exporters):
            try:
                exporter(seen)
            except Exception as error:
                self.drop(exporter, error)

    def drop(self, exporter: object, error: Exception) -> None:
        """Tell an exporter nothing any more, since it raised."""
        self.exporters = [each for each in self.exporters if each is not exporter]
        name = getattr(exporter, "__qualname__", type(exporter).__qualname__)
        self.dropped_exporters[name] = f"{type(error).__name__}: {error}"

    def findings(self) -> list[Seen]:
        """All findings, in the order in which they were seen first."""
        with self._lock:
            return [tally.seen() for tally in self._tallies.values()]

    def mark(self) -> Mark:
        """This point in time, for `since`."""
        with self._lock:
            return Mark({key: tally.count for key, tally in self._tallies.items()})

    def since(self, mark: Mark) -> Iterator[Seen]:
        """What was seen after a mark, each with its count since then."""
        with self._lock:
            known = list(self._tallies.items())
        for key, tally in known:
            more = tally.count - mark.counts.get(key, 0)
            if more > 0:
                yield tally.seen(more)

    def renew(self) -> None:
        """Begin anew in a forked child: what its parent saw is its parent's, and the lock may be held by a thread of that."""
        self._lock = threading.RLock()
        self.clear()

    def clear(self) -> None:
        """Forget all findings."""
        with self._lock:
            self._tallies.clear()
