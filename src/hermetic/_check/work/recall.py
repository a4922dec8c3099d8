"""What earlier checks saw and still holds, so that nobody has to look again.

A unit holds as long as each part of the program that it rests on says what it said, and each unit that it asked answers
as it did. So units that rest on something changed are looked at again, then those that asked one of these which answers
otherwise now, and so on: where an answer is the same as before, the change has come to its end. Units that ask each
other in a circle hold together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from ..program.traces import Atom
from .cache import digest
from .parts import LOCAL, Parts
from .starts import is_there
from .units import Seen, UnitKey, reached

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from .memory import Memory


@dataclass(frozen=True, slots=True)
class Known:
    """What a check leaves to the next: the content of each module, what the parts said that units rest on, and the units."""

    modules: dict[str, str] = field(default_factory=dict)
    said: dict[Atom, str] = field(default_factory=dict)
    seen: dict[UnitKey, Seen] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing that something else speaks of."""
        units = self.seen.values()
        return all(each.asked <= self.seen.keys() and each.atoms <= self.said.keys() for each in units)


Look: TypeAlias = "Callable[[Sequence[UnitKey]], Mapping[UnitKey, Seen]]"
"""Looks at units, and at all that these ask for."""


class Recall:
    """Knows what holds, and remembers for the next check."""

    def __init__(self, analyzer: Analyzer, memory: Memory | None) -> None:
        self._analyzer = analyzer
        self._memory = memory if memory is not None and memory.is_on else None
        self._seen: dict[UnitKey, Seen] = {}
        self._said: dict[Atom, str] = {}
        if self._memory is None:
            return
        analyzer.units.remembers = True
        self._parts = Parts(analyzer)
        known = self._memory.units()
        self._seen = known.seen if known.is_whole else {}
        self._modules = {name: _content(self._parts, name) for name in analyzer.project.modules}
        self._said = dict(self._now(known.said, known.modules))
        self._changed = {atom for atom, said in known.said.items() if self._said[atom] != said}

    def _now(self, said: Mapping[Atom, str], modules: Mapping[str, str]) -> Iterator[tuple[Atom, str]]:
        """What each part says now; what a module alone decides says the same while that has not changed."""
        for atom, before in said.items():
            is_same = atom[0] in LOCAL and modules.get(str(atom[1])) == self._modules.get(str(atom[1]), "")
            yield atom, before if is_same else self._parts.now(atom)

    def seen(self, begin: Sequence[UnitKey], look: Look) -> dict[UnitKey, Seen]:
        """All units that these lead to; `look` is asked for those of which nothing is known that holds."""
        live = reached((key for key in begin if key in self._seen), self._seen.__getitem__)
        askers: dict[UnitKey, list[UnitKey]] = {}
        for key, each in live.items():
            for other in each.asked:
                askers.setdefault(other, []).append(key)
        fresh: dict[UnitKey, Seen] = {}
        fallen = set[UnitKey]()
        falling = {key for key, each in live.items() if not self._changed.isdisjoint(each.atoms)}
        new = [key for key in begin if key not in live]
        while falling or new:
            falling |= {mate for key in falling for mate in live[key].circle if mate in live}
            fallen |= falling
            todo = [*new, *sorted(key for key in falling if is_there(self._analyzer, key))]
            new = []
            fresh |= look([key for key in todo if key not in fresh])
            others = (key for key in falling if key not in fresh or fresh[key].answer != live[key].answer)
            falling = {asker for key in others for asker in askers.get(key, ())} - fallen
        holding = {key: each for key, each in live.items() if key not in fallen}
        return reached(begin, {**holding, **fresh}.__getitem__)

    def keep(self, seen: Mapping[UnitKey, Seen]) -> None:
        """Remember what was seen."""
        if self._memory is None:
            return
        atoms = {atom for each in seen.values() for atom in each.atoms}
        said = {atom: self._said.get(atom) or self._parts.now(atom) for atom in atoms}
        self._memory.keep_units(Known(self._modules, said, {key: each.portable() for key, each in seen.items()}))


def _content(parts: Parts, name: str) -> str:
    module = parts.project.modules[name]
    return digest(repr(parts.header(module)), module.file.text)
