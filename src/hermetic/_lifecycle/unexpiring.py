"""What it takes to bring an expired instance back."""

from __future__ import annotations

from dataclasses import replace

from .outcome import TANGLED, Outcome, emits, raises
from .querying import ask
from .records import Key
from .refreshing import refresh, wanted
from .states import States


def refresh_expired(life: States, key: Key, *, autoflushes: bool = True, awaited: bool = False) -> Outcome:
    """Load every expired attribute that has no unsaved write, deferred columns aside."""
    state = life.instances[key]
    if state.session is None:
        return raises("DetachedInstanceError", "expired")
    # Which attributes to load is settled before the autoflush; what that expires is forgotten, and reads as None.
    names = wanted(state)
    if problem := ask(life, state.session, "expired", autoflushes=autoflushes, awaited=awaited):
        return problem
    if life.instances[key].row_exists is False:
        return raises("ObjectDeletedError", "gone")
    refresh(life, key, names)
    return emits("expired")


def revisit(life: States, key: Key, *, awaited: bool = False) -> Outcome:
    """Take a stale instance from the identity map: it is refreshed, or given up as deleted when its row is gone."""
    outcome = refresh_expired(life, key, awaited=awaited)
    if outcome.error != "ObjectDeletedError":
        return outcome
    session = life.session_of(life.instances[key])
    if session is not None and session.phase == "failed":
        # The error of another instance's flush is mistaken for this one's, which is given up with its row still there.
        life.lose_track(session.key)
        return TANGLED
    state = life.change(key, status="deleted", was_deleted=True)
    if state.session is not None:
        session = life.sessions[state.session]
        *outer, last = session.savepoints
        life.change_session(
            session.key,
            deleted=tuple(other for other in session.deleted if other != key),
            savepoints=(*outer, replace(last, deleted=last.deleted | {key})),
        )
    return emits("gone")
