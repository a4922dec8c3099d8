"""The model: given the records so far, what the next one does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import asking, attaching, attributes, merging, transactions, writing
from .outcome import FINE, UNKNOWN, Effect, Outcome
from .records import (
    Added,
    AttributeRead,
    AttributeWritten,
    Committed,
    ContentSeen,
    Deleted,
    Executed,
    Expired,
    Expunged,
    Flushed,
    InstanceCreated,
    InstanceLoaded,
    LookedUp,
    Merged,
    Record,
    Refreshed,
    RolledBack,
    SessionClosed,
    SessionOpened,
    TransactionBegan,
)
from .states import States

__all__ = ["FINE", "UNKNOWN", "Effect", "Lifecycle", "Outcome"]


class Lifecycle(States):
    """The states of all sessions and instances on one path; `copy()` is cheap, so that paths can fork."""

    __slots__ = ()

    def apply(self, record: Record) -> Outcome:
        """Take the record in and tell what it did; a record about an unknown key is answered `unknown`."""
        step = STEPS.get(type(record))
        return FINE if step is None else step(self, record)


# Any: each step takes the record type that it stands beside, which a dict cannot say.
STEPS: dict[type[Record], Callable[[States, Any], Outcome]] = {
    SessionOpened: transactions.opened,
    TransactionBegan: transactions.began,
    Executed: asking.executed,
    Flushed: transactions.flushed,
    Committed: transactions.committed,
    RolledBack: transactions.rolled_back,
    SessionClosed: transactions.closed,
    InstanceCreated: attaching.created,
    InstanceLoaded: asking.loaded,
    LookedUp: asking.looked_up,
    ContentSeen: asking.content_seen,
    Added: attaching.added,
    Deleted: attaching.deleted,
    AttributeRead: attributes.read,
    AttributeWritten: writing.write,
    Expunged: attaching.expunged,
    Expired: asking.expire,
    Refreshed: asking.refreshed,
    Merged: merging.merged,
}
