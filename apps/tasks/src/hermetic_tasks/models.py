"""The tables: tasks, the authors who own them, and the posts that authors write.

SQLModel reads the annotations of relations itself, so this file has them as they are, without `from __future__`.
"""

from datetime import date, datetime
from typing import Any, ClassVar, Literal, get_args

from sqlalchemy import Column, Enum, Integer
from sqlmodel import Field, Relationship, SQLModel

from .instants import Instant, now

Status = Literal["todo", "in_progress", "done"]
Priority = Literal["low", "medium", "high"]

MOST_KEY = 2**31 - 1
TITLE_CHARACTERS = 200
NAME_CHARACTERS = 100
EMAIL_CHARACTERS = 254

VERSION = Column("version", Integer, nullable=False)


def one_of(values: Any, name: str) -> Any:
    """The type of a column that holds one of the texts of a Literal, kept to them by the database whoever writes.

    Any: a Literal is no class, and SQLModel is told of classes of types only, although it takes an instance.
    """
    return Enum(*get_args(values), name=name, native_enum=False, create_constraint=True, length=16)


class Author(SQLModel, table=True):
    """Somebody who owns tasks and writes posts."""

    __tablename__ = "authors"

    id: int = Field(default=None, primary_key=True)
    name: str = Field(max_length=NAME_CHARACTERS)
    email: str = Field(max_length=EMAIL_CHARACTERS, unique=True)
    posts: list["Post"] = Relationship(
        back_populates="author", passive_deletes="all", sa_relationship_kwargs={"order_by": "Post.id"}
    )


class Post(SQLModel, table=True):
    """Something that an author wrote; an author with posts cannot be deleted."""

    __tablename__ = "posts"

    id: int = Field(default=None, primary_key=True)
    title: str = Field(max_length=TITLE_CHARACTERS)
    body: str
    author_id: int = Field(foreign_key="authors.id", ondelete="RESTRICT", index=True)
    created_at: datetime = Field(default_factory=now, sa_type=Instant)
    author: Author = Relationship(back_populates="posts")


class Task(SQLModel, table=True):
    """Something to be done. `version` counts its changes: a write that was made for another one is refused."""

    __tablename__ = "tasks"
    __mapper_args__: ClassVar[dict[str, Any]] = {"version_id_col": VERSION}  # Any: whatever a mapper can be told

    id: int = Field(default=None, primary_key=True)
    title: str = Field(max_length=TITLE_CHARACTERS, unique=True)
    description: str = ""
    status: Status = Field(default="todo", sa_type=one_of(Status, "task_status"), index=True)
    priority: Priority = Field(default="medium", sa_type=one_of(Priority, "task_priority"), index=True)
    due: date | None = None
    owner_id: int | None = Field(default=None, foreign_key="authors.id", ondelete="RESTRICT", index=True)
    version: int = Field(default=None, sa_column=VERSION)
    created_at: datetime = Field(default_factory=now, sa_type=Instant, index=True)
    updated_at: datetime = Field(default_factory=now, sa_type=Instant, sa_column_kwargs={"onupdate": now})
