"""Tells which modules the findings of a file rest on, from what the last check of all of them left."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ..program.outlines import Bound
from ..program.traces import Atom
from ..work.units import UnitKey, reached

if TYPE_CHECKING:
    from ..work.ledger import Held, Known


class Rests:
    """What the units of a project rest on, by the modules that hold it."""

    def __init__(self, known: Known, modules: Collection[str]) -> None:
        self._known = known
        self._modules = modules

    @cached_property
    def _units(self) -> dict[UnitKey, Held]:
        return {key: unit for shelf in self._known.units for key, unit in self._known.units.on(shelf).items()}

    @cached_property
    def _parts(self) -> dict[int, Atom]:
        return {
            number: atom for shelf in self._known.atoms for atom, (number, _) in self._known.atoms.on(shelf).items()
        }

    @cached_property
    def _facts(self) -> dict[Atom, bytes]:
        return {atom: rests for shelf in self._known.facts for atom, (_, rests) in self._known.facts.on(shelf).items()}

    def of(self, modules: Collection[str]) -> frozenset[str]:
        """The names of the modules that the units of these rest on, and of all that these ask or import."""
        own = [key for key in self._units if key[1] in modules]
        units = reached(own, self._units.__getitem__)
        found = {key[1] for key in units if len(key) > 1}
        found.update(str(name) for atom in self._atoms(units.values()) for name in atom[1:])
        found.update(target for module in modules for target in self._imported(module))
        return frozenset(found.intersection(self._modules))

    def _imported(self, module: str) -> Iterator[str]:
        """Where the names come from that a module imports, by way of all that hand them on."""
        waiting = [(module, name) for name, kind, _, _ in self._names(module) if kind == "import"]
        seen = set[tuple[str, str]]()
        while waiting:
            at = waiting.pop()
            bound = next((each for each in self._names(at[0]) if each[0] == at[1] and each[1] == "import"), None)
            if bound is None or at in seen:
                continue
            seen.add(at)
            target, attribute = str(bound[2]), bound[3]
            yield target
            if attribute is not None:
                yield f"{target}.{attribute}"
                waiting.append((target, attribute))

    def _names(self, module: str) -> tuple[Bound, ...]:
        known = self._known.outlines.get(module)
        return () if known is None else known.outline[0]

    def _atoms(self, units: Collection[Held]) -> Iterator[Atom]:
        """The parts that units rest on, directly or by way of a fact."""
        waiting = [number for unit in units for number in array("I", unit.rests)]
        seen = set[int]()
        while waiting:
            number = waiting.pop()
            atom = self._parts.get(number)
            if atom is None or number in seen:
                continue
            seen.add(number)
            yield atom
            waiting += array("I", self._facts.get(atom, b""))
