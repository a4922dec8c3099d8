"""Every statement that a program sends while somebody listens, for tests to count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .._catalogue import Step
from .._where import Site, Sites

LONGEST = 10_000
"""So many statements are kept on one tape; of later ones only the number is."""

CONTROL = ("SAVEPOINT ", "RELEASE SAVEPOINT ", "ROLLBACK TO SAVEPOINT ")
"""Statements that begin and end part of a transaction, which count as little as BEGIN and COMMIT: a sandbox sends them too."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A statement as it was sent, with placeholders and never its parameters, and the user's line that sent it."""

    sql: str
    at: Step | None


class Tape:
    """The statements sent since it was put in, in their order."""

    __slots__ = ("_kept", "_sites", "count")

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._kept: list[tuple[str, Site | None]] = []
        self.count = 0

    def note(self, sql: str, site: Site | None) -> None:
        """A statement was sent."""
        if sql.startswith(CONTROL):
            return
        self.count += 1
        if len(self._kept) < LONGEST:
            self._kept.append((sql, site))

    def sent(self, start: int = 0) -> Iterator[Sent]:
        """What was sent after the first `start` statements."""
        for sql, site in self._kept[start:]:
            place = self._sites.place(site) if site is not None else None
            yield Sent(sql, Step(place.file, place.line, "", place.source) if place else None)
