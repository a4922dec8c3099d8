"""Tells which parts of a program say what they said when the last check of it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..program.outlines import Outline
from ..program.traces import Atom, atoms_of
from .cache import digest
from .parts import LOCAL, Parts
from .units import Seen, UnitKey

if TYPE_CHECKING:
    from ..analyzer import Analyzer


@dataclass(frozen=True, slots=True)
class Known:
    """What a check leaves to the next.

    `modules` holds the content of each module, `said` what the parts said that others rest on, `facts` plain answers and
    `seen` units, both with the parts that they rest on; `outlines` hold what each module defines, by its text.
    """

    modules: dict[str, str] = field(default_factory=dict)
    said: dict[Atom, str] = field(default_factory=dict)
    facts: dict[Atom, tuple[object, tuple[Atom, ...]]] = field(default_factory=dict)
    seen: dict[UnitKey, Seen] = field(default_factory=dict)
    outlines: dict[str, tuple[str, Outline]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing that something else speaks of."""
        units = self.seen.values()
        return all(each.asked <= self.seen.keys() and each.atoms <= self.said.keys() for each in units)


class Ledger:
    """Asks a part at most once what it says now."""

    def __init__(self, analyzer: Analyzer, known: Known) -> None:
        self.known = known if known.is_whole else Known()
        self._parts = Parts(analyzer)
        self._project = analyzer.project
        self._said: dict[Atom, str] = {}
        self._modules = {name: self._content(name) for name in analyzer.project.modules}
        same = {name for name, content in self._modules.items() if self.known.modules.get(name) == content}
        self._fine = {atom for atom in self.known.said if atom[0] in LOCAL and atom[1] in same}
        self._project.facts.known, self._project.facts.holds = self.known.facts, self.hold

    def hold(self, atoms: Iterable[Atom]) -> bool:
        """Whether all these parts say what they said."""
        return all(self.holds(atom) for atom in frozenset(atoms) - self._fine)

    def holds(self, atom: Atom) -> bool:
        """Whether this part does."""
        before = self.known.said.get(atom)
        is_fine = before is not None and before == self.now(atom)
        if is_fine:
            self._fine.add(atom)
        return is_fine

    def now(self, atom: Atom) -> str:
        """A name for what a part says; what a module alone decides says the same while that is the same."""
        if atom in self._fine:
            return self.known.said[atom]
        if atom not in self._said:
            self._said[atom] = self._parts.now(atom)
        return self._said[atom]

    def _content(self, name: str) -> str:
        module = self._project.modules[name]
        return digest(repr(self._parts.header(module)), module.file.text)

    def left(self, seen: Mapping[UnitKey, Seen]) -> Known:
        """What to leave to the next check, which saw these units."""
        atoms = {atom for each in seen.values() for atom in each.atoms}
        now = {atom: self.now(atom) for atom in atoms}
        facts = {
            atom: (value, tuple(atoms_of(notes.inside))) for atom, (value, notes) in self._project.facts.found.items()
        }
        now |= {atom: self.now(atom) for _, rests in list(facts.values()) for atom in rests}
        return Known(
            self._modules, now, facts, {key: each.portable() for key, each in seen.items()}, self._project.outlines
        )
