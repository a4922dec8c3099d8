"""What scopes hand out and raise beside the verbs; `Database` and `AsyncDatabase` are in `hermetic` itself."""

from __future__ import annotations

from ._scopes.aio import AsyncDatabase
from ._scopes.errors import PoolTimeout, Unloaded
from ._scopes.home import Health
from ._scopes.once import once_table
from ._scopes.outbox import AsyncOutbox, Message, Outbox, Terms, outbox_table
from ._scopes.sessions import AsyncScopeSession, ScopeSession
from ._scopes.sync import Database

__all__ = [
    "AsyncDatabase",
    "AsyncOutbox",
    "AsyncScopeSession",
    "Database",
    "Health",
    "Message",
    "Outbox",
    "PoolTimeout",
    "ScopeSession",
    "Terms",
    "Unloaded",
    "once_table",
    "outbox_table",
]
