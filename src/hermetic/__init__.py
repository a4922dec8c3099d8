"""Session safety for SQLAlchemy: what leaks from a session is found before it runs, and while it does."""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from ._projections.door import Projection, fetch, fetch_json, fetch_one, fetch_page, plan, stream
    from ._scopes.aio import AsyncDatabase
    from ._scopes.sync import Database
    from ._watch import allow, unwatch, watch

__all__ = [
    "AsyncDatabase",
    "Database",
    "Projection",
    "allow",
    "fetch",
    "fetch_json",
    "fetch_one",
    "fetch_page",
    "plan",
    "stream",
    "unwatch",
    "watch",
]

_ROOMS = {
    "AsyncDatabase": "._scopes.aio",
    "Database": "._scopes.sync",
    **dict.fromkeys(["allow", "unwatch", "watch"], "._watch"),
    **dict.fromkeys(
        ["Projection", "fetch", "fetch_json", "fetch_one", "fetch_page", "plan", "stream"], "._projections.door"
    ),
}


def __getattr__(name: str) -> object:
    """A public name, from the room it lives in: to import Hermetic costs nothing until something of it is used."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_ROOMS[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
