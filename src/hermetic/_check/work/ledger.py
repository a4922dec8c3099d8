"""Tells which parts of a program say what they said when the last check of it ended."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zlib import crc32

from ..models.index import IS_MAPPED
from ..models.registry import REGISTRY
from ..program.modules import IMPORT, MODULE, Project
from ..program.outlines import Outlined
from ..program.traces import Atom, atoms_of
from ..whole.evidence import Evidence
from .cache import digest
from .parts import LOCAL, Parts
from .shelves import Shelves
from .units import Seen, UnitKey

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..telling.finished import Known as Findings

Rests: TypeAlias = bytes
"""The numbers of the parts that something rests on, four bytes each."""


_SHELVES = 64
"""On so many shelves stand units and facts: few are read in no time, many let an edit write little."""


class Held(NamedTuple):
    """A unit as it is remembered: what it brought to light, if anything, whom it asked, and what `Seen` tells besides."""

    evidence: Evidence | None
    asked: tuple[UnitKey, ...]
    rests: Rests
    answer: str
    circle: tuple[UnitKey, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What a check leaves to the next.

    `modules` holds the content of each module, `places` a name for where all of them lie. `atoms` are the parts that
    something rests on, each with its number, of which there were `count` so far, and what it said; `facts` plain answers and
    `units` what was seen, each with what it rests on; `outlines` hold what each module defines, by its text, and `findings` those that were made.
    """

    modules: dict[str, str] = field(default_factory=dict)
    places: str = ""
    count: int = 0
    atoms: Shelves[Atom, tuple[int, str]] = field(default_factory=Shelves)
    facts: Shelves[Atom, tuple[object, Rests]] = field(default_factory=Shelves)
    units: Shelves[UnitKey, Held] = field(default_factory=Shelves)
    outlines: dict[str, Outlined] = field(default_factory=dict)
    findings: Findings = field(default_factory=dict)


class Ledger:
    """Asks a part at most once what it says now, and only one that may say something else than it did.

    What a module alone decides says the same while that is the same, what an import means while all modules lie where they
    lay, and whether a class is mapped while the registry holds the same; the other parts are in doubt until they are asked.
    """

    def __init__(self, analyzer: Analyzer, known: Known) -> None:
        self._parts = Parts(analyzer)
        self._project = analyzer.project
        self._said: dict[Atom, str] = {}
        self._modules = {name: self._content(name) for name in analyzer.project.modules}
        self._places = self._lying(analyzer.project)
        self._known = known
        self.units = {key: unit for shelf in known.units for key, unit in known.units.on(shelf).items()}
        self._atoms = known.atoms.copy()
        self._count = known.count
        self._doubted = {
            number: atom
            for shelf in known.atoms
            if not self._is_sure(shelf)
            for atom, (number, _) in known.atoms.on(shelf).items()
        }
        self._doubts = set(self._doubted)
        self._project.facts.recall = self._recall
        registry = known.atoms.on(_shelf((REGISTRY,))).get((REGISTRY,))
        if registry is not None and self._holds(registry[0]):
            self._doubts -= {number for number, _ in known.atoms.on(_shelf((IS_MAPPED,))).values()}

    def _content(self, name: str) -> str:
        module = self._project.modules[name]
        return f"{self._parts.header(module)} {module.file.content}"

    def _lying(self, project: Project) -> str:
        return digest(*(f"{self._parts.header(module)} {name}" for name, module in project.modules.items()))

    def _is_sure(self, shelf: str) -> bool:
        """Whether all parts on a shelf say what they said, without asking them."""
        kind, _, name = shelf.partition(" ")
        if kind == "module":
            return name in self._modules and self._known.modules.get(name) == self._modules[name]
        return name in _BY_PLACE and self._known.places == self._places

    def hold(self, rests: Rests) -> bool:
        """Whether all these parts say what they said."""
        doubts = self._doubts.intersection(array("I", rests))
        return not doubts or all(map(self._holds, doubts))

    def _holds(self, number: int) -> bool:
        atom = self._doubted[number]
        is_fine = self._known.atoms.on(_shelf(atom))[atom][1] == self.now(atom)
        if is_fine:
            self._doubts.discard(number)
        return is_fine

    def now(self, atom: Atom) -> str:
        """A name for what a part says."""
        if atom not in self._said:
            known = self._known.atoms.on(_shelf(atom)).get(atom)
            is_sure = known is not None and known[0] not in self._doubts
            self._said[atom] = known[1] if known is not None and is_sure else self._parts.now(atom)
        return self._said[atom]

    def _recall(self, atom: Atom) -> tuple[object] | None:
        """What a fact was, in a tuple, if that holds."""
        known = self._known.facts.on(_home(atom)).get(atom)
        return (known[0],) if known is not None and self.hold(known[1]) else None

    def left(self, seen: Mapping[UnitKey, Seen | Held]) -> Known:
        """What to leave to the next check, which saw these units."""
        units = self._left_units(seen)
        facts = self._left_facts()
        self._forget()
        return Known(self._modules, self._places, self._count, self._atoms, facts, units, dict(self._project.outlines))

    def _left_units(self, seen: Mapping[UnitKey, Seen | Held]) -> Shelves[UnitKey, Held]:
        units = self._known.units.copy()
        homes = dict[str, dict[UnitKey, Held]]()
        for key, each in seen.items():
            homes.setdefault(_home(key), {})[key] = each if isinstance(each, Held) else self._held(each)
        for home in {*units, *homes}:
            here, before = homes.get(home, {}), units.on(home)
            if len(here) != len(before) or any(before.get(key) is not unit for key, unit in here.items()):
                shelf = units.changing(home)
                shelf.clear()
                shelf.update(here)
        return units

    def _held(self, seen: Seen) -> Held:
        return Held(
            seen.evidence if seen.evidence.__getstate__() else None,
            tuple(seen.asked),
            self._numbered(seen.atoms),
            seen.answer,
            seen.circle,
        )

    def _left_facts(self) -> Shelves[Atom, tuple[object, Rests]]:
        """The facts that were asked for, and those of which nothing is in doubt that they rest on."""
        found, done = self._project.facts.found, set[Atom]()
        fresh = dict[Atom, tuple[object, Rests]]()
        while new := [atom for atom in found if atom not in done]:
            done.update(new)
            for atom in new:
                value, notes = found[atom]
                if notes is not None:
                    fresh[atom] = value, self._numbered(atoms_of(notes.inside))
        facts = self._known.facts.copy()
        for home in list(facts):
            here = facts.on(home)
            gone = [atom for atom, (_, rests) in here.items() if not self._doubts.isdisjoint(array("I", rests))]
            for atom in gone:
                del facts.changing(home)[atom]
        for atom, fact in fresh.items():
            facts.changing(_home(atom))[atom] = fact
        return facts

    def _numbered(self, atoms: Iterable[Atom]) -> Rests:
        return array("I", sorted(self._number(atom) for atom in atoms)).tobytes()

    def _number(self, atom: Atom) -> int:
        """The number of a part, with what it says now kept."""
        shelf, now = _shelf(atom), self.now(atom)
        found = self._atoms.on(shelf).get(atom)
        if found is None:
            found = self._count, now
            self._count += 1
            self._atoms.changing(shelf)[atom] = found
        elif found[1] != now:
            found = found[0], now
            self._atoms.changing(shelf)[atom] = found
        return found[0]

    def _forget(self) -> None:
        """Know nothing of parts that are still in doubt, and that nobody asked what they say: nothing rests on them."""
        for number in self._doubts:
            atom = self._doubted[number]
            if atom in self._said:
                self._number(atom)
            else:
                del self._atoms.changing(_shelf(atom))[atom]


_BY_PLACE = frozenset({MODULE, IMPORT})


def _home(name: Atom) -> str:
    """The shelf of a fact or unit, by its module."""
    return str(crc32(str(name[1]).encode()) % _SHELVES) if len(name) > 1 else ""


def _shelf(atom: Atom) -> str:
    """The shelf of a part: one for all that a module alone decides, else one for each kind."""
    return f"module {atom[1]}" if atom[0] in LOCAL else f"kind {atom[0]}"
