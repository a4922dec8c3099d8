"""What a session is at one moment of its life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .records import Key

Phase = Literal["idle", "in-transaction", "failed", "closed", "unknown"]


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session's state; `failed` is a transaction that a failed flush ended and that nobody rolled back yet.

    `uncommitted` tells that flushed or executed writes wait for a commit; `pending`, `dirty`, `deleted` hold the
    instances that the next flush would write, in the order in which they came.
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
