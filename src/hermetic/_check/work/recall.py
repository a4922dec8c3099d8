"""What earlier checks saw and still holds, so that nobody has to look again.

A unit holds as long as each part of the program that it rests on says what it said, and each unit that it asked answers
as it did. So units that rest on something changed are looked at again, then those that asked one of these which answers
otherwise now, and so on: where an answer is the same as before, the change has come to its end. Units that ask each
other in a circle hold together or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from .ledger import Held, Ledger
from .starts import is_there
from .units import Seen, UnitKey, reached

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..telling.finished import Known as Findings
    from .memory import Memory


Look: TypeAlias = "Callable[[Sequence[UnitKey]], Mapping[UnitKey, Seen]]"
"""Looks at units, and at all that these ask for."""


class Recall:
    """Knows what holds, and remembers for the next check."""

    def __init__(self, analyzer: Analyzer, memory: Memory | None) -> None:
        self._analyzer = analyzer
        self._memory = memory if memory is not None and memory.is_on else None
        self._ledger = Ledger(analyzer, self._memory.units) if self._memory is not None else None
        self._seen = self._ledger.units if self._ledger is not None else {}
        analyzer.units.remembers = self._memory is not None

    def _holds(self, held: Held) -> bool:
        return self._ledger is not None and self._ledger.hold(held.rests)

    def seen(self, begin: Sequence[UnitKey], look: Look) -> dict[UnitKey, Seen | Held]:
        """All units that these lead to; `look` is asked for those of which nothing is known that holds."""
        live = reached((key for key in begin if key in self._seen), self._seen.__getitem__)
        askers: dict[UnitKey, list[UnitKey]] = {}
        for key, each in live.items():
            for other in each.asked:
                askers.setdefault(other, []).append(key)
        fresh: dict[UnitKey, Seen] = {}
        fallen = set[UnitKey]()
        falling = {key for key, each in live.items() if not self._holds(each)}
        new = [key for key in begin if key not in live]
        while falling or new:
            falling |= {mate for key in falling for mate in live[key].circle if mate in live}
            fallen |= falling
            todo = [*new, *sorted(key for key in falling if is_there(self._analyzer, key))]
            new = []
            self._analyzer.units.expected |= {key for key in falling if live[key].answer}
            fresh |= look([key for key in todo if key not in fresh])
            others = (key for key in falling if key not in fresh or fresh[key].answer != live[key].answer)
            falling = {asker for key in others for asker in askers.get(key, ())} - fallen
        told: dict[UnitKey, Seen | Held] = {key: each for key, each in live.items() if key not in fallen}
        told |= fresh
        return reached(begin, told.__getitem__)

    def keep(self, seen: Mapping[UnitKey, Seen | Held], findings: Findings) -> None:
        """Remember what was seen, and the findings that were made of it."""
        if self._memory is not None and self._ledger is not None:
            self._memory.keep_units(replace(self._ledger.left(seen), findings=findings))
