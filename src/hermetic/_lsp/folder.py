"""Keeps the findings of one folder up to date while its files are edited.

An edit is answered in two steps: first by a look at the edited file, then, when nobody has typed for a moment, by a look
at the whole folder, which tells of every other file too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from .._catalogue import Finding
from .._check.living.moved import Moved
from .._check.living.project import Told
from .looking import Looking

NEAR_REST_S = 0.03
"""Keys that follow each other sooner are one edit."""
WHOLE_REST_S = 0.4
"""After so long without an edit the whole folder is looked at."""


class Screen(Protocol):
    """Where findings are shown."""

    def show(self, name: str, text: str | None, findings: Sequence[Finding]) -> None:
        """Show these findings of a file, and no others; `text` is that of an open one."""

    def warn(self, sentence: str) -> None:
        """Tell that no check is possible."""

    def busy(self, is_busy: bool) -> None:
        """The first look at a folder begins, or has ended."""


@dataclass(slots=True)
class Document:
    """An open file: its text, the last text of it that could be read as Python, and what was found in that.

    It is settled when the near look knows what was found in that text among all others.
    """

    text: str
    good: str | None = None
    findings: tuple[Finding, ...] = ()
    task: asyncio.Task[None] | None = None
    is_settled: bool = False

    @property
    def shown(self) -> list[Finding]:
        """The findings at their places in the text as it is now."""
        if self.good is None or self.good == self.text:
            return list(self.findings)
        return list(Moved.between(self.good, self.text).all(self.findings))


@dataclass(slots=True)
class Folder:
    """A folder, its open files by name, and the findings of all the others."""

    root: Path
    screen: Screen
    looking: Looking
    documents: dict[str, Document] = field(default_factory=dict)
    found: dict[str, list[Finding]] = field(default_factory=dict)
    _warned: str = ""
    _whole: asyncio.Task[None] | None = None
    _is_stale: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def edit(self, name: str, text: str) -> None:
        """A file is open with this text."""
        document = self.documents.setdefault(name, Document(text, findings=tuple(self.found.get(name, ()))))
        document.text, document.is_settled = text, False
        if document.task is not None:
            document.task.cancel()
        document.task = self._start(self._look_near(name, document))
        self.look()

    def close(self, name: str) -> None:
        """A file is open no longer: what it holds counts again."""
        document = self.documents.pop(name, None)
        if document is not None and document.task is not None:
            document.task.cancel()
        self.look()

    def look(self) -> None:
        """Look at the whole folder, as soon as nobody types."""
        self._is_stale = True
        if self._whole is None or self._whole.done():
            self._whole = self._start(self._look_at_all())

    def stop(self) -> None:
        """Forget the folder."""
        for task in list(self._tasks):
            task.cancel()
        self.looking.stop()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _look_near(self, name: str, document: Document) -> None:
        await asyncio.sleep(NEAR_REST_S)
        text = document.text
        seen = await asyncio.wrap_future(self.looking.near(name, text))
        if seen == "unknown":
            document.good = text
        elif seen != "broken":
            document.good, document.findings = text, seen
        self.screen.show(name, document.text, document.shown)

    async def _look_at_all(self) -> None:
        self.screen.busy(True)
        while self._is_stale:
            self._is_stale = False
            await self._quiet()
            texts = {name: each.good for name, each in self.documents.items() if each.good is not None}
            unsettled = [name for name, each in self.documents.items() if not each.is_settled]
            told = await asyncio.wrap_future(self.looking.at_all(texts, unsettled))
            if isinstance(told, str):
                self._warn(told)
            else:
                self._warned = ""
                self._take(told, texts)
                await self._settle(told)
            self.screen.busy(False)

    async def _settle(self, told: Told) -> None:
        """Have the near look know what the whole has told of the files that were edited."""
        for name, around in told.around.items():
            await asyncio.wrap_future(self.looking.settle(around))
            document = self.documents.get(name)
            if document is not None:
                document.is_settled = document.text == around.text
        await asyncio.wrap_future(self.looking.tidy())

    async def _quiet(self) -> None:
        """Wait until nobody types, and every open file was looked at."""
        while tasks := [each.task for each in self.documents.values() if each.task and not each.task.done()]:
            await asyncio.wait(tasks)
            await asyncio.sleep(WHOLE_REST_S)

    def _warn(self, sentence: str) -> None:
        if sentence != self._warned:
            self._warned = sentence
            self.screen.warn(sentence)

    def _take(self, told: Told, texts: Mapping[str, str]) -> None:
        """Show what was found; a file that was edited meanwhile keeps what the near look said."""
        found: dict[str, list[Finding]] = {}
        for finding in told.findings:
            found.setdefault(finding.file, []).append(finding)
        before, self.found = self.found, found
        for name in sorted({*before, *found, *self.documents}):
            document = self.documents.get(name)
            if document is None:
                self.screen.show(name, None, found.get(name, []))
            elif document.good == texts.get(name):
                document.findings = tuple(found.get(name, ()))
                self.screen.show(name, document.text, document.shown)
