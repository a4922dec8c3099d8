"""One MCP server: connected when it is needed, given up when it fails, and asked again a while later."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import httpx2
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import FastMCPError
from mcp import MCPError
from mcp.types import TextContent
from pydantic import JsonValue

from .configured import Configured
from .offered import Outcome, Tool

logger = logging.getLogger(__name__)

Status = Literal["waiting", "ready", "down"]
AGAIN_AFTER_S = 5.0
PING_WITHIN_S = 5.0
LONGEST_RESULT = 20_000
FAILURES = (FastMCPError, MCPError, httpx2.HTTPError, OSError, RuntimeError, TimeoutError)
"""What a server that is missing, dies or hangs shows itself by, over the two transports."""


class ToolServer:
    """A server that the file of servers names; many chats call its tools at once over one connection."""

    def __init__(
        self, name: str, configured: Configured, *, call_timeout_s: float = 30.0, start_timeout_s: float = 20.0
    ) -> None:
        self.name = name
        self.identify = configured.identify
        self.status: Status = "waiting"
        self.problem = ""
        self.tools: tuple[Tool, ...] = ()
        self._configured = configured
        self._call_timeout_s = call_timeout_s
        self._start_timeout_s = start_timeout_s
        self._client: Client[Any] | None = None  # Any: whichever transport
        self._tried_at = float("-inf")
        self._connecting = asyncio.Lock()
        self._opened = contextlib.AsyncExitStack()
        self._log: TextIO | None = None

    async def connect(self) -> None:
        """Connect unless that is done, or failed a moment ago. Never raises for a server: `status` tells."""
        async with self._connecting:
            if self.status == "ready" and self._client is not None and self._client.is_connected():
                return
            if self.status == "down" and time.monotonic() - self._tried_at < AGAIN_AFTER_S:
                return
            self._tried_at = time.monotonic()
            await self.close()
            try:
                async with asyncio.timeout(self._start_timeout_s):
                    await self._open()
            except FAILURES as error:
                await self._give_up(error)

    async def _open(self) -> None:
        transport = self._configured.to_transport()
        if isinstance(transport, StdioTransport):
            self._log = transport.log_file = self._opened.enter_context(
                tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  # the stack closes it
            )
        client = await self._opened.enter_async_context(
            Client(transport, timeout=self._call_timeout_s, init_timeout=self._start_timeout_s)
        )
        self._client = client
        self.tools = tuple(
            Tool(self.name, each.name, each.description or "", dict(each.input_schema))
            for each in await client.list_tools()
        )
        self.status, self.problem = "ready", ""

    async def call(self, tool: str, arguments: Mapping[str, JsonValue], meta: Mapping[str, str]) -> Outcome:
        """Call a tool. An error of the tool, and of the server, is an outcome that failed."""
        started = time.perf_counter()
        client = self._client
        if client is None:
            return Outcome(self.problem or "not connected", failed=True)
        note = dict(meta) if self.identify else None
        try:
            async with asyncio.timeout(self._call_timeout_s):
                result = await client.call_tool(tool, dict(arguments), raise_on_error=False, meta=note)
        except FAILURES as error:
            if not await _lives(client):
                await self._give_up(error)
            return Outcome(_told(error), failed=True, duration_ms=_since(started))
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        data = (result.structured_content or {}).get("result", result.structured_content)
        return Outcome(text[:LONGEST_RESULT], data, result.is_error, _since(started))

    async def _give_up(self, error: BaseException) -> None:
        self.status, self.problem, self.tools = "down", self._last_words() or _told(error), ()
        logger.warning("The MCP server %s cannot be used: %s", self.name, self.problem)
        await self.close()

    def _last_words(self) -> str:
        """The last line that a process wrote to its stderr, which tells more than that it has ended."""
        if self._log is None:
            return ""
        self._log.seek(0)
        return (self._log.read().strip().splitlines() or [""])[-1].removeprefix(f"{sys.executable}: ")

    async def close(self) -> None:
        """End the connection, and the process when the chat has started it."""
        self._client = self._log = None
        with contextlib.suppress(*FAILURES):
            await self._opened.aclose()


async def _lives(client: Client[Any]) -> bool:
    """Whether the server answers at all. Any: whichever transport."""
    try:
        async with asyncio.timeout(PING_WITHIN_S):
            return await client.ping()
    except FAILURES:
        return False


def _since(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)


def _told(error: BaseException) -> str:
    """One line about an error."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
