"""What a session is at one moment of its life."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal

from .hashed import Hashed
from .records import Key

Phase = Literal["idle", "in-transaction", "failed", "closed", "unknown"]


@dataclass(frozen=True, slots=True)
class Savepoint:
    """What a transaction or savepoint would undo: the instances inserted, changed and deleted in it."""

    inserted: frozenset[Key] = frozenset()
    changed: frozenset[Key] = frozenset()
    deleted: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class SessionState(Hashed):
    """A session's state; `failed` is a transaction that a failed flush ended and that nobody rolled back yet.

    `uncommitted` tells that flushed or executed writes wait for a commit; `pending`, `dirty`, `deleted` hold the
    instances that the next flush would write, in the order in which they came. `savepoints` holds the transaction and
    the savepoints open inside it, outermost first; `is_reusable` is False under `close_resets_only=False`.
    """

    key: Key
    phase: Phase = "idle"
    expire_on_commit: bool = True
    autoflush: bool = True
    is_async: bool = False
    bound: bool | None = None
    uncommitted: bool = False
    pending: tuple[Key, ...] = ()
    dirty: tuple[Key, ...] = ()
    deleted: tuple[Key, ...] = ()
    commits: int = 0
    is_reusable: bool = True
    savepoints: tuple[Savepoint, ...] = ()

    __hash__ = Hashed.__hash__

    def _told_apart_by(self) -> tuple[Hashable, ...]:
        return self.key, self.phase, self.uncommitted, self.pending, self.dirty, self.deleted, self.savepoints
