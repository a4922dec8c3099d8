"""Tells which findings the comments of a checked file cover, and which of these comments cover nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ..._allowances import Allowance, allowances
from ..._naming import hazard_named
from ...errors import UnknownHazard
from ..checked import Problem, Suppression
from ..source.discover import SourceFile


def suppressions(source: SourceFile) -> Iterator[Suppression | Problem]:
    """What the comments of a file allow, and what is wrong with them."""
    for allowance in allowances(source.text, lambda: source.tree, source.first_line):
        if allowance.problem:
            yield Problem(source.name, allowance.line, allowance.problem, "suppression")
        yield from _named(allowance, source.name)


def _named(allowance: Allowance, file: str) -> Iterator[Suppression | Problem]:
    """A suppression for each hazard that is named, and a problem for each name that is none."""
    for name in allowance.names:
        try:
            yield Suppression(file, allowance.line, hazard_named(name).slug, allowance.reason, *allowance.lines)
        except UnknownHazard as error:
            yield Problem(file, allowance.line, str(error), "suppression")
