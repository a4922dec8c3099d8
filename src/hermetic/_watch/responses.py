"""Explains FastAPI's ResponseValidationError: Pydantic keeps the text of the error behind it, and drops its notes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from types import ModuleType
from typing import Any

from .arriving import Arrivals
from .notes import add
from .points import Points, Wrapped


class Responses:
    """The wrapper of that error's constructor; `explained` are the texts of SQLAlchemy's latest errors and their notes."""

    def __init__(self, points: Points, arrivals: Arrivals, explained: Iterable[tuple[str, str]]) -> None:
        self.points = points
        self.arrivals = arrivals
        self.explained = explained

    def install(self) -> None:
        """Wait for FastAPI."""
        self.arrivals.when("fastapi.exceptions", self.came)

    def came(self, module: ModuleType) -> None:
        """FastAPI was imported."""
        self.points.wrap(module.ResponseValidationError, "__init__", "*", self.making)

    def making(self, original: Wrapped) -> Wrapped:
        guard, explain = self.points.guard, self.explain

        @wraps(original)
        # Any: what the error takes.
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            original(self, *args, **kwargs)
            guard("ResponseValidationError.__init__", explain, self)

        return __init__

    # Any: an error of FastAPI's, whose `errors()` are as Pydantic tells them.
    def explain(self, error: Any) -> None:
        """Put the notes of the errors below it that it tells of."""
        told = " ".join(str(each.get("msg", "")) for each in error.errors())
        for text, note in tuple(self.explained):
            if text in told:
                add(error, note)
