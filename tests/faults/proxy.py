"""A proxy between a client and a server that breaks connections where it is told to."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from .wire import MariaDBTalk, Talk

Where = Literal["request", "answer", "sent", "received"]
Manner = Literal["reset", "close", "stall", "delay", "orphan", "late"]

MANNERS: dict[Manner, str] = {
    "reset": "connection reset",
    "close": "connection closed",
    "stall": "silence, then connection reset",
    "delay": "silence, then all goes on",
    "orphan": "client cut off, server learns it later",
    "late": "client cut off, server hears the rest later",
}

READ_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Break:
    """One fault: after so many bytes of something, in that manner.

    "request" and "answer" are the COMMIT and what the server says to it; an answer is waited for, so that the server has
    decided. "sent" and "received" are all bytes of a connection in that direction.
    """

    where: Where
    after: int
    manner: Manner


class Proxy:
    """Listens on a port of this machine and carries bytes to a server's socket, in a thread of its own."""

    def __init__(self, target: str, *, silence_s: float = 0.15, talk: type[Talk] | type[MariaDBTalk] = Talk) -> None:
        self._target = target
        self._talk = talk
        self._silence_s = silence_s
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._lines: set[Line] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._armed: list[Break] = []
        self._draw: Callable[[], Break | None] = lambda: None
        self.injected: Counter[str] = Counter()
        self.is_frozen = threading.Event()
        self.port = 0

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def break_commit(self, *breaks: Break) -> None:
        """Break the next COMMITs, each in the next of these ways."""
        self._armed.extend(breaks)

    @property
    def armed(self) -> int:
        """How many COMMITs are still to be broken."""
        return len(self._armed)

    def storm(self, draw: Callable[[], Break | None]) -> None:
        """Give each connection from now on what is drawn for it."""
        self._draw = draw

    def freeze(self) -> None:
        """Carry nothing any more, on any connection, and close none: the network is silent from now on."""
        self.is_frozen.set()

    def calm(self) -> None:
        """Break nothing any more; connections that were to break later are cut now."""
        self._draw = lambda: None
        self._armed.clear()
        asyncio.run_coroutine_threadsafe(self._cut_all(), self._loop).result()

    async def _cut_all(self) -> None:
        for line in list(self._lines):
            line.cut(with_reset=True)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", 0)

    async def _end(self) -> None:
        self._server.close()
        carrying = list(self._carrying)
        for each in carrying:
            each.cancel()
        await asyncio.wait([*carrying, asyncio.ensure_future(asyncio.sleep(0))])

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._carry(reader, writer))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.transport.abort()
            return
        how = self._draw(), self._armed, self.injected, self._silence_s, self.is_frozen, self._talk()
        line = Line(writer, server_writer, *how)
        self._lines.add(line)
        try:
            await asyncio.gather(line.carry_up(reader), line.carry_down(server_reader))
        finally:
            line.cut(with_reset=False)
            self._lines.discard(line)


class Cut(Exception):
    """The line is cut."""


class Line:
    """One client's connection through the proxy."""

    def __init__(
        self,
        client: asyncio.StreamWriter,
        server: asyncio.StreamWriter,
        drawn: Break | None,
        armed: list[Break],
        injected: Counter[str],
        silence_s: float,
        is_frozen: threading.Event,
        talk: Talk | MariaDBTalk,
    ) -> None:
        self._client = client
        self._server = server
        self._drawn = drawn
        self._armed = armed
        self._injected = injected
        self._silence_s = silence_s
        self._is_frozen = is_frozen
        self._talk = talk
        self._passed: Counter[Where] = Counter()
        self._answer: Break | None = None
        """How the answer to the COMMIT under way is to break."""
        self._answer_bytes = 0
        self._is_breaking = False
        """Whether a fault is under way, which then says when the connections end."""

    async def carry_up(self, reader: asyncio.StreamReader) -> None:
        """Carry from the client to the server until one of them is gone."""
        with suppress(Cut, OSError):
            while data := await reader.read(READ_BYTES):
                for message in self._talk.sent(data):
                    await self._pass(message, self._break_of_request(message), self._server, "sent")
        self._hang_up()

    async def carry_down(self, reader: asyncio.StreamReader) -> None:
        """Carry from the server to the client until one of them is gone."""
        with suppress(Cut, OSError):
            while data := await reader.read(READ_BYTES):
                for message in self._talk.received(data):
                    await self._pass(message, self._break_of_answer(message), self._client, "received")
        self._hang_up()

    def _hang_up(self) -> None:
        if not self._is_breaking:
            self.cut(with_reset=False)

    def cut(self, *, with_reset: bool) -> None:
        """End both connections; with a reset nothing that is under way arrives any more."""
        _cut(self._client, with_reset=with_reset)
        _cut(self._server, with_reset=False)

    def _break_of_request(self, message: bytes) -> Break | None:
        if not self._talk.is_commit(message) or not self._armed:
            return None
        chosen = self._armed.pop(0)
        if chosen.where == "request":
            return chosen
        self._answer, self._answer_bytes = chosen, 0
        return None

    def _break_of_answer(self, message: bytes) -> Break | None:
        """The break that falls into this message, with its place told from the message's beginning."""
        if self._answer is None:
            return None
        start, self._answer_bytes = self._answer_bytes, self._answer_bytes + len(message)
        chosen = self._answer
        if chosen.after < self._answer_bytes or self._talk.ends_answer(message):
            self._answer = None
            return Break("answer", min(chosen.after - start, len(message)), chosen.manner)
        return None

    async def _pass(self, message: bytes, chosen: Break | None, to: asyncio.StreamWriter, way: Where) -> None:
        """Pass a message on, or as much of it as is to pass."""
        if self._is_frozen.is_set():
            self._injected["sent: silence"] += 1
            await asyncio.get_running_loop().create_future()
        if chosen is None and self._drawn is not None and self._drawn.where == way:
            left = self._drawn.after - self._passed[way]
            if left < len(message):
                chosen, self._drawn = Break(way, max(left, 0), self._drawn.manner), None
        self._passed[way] += len(message)
        if chosen is None:
            to.write(message)
            await to.drain()
            return
        to.write(message[: chosen.after])
        await to.drain()
        self._injected[f"{chosen.where}: {MANNERS[chosen.manner]}"] += 1
        self._is_breaking = True
        await self._do(chosen.manner, to, message[chosen.after :])
        self._is_breaking = False

    async def _do(self, manner: Manner, to: asyncio.StreamWriter, rest: bytes) -> None:
        if manner in ("orphan", "late"):
            _cut(self._client, with_reset=True)
        if manner not in ("reset", "close"):
            await asyncio.sleep(self._silence_s)
        if manner in ("delay", "late"):
            to.write(rest)
            await to.drain()
        if manner == "late":
            self._server.write_eof()
            await asyncio.sleep(self._silence_s)
        if manner != "delay":
            self.cut(with_reset=manner != "close")
            raise Cut


def _cut(writer: asyncio.StreamWriter, *, with_reset: bool) -> None:
    """Close a connection; what was written before still arrives, unless it is reset."""
    if writer.transport.is_closing():
        return
    if not with_reset:
        writer.close()
        return
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
