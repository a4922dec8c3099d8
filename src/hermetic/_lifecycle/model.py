"""The model: given the records so far, what the next one does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .instance import InstanceState
from .records import Key, Record
from .session import SessionState

Effect = Literal["fine", "emits-sql", "raises", "loses-write", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a record does: `code` is SQLAlchemy's error code where it raises, `because` one word for the cause."""

    effect: Effect
    code: str | None = None
    because: str = ""
    lost: tuple[Key, ...] = ()


FINE = Outcome("fine")


class Lifecycle:
    """The states of all sessions and instances on one path; `copy()` is cheap, so that paths can fork."""

    __slots__ = ("instances", "sessions")

    def __init__(self) -> None:
        self.sessions: dict[Key, SessionState] = {}
        self.instances: dict[Key, InstanceState] = {}

    def copy(self) -> Lifecycle:
        twin = Lifecycle()
        twin.sessions = self.sessions.copy()
        twin.instances = self.instances.copy()
        return twin

    def apply(self, record: Record) -> Outcome:
        """Take the record in and tell what it did; a record about an unknown key is answered `unknown`."""
        raise NotImplementedError
