"""What goes over the wire: what clients send is checked here, what they get is a projection of a table."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from .models import EMAIL_CHARACTERS, MOST_KEY, NAME_CHARACTERS, TITLE_CHARACTERS, Priority, Status

LONGEST_TEXT = 10_000
MOST_AT_ONCE = 100

# PostgreSQL has no place for the character NUL in a text.
NO_NUL = r"^[^\x00]*$"
SOMETHING = r"^[^\x00]*[^\x00-\x20][^\x00]*$"


def written_out(value: object) -> object:
    """A day as it is written, such as 2026-12-24; Pydantic alone would take a number for seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, flags=re.ASCII):
        raise ValueError("write it as 2026-12-24")
    if not isinstance(value, str | date):
        raise ValueError("write it as a text")
    return value


def only_number(value: object) -> object:
    """A number as JSON knows it, 7.0 for one; Pydantic alone would take true and "7" as well."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("write it as a number")
    return value


Day = Annotated[date, BeforeValidator(written_out)]
Key = Annotated[int, Field(ge=1, le=MOST_KEY), BeforeValidator(only_number)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_CHARACTERS, pattern=SOMETHING)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_CHARACTERS, pattern=SOMETHING)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_TEXT, pattern=NO_NUL)]
Email = Annotated[
    str, StringConstraints(min_length=3, max_length=EMAIL_CHARACTERS, pattern=r"^[^@\x00-\x20]+@[^@\x00-\x20]+$")
]


def maybe(**options: Any) -> Any:
    """A field that may be left out, which is not the same as null. Any: as pydantic.Field is typed."""
    return Field(default_factory=lambda: None, **options)


class Sent(BaseModel):
    """What clients send: a name that is not known is an error, so that nobody's typo is lost in silence."""

    model_config = ConfigDict(extra="forbid")


class Given(BaseModel):
    """What clients get."""

    model_config = ConfigDict(from_attributes=True)


class TaskCreate(Sent):
    """A task to be made, or to be put in the place of another."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"title": "Renew the certificate", "priority": "high", "due": "2026-12-24", "owner_id": 1}]
        }
    )

    title: Title
    description: Text = ""
    status: Status = "todo"
    priority: Priority = "medium"
    due: Day | None = None
    owner_id: Key | None = Field(default=None, description="The author who is to do it.")


class TaskUpdate(Sent):
    """What is to change of a task; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "done"}]})

    title: Title = maybe()
    description: Text = maybe()
    status: Status = maybe()
    priority: Priority = maybe()
    due: Day | None = maybe()
    owner_id: Key | None = maybe()


class TaskRead(Given):
    """A task as it is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 7,
                    "title": "Renew the certificate",
                    "description": "",
                    "status": "todo",
                    "priority": "high",
                    "due": "2026-12-24",
                    "owner_id": 1,
                    "version": 1,
                    "created_at": "2026-11-02T09:30:00Z",
                    "updated_at": "2026-11-02T09:30:00Z",
                }
            ]
        }
    )

    id: int
    title: str
    description: str
    status: Status
    priority: Priority
    due: date | None
    owner_id: int | None
    version: int
    created_at: datetime
    updated_at: datetime


class AuthorCreate(Sent):
    """An author to be made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Ada Lovelace", "email": "ada@example.org"}]})

    name: Name
    email: Email


class AuthorRead(Given):
    """An author."""

    id: int
    name: str
    email: str


class PostBrief(Given):
    """A post in the list of its author."""

    id: int
    title: str
    created_at: datetime


class AuthorWithPosts(Given):
    """An author with all that they wrote, the oldest first."""

    id: int
    name: str
    email: str
    posts: list[PostBrief]


class PostCreate(Sent):
    """A post to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"title": "Release notes", "body": "What is new.", "author_id": 1}]}
    )

    title: Title
    body: Text
    author_id: Key


class PostRead(Given):
    """A post with its author."""

    id: int
    title: str
    body: str
    created_at: datetime
    author: AuthorRead
