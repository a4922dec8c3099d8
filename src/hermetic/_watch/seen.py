"""What watching tells of a hazard: the finding, and how often and when it was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .._catalogue import Finding, Step


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding with its count; `total_ms` is the time that it took in all, `first` and `last` are seconds of the epoch."""

    finding: Finding
    count: int = 1
    total_ms: float = 0.0
    first: float = 0.0
    last: float = 0.0
    pid: int = 0


Exporter = Callable[[Seen], object]
"""Is given each finding when it is seen first, and again whenever its count has grown tenfold."""

OpenKind = Literal["session", "transaction", "connection", "engine"]


@dataclass(frozen=True, slots=True)
class Open:
    """Something that is open now: what it is, where it was opened, since when (seconds of the epoch), and for whom.

    `what` is the name of its class, `request` names the request that it works for, or "". `number` tells two apart.
    `task` names the asyncio task that began its transaction and is not done, or "", and `waits` is where that waits.
    """

    kind: OpenKind
    what: str
    number: int
    since: float
    opened: Step | None = None
    request: str = ""
    task: str = ""
    waits: Step | None = None
