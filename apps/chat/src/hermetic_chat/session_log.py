"""The document's session logging in its right form: what state an object is in, and what of it was never loaded.

Whether an object is attached says little: what leaves a scope is detached, and fine. What fails is to read what was not
loaded, and that is what the log tells.
"""

from __future__ import annotations

import logging

from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState

import hermetic

logger = logging.getLogger(__name__)

STATES = ("transient", "pending", "persistent", "deleted", "detached")


def log_all_sessions() -> None:
    """Log from here on what goes wrong with any session of this process, with its story and what to do."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    hermetic.watch(mode="log")


def log_object_session(obj: object, operation: str) -> None:
    """Log which state an object is in; a warning when it is detached and something of it cannot be read any more.

    Records that are no mapped objects have no session, and are logged as what they are.
    """
    state = inspect(obj, raiseerr=False)
    if not isinstance(state, InstanceState):
        logger.debug("%s: %s is plain data", operation, type(obj).__name__)
        return
    name = next(name for name in STATES if getattr(state, name))
    missing = sorted(state.unloaded) if state.detached else []
    level = logging.WARNING if missing else logging.DEBUG
    told = f", and cannot be asked for {', '.join(missing)}" if missing else ""
    logger.log(level, "%s: %s is %s%s", operation, type(obj).__name__, name, told)
