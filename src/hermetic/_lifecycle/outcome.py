"""What a record did: the one answer that the model gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .records import Key

Effect = Literal["fine", "emits-sql", "raises", "loses-write", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a record does: `code` is SQLAlchemy's error code where it raises, `because` one word for the cause.

    `error` names the class that is raised, which matters where SQLAlchemy gives the error no code.
    """

    effect: Effect
    code: str | None = None
    because: str = ""
    lost: tuple[Key, ...] = ()
    error: str = ""


FINE = Outcome("fine")
UNKNOWN = Outcome("unknown")
TANGLED = Outcome("unknown", because="tangled")
"""What happened cannot be told, nor whether the session still works."""


def is_stopped(outcome: Outcome) -> bool:
    """Whether what a flush was to make way for does not come about, or may not."""
    return outcome.effect == "raises" or outcome in (TANGLED, SEVERAL)


SEVERAL = Outcome("unknown", because="several")
"""More than one error is due, and the order of the statements decides which."""


def emits(because: str) -> Outcome:
    return Outcome("emits-sql", because=because)


def raises(error: str, because: str) -> Outcome:
    """The outcome of an error of SQLAlchemy's, with the code that its class carries."""
    return Outcome("raises", CODES.get(error), because, error=error)


CODES = {
    "PendingRollbackError": "7s2a",
    "DetachedInstanceError": "bhk3",
    "MissingGreenlet": "xd2s",
    "IntegrityError": "gkpj",
}
"""The code that each class of error carries; the classes missing here carry none (SQLAlchemy 2.0 and 2.1)."""
