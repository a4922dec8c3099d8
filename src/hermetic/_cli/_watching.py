"""Checks again whenever a file changes, with `watchfiles`: the system tells of changes, nothing is polled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .._check.source.discover import MARKDOWN, PYTHON
from .._check.source.ignored import NEVER
from .._check.templates.files import is_template
from ..errors import CheckFailed
from ._printing import say

if TYPE_CHECKING:
    from watchfiles import Change

QUIET_MS = 100
"""Changes that follow each other sooner are one."""

LONGEST_MS = 1_000
"""A flood of changes is answered this soon."""

_NAMES = (".gitignore",)


def watch(paths: tuple[str, ...], written: list[Path], once: Callable[[], object]) -> None:
    """Run `once` now and after every change below `paths`, until Ctrl-C; `written` are files of its own.

    Raises CheckFailed where watchfiles is not installed, or a path does not exist.
    """
    try:
        changed = _changes(paths, {path.resolve() for path in written})
        for _ in changed:
            click.clear()
            try:
                once()
            except CheckFailed as error:
                say(f"hermetic: {error}\n", to_stderr=True)
            say("watching for changes, Ctrl-C ends it\n", to_stderr=True)
    except KeyboardInterrupt:
        return


def _changes(paths: tuple[str, ...], written: set[Path]) -> Iterator[None]:
    """Once as soon as changes are seen, then after each change that matters."""
    try:
        from watchfiles import watch as watched  # an extra, for those who watch
    except ImportError:
        raise CheckFailed("--watch needs watchfiles; pip install 'hermetic[watch]'") from None

    roots = [Path(path) for path in paths] or [Path()]
    for root in roots:
        if not root.exists():
            raise CheckFailed(f"no such path: {str(root)!r}; give a file or a directory that exists below {Path.cwd()}")
    rounds = watched(
        *roots, watch_filter=partial(_matters, written), debounce=LONGEST_MS, step=QUIET_MS, rust_timeout=QUIET_MS, yield_on_timeout=True,
        ignore_permission_denied=True,
    )  # fmt: skip
    next(rounds)
    yield
    for changes in rounds:
        if changes:
            yield


def _matters(written: set[Path], change: Change, path: str) -> bool:
    return concerns(Path(path), written)


def concerns(path: Path, written: set[Path]) -> bool:
    """Whether a change of this file can change what a check tells; its own reports cannot."""
    if any(part in NEVER or part.startswith(".hermetic") for part in path.parts[:-1]):
        return False
    if path.suffix not in (*PYTHON, *MARKDOWN, ".toml") and path.name not in _NAMES and not is_template(path):
        return False
    return path.resolve() not in written
