"""Tells which Python a line is written for that this one is too old to read."""

from __future__ import annotations

import re
import sys

_NAME = r"[A-Za-z_][\w.]*"
_NEWER: tuple[tuple[int, re.Pattern[str]], ...] = (
    (14, re.compile(rf"^\s*except\*?\s+{_NAME}(?:\s*,\s*{_NAME})*\s*,\s*(?:[\w.]*\.)?_*[A-Z]\w*\s*,?\s*:")),
    (14, re.compile(r"""(?<![\w"'])(?:[tT][rR]?|[rR][tT])(?:"|')""")),
    (13, re.compile(r"^\s*(?:(?:async\s+)?def|class|type)\s+\w+\[[^\]]*\w\s*=")),
    (12, re.compile(r"^\s*(?:(?:async\s+)?def|class)\s+\w+\[|^\s*type\s+\w+(?:\[.*\])?\s*=")),
)
"""Minor versions of Python 3 with what only they and later ones read, the newest first.

`except A, B:` is told from Python 2's `except A, error:` by its last name, which is a class's there and a variable's here.
"""


def newer_python(line: str, running: tuple[int, int] = sys.version_info[:2]) -> str | None:
    """The oldest Python that reads a line which the running one refuses; None where the line tells of none."""
    found = next((minor for minor, pattern in _NEWER if pattern.search(line)), None)
    return f"3.{found}" if found is not None and (3, found) > running else None
