"""Notes what an answer was worked out from, so that it can be kept for as long as all of that stays the same.

Whoever reads a part of the program notes an *atom* for it: a tuple that names the part, and that `atoms` can ask again
what it says now. An answer that is worked out once and given to many carries its notes along, so that each of them
rests on what it was worked out from.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeAlias, TypeVar, cast

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")

Atom: TypeAlias = tuple[Hashable, ...]
"""The kind of a part, the module that holds it, and what it is called there."""


class Notes:
    """What one answer was worked out from: atoms, and the notes of other answers."""

    __slots__ = ("inside",)

    def __init__(self) -> None:
        self.inside: set[Atom | Notes] = set()


class Trace:
    """The notes of what is being worked out now; those of nothing in particular at first."""

    __slots__ = ("inside",)

    def __init__(self) -> None:
        self.inside: set[Atom | Notes] = set()

    def into(self, notes: Notes) -> Noting:
        """What is noted inside of this block goes to these notes, and nowhere else."""
        return Noting(self, notes)

    def apart(self) -> Noting:
        """What is noted inside is nobody's: whoever asked notes the answer itself."""
        return Noting(self, Notes())


class Noting:
    """A block that notes apart; a class of its own, since hundreds of thousands are entered."""

    __slots__ = ("_before", "_notes", "_trace")

    def __init__(self, trace: Trace, notes: Notes) -> None:
        self._trace, self._notes, self._before = trace, notes, trace.inside

    def __enter__(self) -> None:
        self._before, self._trace.inside = self._trace.inside, self._notes.inside

    def __exit__(self, *_: object) -> None:
        self._trace.inside = self._before


class Remembered(Generic[Key, Answer]):
    """Answers worked out once each, with their notes."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._known: dict[Key, tuple[Answer, Notes]] = {}

    def get(self, key: Key, work: Callable[[], Answer]) -> Answer:
        """The answer under `key`, by `work` when it is asked for first."""
        known = self._known.get(key)
        if known is None:
            notes = Notes()
            with self._trace.into(notes):
                answer = work()
            known = self._known[key] = answer, notes
        self._trace.inside.add(known[1])
        return known[0]


class Guarded(Generic[Key, Answer]):
    """The same for answers that may be asked for again on the way to themselves, and are `meanwhile` something else.

    What was worked out from such a half-way answer is not kept, unless it is the one that all of this began with: so
    that what is answered does not depend on what was asked first.
    """

    def __init__(self, trace: Trace, meanwhile: Callable[[Key], Answer]) -> None:
        self._trace = trace
        self._meanwhile = meanwhile
        self._known: dict[Key, tuple[Answer, Notes]] = {}
        self._open: dict[Key, tuple[int, Notes]] = {}
        self._lowest = 0

    def get(self, key: Key, work: Callable[[], Answer]) -> Answer:
        """The answer under `key`, by `work` when it is asked for first."""
        known = self._known.get(key)
        if known is not None:
            self._trace.inside.add(known[1])
            return known[0]
        if key in self._open:
            place, notes = self._open[key]
            self._lowest = min(self._lowest, place)
            self._trace.inside.add(notes)
            return self._meanwhile(key)
        return self._worked_out(key, work)

    def _worked_out(self, key: Key, work: Callable[[], Answer]) -> Answer:
        place, notes, before = len(self._open), Notes(), self._lowest
        self._open[key] = place, notes
        self._lowest = place
        try:
            with self._trace.into(notes):
                answer = work()
        finally:
            del self._open[key]
            lowest, self._lowest = self._lowest, min(before, self._lowest)
        self._trace.inside.add(notes)
        if lowest == place:
            self._known[key] = answer, notes
        return answer


class Facts:
    """Plain answers that outlive a check: given again while all that they were worked out from says the same.

    `recall` gives one that does, in a tuple; `found` has them all, with notes where it was worked out anew.

    Whoever rests on one notes its atom, which stands for the answer, instead of what that was worked out from.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.found: dict[Atom, tuple[object, Notes | None]] = {}
        self.recall: Callable[[Atom], tuple[object] | None] = lambda _: None

    def get(self, atom: Atom, work: Callable[[], Answer]) -> Answer:
        """The fact of this name, by `work` where it does not hold any more; `work` gives tuples, strings and the like."""
        found = self.found.get(atom)
        if found is None:
            notes = Notes()
            with self._trace.into(notes):
                known = self.recall(atom)
                found = (work(), notes) if known is None else (known[0], None)
            self.found[atom] = found
        return cast(Answer, found[0])


def atoms_of(inside: set[Atom | Notes]) -> frozenset[Atom]:
    """All atoms that were noted, directly or with the answers of others."""
    found: set[Atom] = set()
    seen: set[Notes] = set()
    waiting = [inside]
    while waiting:
        for each in waiting.pop():
            if not isinstance(each, Notes):
                found.add(each)
            elif each not in seen:
                seen.add(each)
                waiting.append(each.inside)
    return frozenset(found)
