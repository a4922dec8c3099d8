"""The errors that are SQLAlchemy's too, so that whoever catches SQLAlchemy's catches them."""

from __future__ import annotations

from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeoutError
from sqlalchemy.orm.exc import DetachedInstanceError

from ..errors import ScopeError


class Unloaded(ScopeError, DetachedInstanceError):
    """An attribute was read that its scope did not load; the message names the loader option to add."""


class PoolTimeout(ScopeError, SQLAlchemyTimeoutError):
    """No connection came free in time; the message tells which scopes hold them, since when and opened where."""
