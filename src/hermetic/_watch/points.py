"""The named places at which libraries are wrapped or listened to: each checked, guarded, and undone without a trace."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

STRIKES = 3
"""A hook that failed so often is taken off."""

# Any: the functions of libraries that are wrapped, of any signature.
Wrapped = Callable[..., Any]


class Points:
    """What is on now; `off` tells which points are not, and why, and `failures` how often a hook failed so far."""

    def __init__(self) -> None:
        self.off: dict[str, str] = {}
        self.failures: dict[str, int] = {}
        self._undo: dict[str, Callable[[], None]] = {}

    def wrap(self, owner: type | object, name: str, parameters: str, make: Callable[[Wrapped], Wrapped]) -> None:
        """Put a wrapper around `owner.name`, unless it takes other `parameters` (names, separated by blanks) than we know."""
        point = f"{getattr(owner, '__name__', owner)}.{name}"
        original = getattr(owner, name, None)
        if original is None:
            self.off[point] = "this version has no such function"
            return
        found = " ".join(inspect.signature(original).parameters)
        if parameters != "*" and found != parameters:
            self.off[point] = f"it takes ({found}) here, and ({parameters}) in the versions that are known"
            return
        is_own = name in vars(owner)
        ours = make(original)
        setattr(owner, name, ours)
        self._undo[point] = partial(_restore, owner, name, ours, original if is_own else None)

    def undo_later(self, point: str, undo: Callable[[], None]) -> None:
        """Have something undone with the rest; each has a name of its own."""
        if point in self._undo:
            raise ValueError(f"{point} is on already")
        self._undo[point] = undo

    def guarded(self, point: str, function: Wrapped) -> Wrapped:
        """A function whose failures are counted and never felt by whoever calls it."""
        failed, off = self.failed, self.off

        @wraps(function)
        # Any: what an event hands to its listeners.
        def heard(*args: Any) -> None:
            if point in off:
                return
            try:
                function(*args)
            except Exception as error:
                failed(point, error)

        return heard

    # Any: the arguments of what is called.
    def guard(self, point: str, work: Callable[..., object], *args: Any) -> None:
        """Do something that must not be felt when it fails."""
        try:
            work(*args)
        except Exception as error:
            self.failed(point, error)

    def failed(self, point: str, error: Exception) -> None:
        """Count a failure of ours; after the third the point is taken off, and `off` says so."""
        self.failures[point] = self.failures.get(point, 0) + 1
        if self.failures[point] < STRIKES or point in self.off:
            return
        self.off[point] = f"it failed {STRIKES} times, last with {type(error).__name__}: {error}"
        if " event " not in point and (undo := self._undo.pop(point, None)) is not None:
            # An event is being told to all its listeners now: one of them can fall silent, but not be removed.
            undo()

    def undo(self) -> None:
        """Take everything off, the latest first."""
        while self._undo:
            _, undo = self._undo.popitem()
            undo()


def _restore(owner: type | object, name: str, ours: Wrapped, original: Wrapped | None) -> None:
    """Put the original back, unless somebody else has wrapped ours in the meantime: theirs is not ours to take off."""
    if getattr(owner, name, None) is not ours:
        return
    if original is None:
        delattr(owner, name)
    else:
        setattr(owner, name, original)
