"""Watches a running program: what happens in its sessions becomes records, and what is wrong with them findings."""

from __future__ import annotations

from .allowed import allow
from .collector import Mark
from .seen import Exporter, Open, Seen
from .settings import Mode, Settings
from .watching import Watch, current, unwatch, watch

__all__ = ["Exporter", "Mark", "Mode", "Open", "Seen", "Settings", "Watch", "allow", "current", "unwatch", "watch"]
