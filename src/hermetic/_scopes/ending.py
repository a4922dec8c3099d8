"""How the transaction of a scope ends, and what is said of it afterwards."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..errors import OutcomeUnknown
from .policy import is_commit_unknown
from .scope import Scope

LEAVE_S = 10.0
"""How long the end of a scope waits for another task or thread that is inside of its session against the rules."""

LOOK_S = 0.001


def wait_until_left(scope: Scope, me: object) -> None:
    """Wait until no other thread is inside of the session."""
    deadline = time.monotonic() + LEAVE_S
    while scope.holder is not None and scope.holder != me and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    scope.holder = None


def is_idle(scope: Scope, session: Session) -> bool:
    """Whether nothing was begun that has to be ended: SQLAlchemy begins with the first statement, add or change."""
    return scope.failed is None and not session.in_transaction()


def commit(scope: Scope, session: Session) -> None:
    """Commit, and say of the scope what became of it."""
    if is_idle(scope, session):
        scope.close("committed")
        return
    try:
        scope.check_sound(session)
        session.flush()
    except BaseException:
        abandon(scope, session)
        raise
    try:
        session.commit()
    except BaseException as error:
        is_unknown = scope.kind == "begin" and is_commit_unknown(error)
        abandon(scope, session, "unknown" if is_unknown else "rolled back", is_sound=isinstance(error, Exception))
        if is_unknown and isinstance(error, Exception):
            raise OutcomeUnknown(scope.told_unknown()) from error
        if is_unknown:
            error.add_note(scope.told_unknown())
        raise
    scope.close("committed")
    if scope.wrote and scope.replicas is not None:
        scope.position = scope.replicas.written()


def abandon(
    scope: Scope,
    session: Session,
    outcome: Literal["rolled back", "unknown"] = "rolled back",
    *,
    is_sound: bool = True,
) -> None:
    """Roll back, or throw the connection away where that is not possible any more, or nobody knows what it is doing."""
    try:
        if is_sound:
            session.rollback()
        else:
            session.invalidate()
    except BaseException as error:
        with suppress(SQLAlchemyError):
            session.invalidate()
        if not isinstance(error, Exception):
            raise
    finally:
        scope.close(outcome)
