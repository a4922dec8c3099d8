"""The tools of the MCP server, by a real client: in memory, and over both transports."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError

from hermetic.testing import sandbox
from hermetic_tasks.sessions import Db
from hermetic_tasks.tools import make_server

Use = Callable[[Any], Awaitable[Any]]


@pytest.fixture
def used(db: Db) -> Iterator[Callable[[Use], Any]]:
    """What a client of the server gets; what it changes is undone."""

    async def with_client(use: Use) -> Any:
        async with Client(make_server(db)) as client:
            return await use(client)

    with sandbox(db):
        yield lambda use: asyncio.run(with_client(use))


def test_there_are_four_tools(used: Callable[[Use], Any]) -> None:
    """The session that a tool works with is no argument of it."""
    tools = {tool.name: set(tool.input_schema["properties"]) for tool in used(lambda client: client.list_tools())}

    assert {
        "list_tasks": {"status", "priority", "limit", "skip"},
        "create_task": {"title", "description", "priority", "due"},
        "update_task": {"id", "title", "description", "status", "priority", "due"},
        "complete_task": {"id"},
    } == tools


def test_a_task_is_made_changed_and_completed(used: Callable[[Use], Any]) -> None:
    """Each call is kept before its result is sent: the next one finds it."""

    async def use(client: Any) -> list[Any]:
        made = (await client.call_tool("create_task", {"title": "Water the plants"})).structured_content
        values = {"id": made["id"], "priority": "high", "due": "2026-12-24"}
        changed = (await client.call_tool("update_task", values)).structured_content
        completed = (await client.call_tool("complete_task", {"id": made["id"]})).structured_content
        listed = await client.call_tool("list_tasks", {"status": "done", "priority": "high", "limit": 100})
        return [made, changed, completed, listed.structured_content["result"][-1]]

    made, changed, completed, listed = used(use)

    assert ("todo", "medium", 1) == (made["status"], made["priority"], made["version"])
    assert ("todo", "high", "2026-12-24", 2) == tuple(
        changed[name] for name in ("status", "priority", "due", "version")
    )
    assert ("done", "high", 3) == (completed["status"], completed["priority"], completed["version"])
    assert completed == listed


@pytest.mark.parametrize(
    ("tool", "values", "told"),
    [
        ("create_task", {"title": "Order chairs for the new room"}, "There is one already."),
        ("complete_task", {"id": 4711}, "There is no such thing."),
        ("update_task", {"id": 1, "title": "Order chairs for the new room"}, "There is one already."),
    ],
)
def test_what_cannot_be_is_told(used: Callable[[Use], Any], tool: str, values: dict[str, Any], told: str) -> None:
    """An error is a sentence for the model that calls, and says nothing of the database."""
    with pytest.raises(ToolError) as caught:
        used(lambda client: client.call_tool(tool, values))

    assert str(caught.value).startswith(told)


def test_over_standard_input_and_output(tmp_path: Path) -> None:
    """`hermetic-tasks mcp` speaks to the one who starts it."""
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/tasks.db"}
    transport = StdioTransport(sys.executable, ["-m", "hermetic_tasks", "mcp"], env=env)

    async def use() -> Any:
        async with Client(transport) as client:
            return await client.call_tool("list_tasks", {"limit": 2})

    assert [1, 2] == [task["id"] for task in asyncio.run(use()).structured_content["result"]]


def test_over_http(serve: Callable[..., Any]) -> None:
    """`hermetic-tasks mcp --http` listens, and runs under watch without a finding."""
    with serve(["hermetic_tasks", "mcp", "--http"], env={"DATABASE_URL": "sqlite:///http.db"}, ready="/mcp") as address:

        async def use() -> Any:
            async with Client(f"{address}/mcp") as client:
                return await client.call_tool("complete_task", {"id": 1})

        assert "done" == asyncio.run(use()).structured_content["status"]
