"""How much work one unit of a program may take before fewer of its paths are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .units import Unit

STATEMENT = 4
RECORD = 1
"""What a step of some paths costs, and what happens at it: about the time that each takes."""
_WIDTHS = ((1_600, 12), (8_000, 4), (16_000, 2), (48_000, 1))


def width(unit: Unit) -> int:
    """How many paths may take the next step beside each other: fewer the longer a unit takes, none when it takes too long."""
    unit.effort += STATEMENT
    found = next((paths for effort, paths in _WIDTHS if unit.effort < effort), 0)
    if not found:
        unit.evidence.given_up.add(unit.key[-1])
    return found
