"""Listens to SQLAlchemy's public events, with the same guard as every wrapper."""

from __future__ import annotations

from functools import partial

from sqlalchemy import event

from ..points import Points, Wrapped


def listen(points: Points, target: object, name: str, function: Wrapped, *, raw: bool = False) -> None:
    """Call a function at an event; `raw` gives it states instead of instances."""
    point = f"{getattr(target, '__name__', target)} event {name}: {function.__qualname__}"
    listener = points.guarded(point, function)
    options = {"raw": True} if raw else {}
    event.listen(target, name, listener, **options)
    points.undo_later(point, partial(event.remove, target, name, listener))
