"""What lists can be asked for: which tasks, and which part of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .dtos import maybe
from .models import MOST_KEY, Priority, Status

MOST_ROWS = 100


class Asked(BaseModel):
    """A name that is not known is an error, so that no misspelt filter gives everything."""

    model_config = ConfigDict(extra="forbid")


class Part(Asked):
    """A part of a list, by how many come before it."""

    skip: int = Field(0, ge=0, le=MOST_KEY, description="How many to leave out at the beginning.")
    limit: int = Field(50, ge=1, le=MOST_ROWS, description="How many to give at most.")


class Filters(Asked):
    """What tasks are chosen by."""

    status: Status = maybe()
    priority: Priority = maybe()
    owner_id: int = maybe(ge=1, le=MOST_KEY)

    def given(self) -> dict[str, object]:
        """The values of those that were given, by name."""
        return self.model_dump(include=set(Filters.model_fields), exclude_unset=True)


class Listing(Part, Filters):
    """Tasks by offset."""


class Paging(Filters):
    """Tasks by the cursor that leads to them."""

    order: Literal["newest", "oldest", "due"] = "newest"
    size: int = Field(50, ge=1, le=MOST_ROWS, description="How many to give at most.")
    cursor: str = maybe(description="`next` or `previous` of another page in the same order.")
