"""The endpoints of tasks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from sqlmodel import Session, col

from hermetic.projections import Page

from .documented import ETAG, LOCATION, Told, told
from .dtos import MOST_AT_ONCE, TaskCreate, TaskRead, TaskUpdate
from .listing import MOST_ROWS, Listing, Paging
from .making import make, make_all, make_numbered
from .models import MOST_KEY, Status, Task
from .problems import (
    BAD_CURSOR,
    BROKEN,
    BUSY,
    CHANGED,
    CONFLICT,
    DUPLICATE,
    INVALID,
    MISSING,
    UNCONDITIONAL,
    UNKNOWN,
    UNREADABLE,
    Refusal,
)
from .queries import TASK, listed_where, tasks_where
from .sessions import Reader, Scopes, Secret, Unit
from .versions import IfMatch, IfNoneMatch, etag, named_in, require

router = APIRouter(prefix="/tasks", tags=["tasks"], responses=told(INVALID, BUSY, BROKEN))

TaskKey = Annotated[int, Path(ge=1, le=MOST_KEY, description="The key of a task.")]
Several = Annotated[list[TaskCreate], Body(min_length=1, max_length=MOST_AT_ONCE)]
MADE: Told = {201: {"headers": {**ETAG, **LOCATION}, "description": "It is kept."}}
KEPT: Told = {200: {"headers": ETAG, "description": "It is kept."}}

ORDERS: dict[str, list[Any]] = {  # Any: columns of whatever type
    "newest": [col(Task.created_at).desc()],
    "oldest": [col(Task.created_at)],
    "due": [col(Task.due).nulls_last()],
}


@router.post("", status_code=201, responses={**told(DUPLICATE, UNKNOWN, INVALID, UNREADABLE), **MADE})
def create_task(wanted: TaskCreate, session: Unit, response: Response) -> TaskRead:
    """Make a task. When this answers, it is committed."""
    task = make(session, wanted)
    response.headers.update({"ETag": etag(task.version), "Location": f"/tasks/{task.id}"})
    return task


@router.post("/bulk", status_code=201, responses=told(DUPLICATE, UNKNOWN, INVALID, UNREADABLE))
def create_multiple_tasks(wanted: Several, session: Unit) -> list[TaskRead]:
    """Make all of these tasks, or none of them."""
    return make_all(session, wanted)


@router.post("/advanced", status_code=201, responses={**told(DUPLICATE, UNKNOWN, INVALID, UNREADABLE), **MADE})
def create_with_manual_session(wanted: TaskCreate, db: Scopes, response: Response) -> TaskRead:
    """Make a task whatever its title is: where it is taken the task gets a number, "Water the plants (2)"."""
    task = make_numbered(db, wanted)
    response.headers.update({"ETag": etag(task.version), "Location": f"/tasks/{task.id}"})
    return task


@router.get("", response_model=list[TaskRead])
def list_tasks(query: Annotated[Listing, Query()], session: Reader) -> Response:
    """Tasks in the order of their keys, by offset. Nothing is made of a row but its JSON."""
    given = query.given()
    page = {"skip": query.skip, "limit": query.limit}
    body = listed_where(tuple(given)).json(session, given | page)
    return Response(body, media_type="application/json")


@router.get("/by-status/{status}", response_model=list[TaskRead])
def get_tasks_by_status(status: Status, session: Reader) -> Response:
    """The first hundred tasks with a status."""
    body = listed_where(("status",)).json(session, {"status": status, "skip": 0, "limit": MOST_ROWS})
    return Response(body, media_type="application/json")


@router.get("/pages", responses=told(BAD_CURSOR))
def page_through_tasks(query: Annotated[Paging, Query()], session: Reader, secret: Secret) -> Page[TaskRead]:
    """Tasks between two cursors: none comes twice and none is skipped, whatever others add meanwhile."""
    given = query.given()
    order_by, size = ORDERS[query.order], query.size
    return tasks_where(tuple(given)).page(
        session, given, order_by=order_by, size=size, cursor=query.cursor, secret=secret
    )


@router.get(
    "/{task_id}",
    response_model=TaskRead,
    responses={
        **told(MISSING),
        200: {"headers": ETAG},
        304: {"description": "It is the version that is known.", "headers": ETAG},
    },
)
def get_task(
    task_id: TaskKey, session: Reader, response: Response, if_none_match: IfNoneMatch = ""
) -> TaskRead | Response:
    """A task."""
    task = TASK.one(session, {"id": task_id}, default=None)
    if task is None:
        raise Refusal(MISSING)
    tag = {"ETag": etag(task.version)}
    if named_in(if_none_match, task.version):
        return Response(status_code=304, headers=tag)
    response.headers.update(tag)
    return task


CHANGES = told(MISSING, DUPLICATE, CONFLICT, UNKNOWN, INVALID, CHANGED, UNCONDITIONAL, UNREADABLE)


@router.put("/{task_id}", responses={**CHANGES, **KEPT})
def replace_task(
    task_id: TaskKey, wanted: TaskCreate, session: Unit, response: Response, if_match: IfMatch = ""
) -> TaskRead:
    """Put another task in the place of this one; what is left out is as for a new one."""
    return changed(locked(session, task_id, if_match), wanted.model_dump(), session, response)


@router.patch("/{task_id}", responses={**CHANGES, **KEPT})
def update_task(
    task_id: TaskKey, wanted: TaskUpdate, session: Unit, response: Response, if_match: IfMatch = ""
) -> TaskRead:
    """Change what is named of a task, and leave the rest as it is."""
    return changed(locked(session, task_id, if_match), wanted.model_dump(exclude_unset=True), session, response)


@router.delete("/{task_id}", status_code=204, responses=told(MISSING, CHANGED, UNCONDITIONAL))
def delete_task(task_id: TaskKey, session: Unit, if_match: IfMatch = "") -> None:
    """Delete a task."""
    session.delete(locked(session, task_id, if_match))


def locked(session: Session, task_id: int, condition: str) -> Task:
    """The task, which nobody else can change until the unit ends. Raises a Refusal unless it is the version named."""
    task = session.get(Task, task_id, with_for_update=True)
    if task is None:
        raise Refusal(MISSING)
    require(condition, task.version)
    return task


def changed(task: Task, values: dict[str, object], session: Session, response: Response) -> TaskRead:
    """The task with these values; a new version where that changes anything."""
    task.sqlmodel_update(values)
    session.flush()
    response.headers["ETag"] = etag(task.version)
    return TaskRead.model_validate(task)
