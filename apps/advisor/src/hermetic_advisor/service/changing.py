"""Changes of a row that somebody else may have changed since it was read."""

from __future__ import annotations

from typing import Protocol

from pydantic import BaseModel

from ..errors import Conflict


class Versioned(Protocol):
    """A row that counts its changes."""

    @property
    def version(self) -> int: ...


def apply(changes: BaseModel, row: Versioned) -> None:
    """Write what was given into the row, and leave the rest alone.

    Raises Conflict when the changes name a version that is not the row's any more.
    """
    given = changes.model_dump(exclude_unset=True, exclude_none=True)
    seen = given.pop("version", None)
    if seen is not None and seen != row.version:
        raise Conflict("Somebody else has changed this meanwhile. Look at it again, then repeat your change.")
    for name, value in given.items():
        setattr(row, name, value)
