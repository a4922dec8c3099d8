"""Whether a session can ask its database now, and what an autoflush before it does."""

from __future__ import annotations

from .flushing import flush
from .instance import InstanceState
from .outcome import TANGLED, UNKNOWN, Outcome, is_stopped, raises
from .records import Key
from .session import SessionState
from .states import States


def unusable(session: SessionState) -> Outcome | None:
    """Why a session cannot run anything now; None when it can."""
    if session.phase == "failed":
        return raises("PendingRollbackError", "failed")
    if session.phase == "closed" and not session.is_reusable:
        return raises("InvalidRequestError", "closed")
    if session.bound is False:
        return raises("UnboundExecutionError", "unbound")
    return None


def ask(life: States, key: Key, because: str, *, autoflushes: bool = True, awaited: bool = False) -> Outcome | None:
    """Send a query, flushing first: None when that works, else what it raises.

    An AsyncSession answers only where it is `awaited`; an attribute that asks by itself is not.
    """
    session = life.sessions.get(key)
    if session is None:
        return UNKNOWN
    if refusal := unusable(session):
        return refusal
    life.begin(key)
    if autoflushes and session.autoflush:
        flushed = flush(life, key, awaited=awaited)
        if is_stopped(flushed):
            return flushed
    if session.is_async and not awaited:
        return raises("MissingGreenlet", because)
    if any(remembers_a_loss(state) for state in life.attached(key)):
        life.lose_track(key)
        return TANGLED
    return None


def remembers_a_loss(state: InstanceState) -> bool:
    """Whether a collection that is not loaded let go of something: SQLAlchemy stumbles where a load does not bring it."""
    return bool(state.dropped) and any(keys and name not in state.loaded for name, keys in state.dropped.items())
