"""How much work one unit of a program may take before fewer of its paths are followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .units import Unit

_WIDTHS = ((800, 12), (2_000, 4), (4_000, 2), (8_000, 1))


def width(unit: Unit) -> int:
    """How many paths may take the next step beside each other: fewer the longer a unit takes, none when it takes too long."""
    unit.steps += 1
    found = next((paths for steps, paths in _WIDTHS if unit.steps < steps), 0)
    if not found:
        unit.evidence.given_up.add(unit.key[-1])
    return found
