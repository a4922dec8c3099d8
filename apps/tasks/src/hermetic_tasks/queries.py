"""What is read, declared once: statements are built and laid against their DTOs when the program starts."""

from __future__ import annotations

from functools import cache

from sqlalchemy import bindparam
from sqlmodel import col, select

from hermetic import Projection
from hermetic.projections import DeclaredQuery

from .dtos import AuthorRead, AuthorWithPosts, PostRead, TaskRead
from .models import Author, Post, Task

TASKS = Projection(TaskRead, Task)
TASK = TASKS.query(select(Task).where(Task.id == bindparam("id")))

AUTHORS = Projection(AuthorRead, Author).query(
    select(Author).order_by(col(Author.id)).limit(bindparam("limit")).offset(bindparam("skip"))
)
AUTHOR = Projection(AuthorWithPosts, Author).query(select(Author).where(Author.id == bindparam("id")))

POSTS = Projection(PostRead, Post).query(
    select(Post).order_by(col(Post.id)).limit(bindparam("limit")).offset(bindparam("skip"))
)
POST = Projection(PostRead, Post).query(select(Post).where(Post.id == bindparam("id")))


@cache
def tasks_where(filtered: tuple[str, ...]) -> DeclaredQuery[TaskRead]:
    """The tasks whose columns of these names have the values of the parameters of the same names."""
    return TASKS.query(select(Task).where(*(getattr(Task, name) == bindparam(name) for name in filtered)))


@cache
def listed_where(filtered: tuple[str, ...]) -> DeclaredQuery[TaskRead]:
    """The same, in the order of their keys: so many (`limit`) after the first ones (`skip`)."""
    chosen = (getattr(Task, name) == bindparam(name) for name in filtered)
    whole = select(Task).where(*chosen).order_by(col(Task.id))
    return TASKS.query(whole.limit(bindparam("limit")).offset(bindparam("skip")))
