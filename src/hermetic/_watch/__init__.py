"""Watches a running program: what happens in its sessions becomes records, and what is wrong with them findings."""

from __future__ import annotations

from .allowed import allow
from .collector import Mark
from .live import Follower, Transaction, Using, Watched
from .seen import Exporter, Open, Seen
from .settings import Mode, Settings
from .tape import Sent, Tape
from .watching import Watch, current, explain, explain_no_more, unwatch, watch

__all__ = [
    "Exporter",
    "Follower",
    "Mark",
    "Mode",
    "Open",
    "Seen",
    "Sent",
    "Settings",
    "Tape",
    "Transaction",
    "Using",
    "Watch",
    "Watched",
    "allow",
    "current",
    "explain",
    "explain_no_more",
    "unwatch",
    "watch",
]
