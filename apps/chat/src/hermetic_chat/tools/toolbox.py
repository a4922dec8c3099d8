"""All MCP servers of the chat together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from .configured import Configured
from .offered import Call, Outcome, Tool
from .server import ToolServer


class Toolbox:
    """The tools that are there now; a server that is missing takes its tools away, and nothing else."""

    def __init__(
        self, servers: Mapping[str, Configured], *, call_timeout_s: float = 30.0, start_timeout_s: float = 20.0
    ) -> None:
        self.servers = [
            ToolServer(name, each, call_timeout_s=call_timeout_s, start_timeout_s=start_timeout_s)
            for name, each in servers.items()
        ]

    async def connect(self) -> None:
        """Connect to whichever server is not connected and was not asked a moment ago."""
        await asyncio.gather(*(server.connect() for server in self.servers))

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(server.close() for server in self.servers))

    @property
    def tools(self) -> list[Tool]:
        """The tools of all servers that answer."""
        return [tool for server in self.servers for tool in server.tools]

    @property
    def down(self) -> list[ToolServer]:
        """The servers that do not answer."""
        return [server for server in self.servers if server.status == "down"]

    async def call(self, call: Call, meta: Mapping[str, str]) -> tuple[Tool, Outcome]:
        """Do what a model asks for; what cannot be done is an outcome that failed, and tells the model why."""
        tool = next((tool for tool in self.tools if tool.full_name == call.tool), None)
        if tool is None:
            named, _, name = call.tool.rpartition("__")
            return Tool(named or "?", name, "", {}), Outcome(f"there is no tool {call.tool}", failed=True)
        if call.unreadable:
            return tool, Outcome(f"the arguments are no JSON object: {call.unreadable}", failed=True)
        server = next(each for each in self.servers if each.name == tool.server)
        return tool, await server.call(tool.name, call.arguments, meta)
