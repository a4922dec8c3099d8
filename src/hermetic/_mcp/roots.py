"""The folders that a server may read, and nothing beside them."""

from __future__ import annotations

import threading
from pathlib import Path

from .._catalogue import CONFIDENCES, Confidence
from .._check.checked import Report
from .._check.living.project import LivingProject
from .._check.options.config import Overrides
from .._check.telling.changes import changes_since
from ..errors import BadConfig


class Root:
    """One folder: it is read and never written, and what the last check of it saw is kept in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._project = LivingProject(self.folder, no_trace=True)
        self._lock = threading.Lock()

    def report(self, min_confidence: str, revision: str | None = None) -> Report:
        """Check the folder; with a git revision only what changes since then touch. Raises CheckFailed."""
        changes = None if revision is None else changes_since(revision, self.folder)
        with self._lock:
            return self._project.report(Overrides(min_confidence=_confidence(min_confidence)), changes)


class Roots:
    """Folders, the first of which relative paths begin at."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self._roots = [Root(folder) for folder in folders]

    @property
    def first(self) -> Root:
        return self._roots[0]

    def of(self, path: str) -> tuple[Root, Path]:
        """The folder that a path lies in, and where that really is; raises BadConfig for one outside of all."""
        place = (self.first.folder / path).resolve()
        root = next((each for each in self._roots if place.is_relative_to(each.folder)), None)
        if root is None:
            allowed = ", ".join(str(each.folder) for each in self._roots)
            raise BadConfig(f"{path} lies outside of what this server may read: {allowed}")
        if not place.exists():
            raise BadConfig(f"no such path: {path}")
        return root, place


def _confidence(name: str) -> Confidence:
    for confidence in CONFIDENCES:
        if name == confidence:
            return confidence
    raise BadConfig(f"{name!r} is no confidence; say one of {', '.join(CONFIDENCES)}")
