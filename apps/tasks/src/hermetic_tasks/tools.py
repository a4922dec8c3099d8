"""The tasks as tools of an MCP server: a call is a unit of work, committed before its result is sent."""

from __future__ import annotations

from typing import Annotated

from fastmcp import FastMCP
from fastmcp.dependencies import Depends
from fastmcp.exceptions import ToolError
from pydantic import Field
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from hermetic.integrations.fastmcp import Host, attach

from .database import open_database
from .dtos import Day, Key, TaskCreate, TaskRead, Text, Title
from .listing import MOST_ROWS
from .making import make
from .models import Priority, Status, Task
from .problems import MISSING, Kind, kind_of
from .queries import listed_where
from .sessions import Db

ABOUT = "Tasks of a team: list them, make new ones, change them, complete them. A task is named by its id."

TaskKey = Annotated[Key, Field(description="The id of the task.")]


def make_server(db: Db) -> FastMCP[None]:
    """A server whose tools work on a database."""
    server: FastMCP[None] = FastMCP("hermetic-tasks", instructions=ABOUT, mask_error_details=True)
    host = attach(server, db)
    offer_lists_and_new_tasks(server, host)
    offer_changes(server, host)
    return server


def offer_lists_and_new_tasks(server: FastMCP[None], host: Host[Session]) -> None:
    """The tools that need no task to begin with."""

    @server.tool(annotations={"readOnlyHint": True})
    def list_tasks(
        status: Status | None = None,
        priority: Priority | None = None,
        limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 20,
        skip: Annotated[int, Field(ge=0)] = 0,
        session: Session = Depends(host.read),  # noqa: B008  # FastMCP's own way
    ) -> list[TaskRead]:
        """Tasks in the order in which they were made, all of them or those with a status or priority."""
        given = {name: value for name, value in {"status": status, "priority": priority}.items() if value is not None}
        return listed_where(tuple(given)).all(session, given | {"skip": skip, "limit": limit})

    @server.tool
    def create_task(
        title: Title,
        description: Text = "",
        priority: Priority = "medium",
        due: Day | None = None,
        session: Session = Depends(host.begin),  # noqa: B008  # FastMCP's own way
    ) -> TaskRead:
        """Make a task. No two have the same title."""
        wanted = TaskCreate(title=title, description=description, priority=priority, due=due)
        try:
            return make(session, wanted)
        except IntegrityError as error:
            raise refusal(kind_of(error, deletes=False)) from error


def offer_changes(server: FastMCP[None], host: Host[Session]) -> None:
    """The tools that change a task."""

    @server.tool
    def update_task(
        id: TaskKey,
        title: Title | None = None,
        description: Text | None = None,
        status: Status | None = None,
        priority: Priority | None = None,
        due: Day | None = None,
        session: Session = Depends(host.begin),  # noqa: B008  # FastMCP's own way
    ) -> TaskRead:
        """Change what is given of a task, and leave the rest as it is."""
        values = {"title": title, "description": description, "status": status, "priority": priority, "due": due}
        return change(session, id, {name: value for name, value in values.items() if value is not None})

    @server.tool(annotations={"idempotentHint": True})
    def complete_task(
        id: TaskKey,
        session: Session = Depends(host.begin),  # noqa: B008  # FastMCP's own way
    ) -> TaskRead:
        """Mark a task as done."""
        return change(session, id, {"status": "done"})


def change(session: Session, key: int, values: dict[str, object]) -> TaskRead:
    """The task with these values. Raises ToolError, which the client is told of, where that cannot be."""
    task = session.get(Task, key, with_for_update=True)
    if task is None:
        raise refusal(MISSING)
    task.sqlmodel_update(values)
    try:
        session.flush()
    except IntegrityError as error:
        raise refusal(kind_of(error, deletes=False)) from error
    return TaskRead.model_validate(task)


def refusal(kind: Kind) -> ToolError:
    """The error with which a client is told of a problem."""
    return ToolError(f"{kind.title}. {kind.detail}")


def serve_tools(host: str, port: int, *, over_http: bool) -> None:
    """Serve the tools to one client over standard input and output, or over HTTP at `/mcp` until told to end."""
    with open_database() as db:
        server = make_server(db)
        if over_http:
            server.run(transport="http", host=host, port=port, show_banner=False, log_level="warning")
        else:
            server.run(transport="stdio", show_banner=False, log_level="warning")
