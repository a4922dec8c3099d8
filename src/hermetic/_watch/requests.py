"""Which request, if any, the running code works for."""

from __future__ import annotations

from contextvars import ContextVar
from itertools import count
from time import time

_numbers = count(1)


class Request:
    """One request: `name` is its method and path, `responded` whether its response has begun to leave."""

    __slots__ = ("endpoint", "name", "number", "responded", "started")

    def __init__(self, name: str) -> None:
        self.name = name
        self.number = next(_numbers)
        self.started = time()
        self.responded = False
        self.endpoint: object = None


REQUEST: ContextVar[Request | None] = ContextVar("hermetic_request", default=None)
"""The request that this thread or task works for; None at start-up, in a lifespan, a fixture, a script."""
