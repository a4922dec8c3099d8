"""A place where many wait for each other, in whichever thread and event loop they are: for tests without a clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastmcp import FastMCP


@dataclass
class Gate:
    """Where `expected` wait until all of them have come, and, if they `stay`, until they are let go."""

    expected: int
    stay: bool
    came: int = 0
    is_full: threading.Event = field(default_factory=threading.Event)
    waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = field(default_factory=list)


class Meeting:
    """Gates by name; `held` is what `look` saw at the moment at which the last one came."""

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.look: Callable[[], int] = lambda: -1
        self._gates: dict[str, Gate] = {}
        self._lock = threading.Lock()

    def of(self, expected: int, name: str, *, stay: bool = False) -> Callable[[], Awaitable[None]]:
        """A gate for that many; gives what each of them awaits."""
        self._gates[name] = Gate(expected, stay)
        return lambda: self.come(name)

    async def come(self, name: str) -> None:
        """Wait at a gate; who comes when everybody was there goes through."""
        mine = asyncio.Event()
        with self._lock:
            gate = self._gates[name]
            if gate.is_full.is_set():
                return
            gate.came += 1
            gate.waiting.append((asyncio.get_running_loop(), mine))
            if gate.came == gate.expected:
                self.held[name] = self.look()
                gate.is_full.set()
        if gate.is_full.is_set() and not gate.stay:
            self.let_go(name)
        await mine.wait()

    async def everybody_is_there(self, name: str) -> None:
        """Wait until a gate is full."""
        await asyncio.to_thread(self._gates[name].is_full.wait, 60)

    def let_go(self, name: str) -> None:
        """Open a gate."""
        for loop, event in self._gates[name].waiting:
            loop.call_soon_threadsafe(event.set)


def waiting_room(meeting: Meeting) -> FastMCP[None]:
    """An MCP server whose tool waits at the gate `tool`."""
    server: FastMCP[None] = FastMCP("waiting")

    @server.tool
    async def wait() -> str:
        """Wait until everybody is there."""
        await meeting.come("tool")
        return "here"

    return server
