"""The progress bar of a check that takes its time."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column

PATIENCE_S = 0.5
"""A check that is done sooner shows no bar."""


class Bar:
    """A bar on stderr that appears only when the wait is worth it, and is gone afterwards."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        stage = TextColumn("{task.description}", table_column=Column(max_width=50, no_wrap=True, overflow="ellipsis"))
        columns = (MofNCompleteColumn(), BarColumn(), stage)
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("", total=None)
        self._from = time.monotonic() + patience_s

    def show(self, stage: str, done: int, total: int) -> None:
        """Tell how far a stage is; a total of 0 means that it is not known."""
        if time.monotonic() < self._from:
            return
        self._progress.start()
        self._progress.update(self._task, description=stage, completed=done, total=total or None)

    def stop(self) -> None:
        self._progress.stop()
