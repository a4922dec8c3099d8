"""What `hermetic run` knows of the processes below it: who they are, and what they saw, each finding told once with its counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..._catalogue import Finding
from ..seen import Seen
from .pulse import Pulse
from .wire import Hello, identity

Key = tuple[str, str, int, int, str]


@dataclass(frozen=True, slots=True)
class Sighted:
    """A finding with what all processes together saw of it; `pids` are sorted."""

    finding: Finding
    count: int
    total_ms: float
    first: float
    last: float
    pids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A Python process that started below the run; `off` tells why it is not watched, or is empty."""

    pid: int
    python: str
    ppid: int
    off: str
    argv: tuple[str, ...]

    @classmethod
    def read(cls, file: Path) -> Note | None:
        """The note in a file named by its process; None while that is being written."""
        try:
            python, ppid, off, argv = file.read_text("utf-8", "replace").split("\n", 3)
            return cls(int(file.name), python, int(ppid), off, tuple(argv.split("\0")))
        except (OSError, ValueError):
            return None


@dataclass(slots=True)
class Gathered:
    """Hears the processes of a run; calls `announce` when one begins, `tell` when a finding is new and each time its count has
    grown tenfold.
    """

    announce: Callable[[Hello], object] = lambda hello: None
    tell: Callable[[Sighted], object] = lambda sighted: None
    processes: dict[tuple[int, int], Hello] = field(default_factory=dict)
    connected: dict[tuple[int, int], int] = field(default_factory=dict)
    _seen: dict[Key, dict[tuple[int, int], Seen]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def began(self, hello: Hello) -> None:
        """A process says hello; after it lost its connection, it does so again."""
        who = (hello.pid, hello.started_ns)
        with self._lock:
            is_new = who not in self.processes
            self.processes[who] = hello
            self.connected[who] = self.connected.get(who, 0) + 1
            if is_new:
                self.announce(hello)

    def changed(self, hello: Hello) -> None:
        """A process tells anew what it is: something in it is off by now."""
        with self._lock:
            self.processes[hello.pid, hello.started_ns] = hello

    def saw(self, hello: Hello, seen: Seen) -> None:
        """A process tells of a finding: its own count so far, which replaces what it said before."""
        key = identity(seen.finding)
        with self._lock:
            by_process = self._seen.setdefault(key, {})
            before = sum(each.count for each in by_process.values())
            by_process[hello.pid, hello.started_ns] = replace(seen, pid=hello.pid)
            sighted = _together(list(by_process.values()))
            if not before or len(str(sighted.count)) > len(str(before)):
                self.tell(sighted)

    def pulsed(self, hello: Hello, pulse: Pulse) -> None:
        """A process tells what goes on in it, which is nothing that a run keeps."""

    def left(self, hello: Hello) -> None:
        """A process hung up."""
        with self._lock:
            self.connected[hello.pid, hello.started_ns] -= 1

    def still_there(self) -> list[Hello]:
        """The processes that have not hung up."""
        with self._lock:
            return [hello for who, hello in self.processes.items() if self.connected[who] > 0]

    def sighted(self) -> list[Sighted]:
        """Every finding by file and line, with the words of the process that saw it last."""
        with self._lock:
            found = [_together(list(by_process.values())) for by_process in self._seen.values()]
        return sorted(
            found, key=lambda each: (each.finding.file, each.finding.line, each.finding.column, each.finding.code)
        )


def _together(seen: list[Seen]) -> Sighted:
    return Sighted(
        finding=max(seen, key=lambda each: each.last).finding,
        count=sum(each.count for each in seen),
        total_ms=sum(each.total_ms for each in seen),
        first=min(each.first for each in seen),
        last=max(each.last for each in seen),
        pids=tuple(sorted({each.pid for each in seen})),
    )
