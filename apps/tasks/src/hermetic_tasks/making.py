"""Makes tasks: one, many at once or none, and one whose title is free."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from .dtos import TaskCreate, TaskRead
from .models import TITLE_CHARACTERS, Task
from .problems import DUPLICATE, Refusal, kind_of
from .sessions import Db

MOST_TRIES = 20


def make(session: Session, wanted: TaskCreate) -> TaskRead:
    """Make a task. Raises IntegrityError for a title that is taken or an owner who does not exist."""
    task = Task(**wanted.model_dump())
    session.add(task)
    session.flush()
    return TaskRead.model_validate(task)


def make_all(session: Session, wanted: Sequence[TaskCreate]) -> list[TaskRead]:
    """Make several tasks, in one statement where the database can."""
    tasks = [Task(**each.model_dump()) for each in wanted]
    session.add_all(tasks)
    session.flush()
    return [TaskRead.model_validate(task) for task in tasks]


def make_numbered(db: Db, wanted: TaskCreate) -> TaskRead:
    """Make a task whatever its title: where that is taken it gets a number, such as "Water the plants (2)".

    The scope is opened by hand, because each try is a savepoint of it: one that fails leaves the unit whole.
    """
    with db.begin() as session:
        for number in range(1, MOST_TRIES + 1):
            try:
                with db.begin():
                    return make(session, wanted.model_copy(update={"title": numbered(wanted.title, number)}))
            except IntegrityError as error:
                if kind_of(error, deletes=False) is not DUPLICATE:
                    raise
    raise Refusal(DUPLICATE)


def numbered(title: str, number: int) -> str:
    """A title with a number, which is not shown when it is 1; cut where it would be too long."""
    suffix = "" if number == 1 else f" ({number})"
    return title[: TITLE_CHARACTERS - len(suffix)] + suffix
