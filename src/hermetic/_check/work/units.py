"""Looks at each unit of a program once, whoever asks first: what is found does not depend on the order of asking.

A unit is a function, a module's body, a variable of a module or a field of a class; looking at one asks for others.
Units that ask for each other in a circle are settled together: all begin with nothing known, and are looked at again in
the order of their keys until what they tell stands still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Protocol, TypeAlias, TypeVar

from ..program.traces import Atom, Notes, Trace, atoms_of
from ..whole.evidence import Evidence
from .answers import answer

UnitKey: TypeAlias = tuple[str, ...]
"""Its kind, the module that holds it, and its name there."""

MAX_TURNS = 4
"""How often one unit of a circle is looked at, at most: a value that grows with each turn never stands still."""
MAX_DEPTH = 40
"""How many units may be at work inside one another before the innermost is looked at by itself first."""


class Asking(Protocol):
    """Whatever is left of a unit tells whom it asked."""

    @property
    def asked(self) -> Iterable[UnitKey]: ...


Told = TypeVar("Told", bound=Asking)


class Postponed(Exception):
    """Unwinds to the outermost unit: another one has to be looked at by itself first."""

    def __init__(self, unit: Unit) -> None:
        super().__init__(unit.key)
        self.unit = unit


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is left of a unit for the whole program to be told from: what it brought to light, and whom it asked.

    For a check that remembers, also the atoms that it rests on, a name for what others were answered (empty where nobody
    asked), and the units with which it was settled.
    """

    evidence: Evidence
    asked: frozenset[UnitKey]
    atoms: frozenset[Atom] = frozenset()
    answer: str = ""
    circle: tuple[UnitKey, ...] = ()

    def portable(self) -> Seen:
        """What of this can travel to another process."""
        is_so = not (self.evidence.settings or self.evidence.binds)
        return self if is_so else replace(self, evidence=self.evidence.portable())


@dataclass(slots=True, eq=False)
class Unit:
    """One unit: how to look at it, and what that told.

    `value` is what others are answered, `unknown` what they are answered before it is known; `asked` are those it asked.
    """

    key: UnitKey
    work: Callable[[], object]
    unknown: object
    value: object = None
    evidence: Evidence = field(default_factory=Evidence)
    asked: set[UnitKey] = field(default_factory=set)
    notes: Notes = field(default_factory=Notes)
    circle: tuple[UnitKey, ...] = ()
    is_asked: bool = False
    effort: int = 0
    place: int = 0
    low: int = 0
    is_settled: bool = False

    def forget(self) -> None:
        """Know nothing again."""
        self.value, self.evidence, self.asked, self.low = self.unknown, Evidence(), set(), self.place


class Units:
    """Knows all units, and which one is at work; the outermost stands for the program itself.

    Only when it `remembers` does it tell what a unit rests on. The answers of `expected` units are told even where nobody
    asked for them yet: somebody did in an earlier check, and wants to know whether they are the same.
    """

    def __init__(self, trace: Trace | None = None) -> None:
        self._trace = trace or Trace()
        self.remembers = False
        self.expected: set[UnitKey] = set()
        self.program = Unit(("program",), lambda: None, None)
        self.current = self.program
        self._depth = 0
        self._units: dict[UnitKey, Unit] = {}
        self._open: list[Unit] = []
        self._insisted: set[UnitKey] = set()

    def ask(self, key: UnitKey, work: Callable[[], object], unknown: object) -> Unit:
        """The unit under `key`, looked at by `work` if it was not; one that is at work further up may know less yet."""
        asker = self.current
        if asker is self.program:
            return self._insist(Unit(key, work, unknown))
        asker.asked.add(key)
        self._trace.inside.add(key)
        unit = self._units.get(key) or self._begin(Unit(key, work, unknown))
        unit.is_asked = True
        if not unit.is_settled:
            asker.low = min(asker.low, unit.low)
        return unit

    def seen(self, starts: Iterable[UnitKey]) -> dict[UnitKey, Seen]:
        """The units that `starts` asked for, directly or not, and these themselves."""
        return reached(starts, self._seen if self.remembers else self._seen_once)

    def _seen_once(self, key: UnitKey) -> Seen:
        unit = self._units[key]
        return Seen(unit.evidence, frozenset(unit.asked))

    def _seen(self, key: UnitKey) -> Seen:
        """The same with all that a later check wants to know."""
        unit = self._units[key]
        noted = atoms_of(unit.notes.inside)
        asked = frozenset(key for key in self._units.keys() & noted)
        told = answer(unit.value, unit.evidence) if unit.is_asked or key in self.expected else ""
        return Seen(unit.evidence, asked | unit.asked, noted - asked, told, unit.circle)

    def give_up(self) -> None:
        """The unit at work is nested too deep: it is looked at by itself first, or, where it was, not at all."""
        if self._depth > 1 and self.current.key not in self._insisted:
            raise Postponed(self.current)
        self.current.evidence.given_up.add(self.current.key[-1])

    def _insist(self, unit: Unit) -> Unit:
        """Look at a unit with nothing around it; those too deep inside it come first."""
        waiting = [unit]
        while True:
            try:
                found = self._units.get(waiting[-1].key) or self._begin(waiting[-1])
            except Postponed as postponed:
                self._insisted.add(postponed.unit.key)
                waiting.append(postponed.unit)
            else:
                waiting.pop()
                if not waiting:
                    return found

    def _begin(self, unit: Unit) -> Unit:
        if self._depth >= MAX_DEPTH and unit.key not in self._insisted:
            raise Postponed(unit)
        unit.place = len(self._open)
        unit.forget()
        self._units[unit.key] = unit
        self._open.append(unit)
        try:
            self._look(unit)
            if unit.low == unit.place:
                self._settle(unit.place)
        except BaseException:
            for other in self._open[unit.place :]:
                del self._units[other.key]
            del self._open[unit.place :]
            raise
        return unit

    def _look(self, unit: Unit) -> None:
        """Look at a unit; what it told before stands until this is done."""
        at_work = Unit(unit.key, unit.work, unit.unknown, place=unit.place, low=unit.place)
        above, self.current = self.current, at_work
        self._depth += 1
        try:
            with self._trace.into(unit.notes):
                unit.value = unit.work()
        finally:
            self.current = above
            self._depth -= 1
        unit.evidence, unit.asked, unit.low = at_work.evidence, at_work.asked, min(at_work.low, unit.low)
        unit.effort = at_work.effort

    def _settle(self, first: int) -> None:
        """Settle all that is open from `first` on, unless it turns out to be part of a greater circle."""
        while self._in_circle(first) and not self._stands_still(first):
            if self._open[first].low < first:
                return
        circle = tuple(sorted(unit.key for unit in self._open[first:])) if self._in_circle(first) else ()
        for unit in self._open[first:]:
            unit.is_settled = True
            unit.circle = circle
        del self._open[first:]

    def _in_circle(self, first: int) -> bool:
        return len(self._open) > first + 1 or self._open[first].key in self._open[first].asked

    def _stands_still(self, first: int) -> bool:
        """Look at the open units in turns, beginning with nothing known; False when the circle is greater than them."""
        circle = sorted(self._open[first:], key=lambda unit: unit.key)
        for unit in circle:
            unit.forget()
            unit.low = first
        waiting = {unit.key for unit in circle}
        for _ in range(MAX_TURNS):
            for unit in circle:
                if unit.key not in waiting:
                    continue
                waiting.discard(unit.key)
                before, known = unit.value, unit.evidence
                self._look(unit)
                if len(self._open) > first + len(circle) or unit.low < first:
                    for other in self._open[first:]:
                        other.low = unit.low
                    return False
                if not alike(before, unit.value) or not _tells_the_same(known, unit.evidence):
                    waiting |= {other.key for other in circle if unit.key in other.asked}
            if not waiting:
                break
        return True


def reached(starts: Iterable[UnitKey], seen: Callable[[UnitKey], Told]) -> dict[UnitKey, Told]:
    """What was seen of the units that `starts` asked for, directly or not, and of these themselves."""
    found: dict[UnitKey, Told] = {}
    waiting = list(starts)
    while waiting:
        key = waiting.pop()
        if key not in found:
            told = found[key] = seen(key)
            waiting += told.asked
    return found


def _tells_the_same(one: Evidence, other: Evidence) -> bool:
    """Whether whoever asks would learn the same."""
    return one.settings == other.settings and one.binds == other.binds and one.kept.keys() == other.kept.keys()


def alike(one: object, other: object) -> bool:
    """Whether two values say the same; nodes of the syntax tree are alike when they are one."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if is_dataclass(one) and not isinstance(one, type) and one.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return all(alike(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))
    return one == other
