"""What earlier checks saw in modules that rest on the same as they did then, so that nobody has to look again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .grounds import Grounds
from .units import Seen, UnitKey

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from .memory import Memory


class Recall:
    """Knows the units of the modules that can be left alone, and remembers those of all for the next check."""

    def __init__(self, analyzer: Analyzer, memory: Memory | None) -> None:
        self._memory = memory if memory is not None and memory.is_on else None
        self._grounds = Grounds(analyzer) if self._memory is not None else None
        self.seen: dict[UnitKey, Seen] = {}
        if self._memory is not None and self._grounds is not None:
            grounds = self._grounds.digests
            kept = {name: seen for name, (ground, seen) in self._memory.units().items() if grounds.get(name) == ground}
            self.seen = _complete(kept)
        self._modules = {key[1] for key in self.seen}

    def knows(self, start: UnitKey) -> bool:
        """Whether all that this leads to was seen before."""
        return start[1] in self._modules

    def keep(self, seen: Mapping[UnitKey, Seen]) -> None:
        """Remember what was seen; not of a module that asked beyond what it was thought to rest on."""
        if self._memory is None or self._grounds is None:
            return
        units: dict[str, dict[UnitKey, Seen]] = {}
        beyond = set[str]()
        for key, each in seen.items():
            units.setdefault(key[1], {})[key] = each.portable()
            if not self._grounds.hold(key[1], (other[1] for other in each.asked)):
                beyond.add(key[1])
        digests = self._grounds.digests
        self._memory.keep_units({name: (digests[name], of) for name, of in units.items() if name not in beyond})


def _complete(kept: Mapping[str, Mapping[UnitKey, Seen]]) -> dict[UnitKey, Seen]:
    """The units of modules that asked only for what is known too."""
    units = {key: seen for of in kept.values() for key, seen in of.items()}
    while missing := {key[1] for key, seen in units.items() if not seen.asked <= units.keys()}:
        units = {key: seen for key, seen in units.items() if key[1] not in missing}
    return units
