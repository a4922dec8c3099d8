"""Keeps what a check remembers packed until somebody asks for it, so that an edit unpacks and packs little."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .cache import packed, unpacked

Name = TypeVar("Name")
Thing = TypeVar("Thing")


@dataclass(slots=True, eq=False)
class Shelves(Generic[Name, Thing]):
    """Things by name on shelves, which have names too; what stands on one is packed together."""

    _packed: dict[str, bytes] = field(default_factory=dict)
    _open: dict[str, dict[Name, Thing]] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._packed, **self._open})

    def on(self, shelf: str) -> dict[Name, Thing]:
        """What stands on a shelf, to be read only."""
        found = self._open.get(shelf)
        if found is None:
            data = self._packed.get(shelf)
            found = self._open[shelf] = {} if data is None else unpacked(data)
        return found

    def changing(self, shelf: str) -> dict[Name, Thing]:
        """What stands on a shelf, to be changed."""
        if shelf in self._packed or shelf not in self._open:
            self._open[shelf] = dict(self.on(shelf))
            self._packed.pop(shelf, None)
        return self._open[shelf]

    def copy(self) -> Shelves[Name, Thing]:
        """The same shelves; a change of these is none of the others."""
        return Shelves(self.__getstate__(), dict(self._open))

    def __getstate__(self) -> dict[str, bytes]:
        for shelf, things in self._open.items():
            if shelf not in self._packed and things:
                self._packed[shelf] = packed(things)
        return dict(self._packed)

    def __setstate__(self, state: dict[str, bytes]) -> None:
        self._packed, self._open = state, {}
