"""What a step is, what SQLAlchemy did at it, and what the database tells of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from hermetic._lifecycle.outcome import Outcome
from hermetic._lifecycle.records import AttributeWritten, Expunged, Key, Record, SessionClosed

from .library import MAPPINGS

Step = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Move:
    """One operation: the record for the model, the call for SQLAlchemy, and what to tell the model after it."""

    record: Record
    act: Callable[[], Any]
    told: Callable[[Any], None] | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What SQLAlchemy did."""

    effect: str
    code: str | None = None
    error: str = ""
    result: Any = None

    def told(self) -> str:
        """The effect, or the error by its code where it has one."""
        return self.effect if self.effect != "raises" else f"{self.error} {self.code or ''}".strip()


@dataclass(frozen=True, slots=True)
class Query:
    """Which query a row came with: the relationships that have one of their own, and how deep the row is in it.

    `via` names the classes above the row, None in a query without lasting options.
    """

    path: tuple[str, ...] = ()
    depth: int = 0
    via: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """What a step lost in truth: the instances that waited for a flush, and whether rows were taken back."""

    record: Record | None = None
    unsaved: frozenset[Key] = frozenset()
    is_undone: bool = False

    def differ(self, said: Outcome) -> list[str]:
        """Where the model tells of lost writes otherwise than the database does."""
        says_lost = said.effect == "loses-write"
        if isinstance(self.record, AttributeWritten):
            return ["a write to a detached instance was stored"] if says_lost and self.is_undone else []
        if not isinstance(self.record, (SessionClosed, Expunged)) or said.effect in ("raises", "unknown"):
            return []
        found = []
        if (self.unsaved or self.is_undone) and not says_lost:
            found.append(f"lost without a word: {sorted(map(str, self.unsaved))}, rows undone: {self.is_undone}")
        if not self.unsaved <= set(said.lost):
            found.append(f"lost as well: {sorted(map(str, self.unsaved.difference(said.lost)))}")
        if says_lost and not self.unsaved and said.because in ("pending", "dirty", "deleted"):
            found.append(f"nothing was lost: {said.lost}")
        return found


def stored_in(
    rows: dict[tuple[str, int], tuple[Any, ...]], links: set[tuple[int, int]]
) -> dict[Hashable, dict[str, tuple[Hashable, ...]]]:
    """The identities on the other side of every relationship, by identity and relationship."""
    found: dict[Hashable, dict[str, tuple[Hashable, ...]]] = {
        identity: dict.fromkeys(MAPPINGS[identity[0]].relations, ()) for identity in rows
    }

    def link(one: tuple[str, int], name: str, other: tuple[str, int], back: str) -> None:
        for side, relation, far in ((one, name, other), (other, back, one)):
            if side in found:
                found[side][relation] = (*found[side][relation], far)

    for identity, values in rows.items():
        if identity[0] == "Person" and values[-1] is not None:
            link(identity, "boss", ("Person", values[-1]), "reports")
        if identity[0] == "Book" and values[-1] is not None:
            link(identity, "owner", ("Person", values[-1]), "books")
    for book, tag in links:
        link(("Book", book), "tags", ("Tag", tag), "books")
    return found
