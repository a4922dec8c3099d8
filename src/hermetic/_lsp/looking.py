"""What two processes beside the server do for one folder: one looks at all of it, the other at the file in hand.

So the server answers while they work, and neither waits for the other. They end when the server does, however it ends.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Literal, TypeAlias

from .._catalogue import Finding
from .._check.living.near import Near
from .._check.living.project import Around, LivingProject, Told
from .._check.living.trying import mends
from .._check.source.reading import Unreadable
from ..errors import CheckFailed

Seen: TypeAlias = "tuple[Finding, ...] | Literal['unknown', 'broken']"
"""The findings of a file; `unknown` before all was looked at, `broken` for a text that is no Python."""


class _Here:
    """What a process knows of its folder."""

    project: LivingProject
    near: Near


class Looking:
    """Both processes of a folder."""

    def __init__(self, root: Path) -> None:
        self._line, other = Pipe(duplex=False)[::-1]
        spawn = get_context("spawn")
        self._whole, self._near = (
            ProcessPoolExecutor(1, mp_context=spawn, initializer=_begin, initargs=(root, other)) for _ in range(2)
        )

    def at_all(self, edited: Mapping[str, str], near: list[str]) -> Future[Told | str]:
        """Look at the folder, with other texts for some files; gives a sentence where that cannot be done."""
        return self._whole.submit(_check, dict(edited), near)

    def settle(self, around: Around) -> Future[None]:
        """Have the file in hand looked at beside what is known of all."""
        return self._near.submit(_settle, around)

    def tidy(self) -> Future[None]:
        """Free what looking has left behind, before somebody types again."""
        return self._near.submit(_tidy)

    def near(self, name: str, text: str) -> Future[Seen]:
        """Look at one file with this text."""
        return self._near.submit(_look, name, text)

    def mends(self, text: str, finding: Finding) -> Future[bool]:
        """Try whether the edits of a finding mend it."""
        return self._near.submit(_mends, text, finding)

    def stop(self) -> None:
        """End both processes, whatever they are at."""
        self._line.close()
        for pool in (self._whole, self._near):
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(root: Path, line: Connection) -> None:
    """Begin in the folder, whose names are relative to it."""
    os.chdir(root)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    Thread(target=_end_with, args=(line,), daemon=True).start()
    _Here.project, _Here.near = LivingProject(root), Near()


def _end_with(line: Connection) -> None:
    """Wait for the other end to close, then end with every process that was forked from this one."""
    line.poll(None)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _check(edited: dict[str, str], near: list[str]) -> Told | str:
    try:
        return _Here.project.check(edited, near)
    except CheckFailed as error:
        return str(error)


def _settle(around: Around) -> None:
    _Here.near.settle(around)


def _tidy() -> None:
    _Here.near.tidy()


def _look(name: str, text: str) -> Seen:
    try:
        found = _Here.near.look(name, text)
    except Unreadable:
        return "broken"
    return "unknown" if found is None else found


def _mends(text: str, finding: Finding) -> bool:
    return mends(_Here.near, text, finding)
