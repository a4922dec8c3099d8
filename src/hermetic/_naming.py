"""Understands how users name hazards: by slug or code, in any case, with the nearest name for a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ._catalogue import Hazard, catalogue
from .errors import UnknownHazard


def hazard_named(name: str) -> Hazard:
    """The hazard with this slug or code, in any case; raises UnknownHazard, which names the nearest."""
    wanted = name.strip().lower().replace("_", "-")
    for slug, hazard in catalogue().items():
        if wanted in (slug, hazard.code.lower()):
            return hazard
    known = [*catalogue(), *(hazard.code for hazard in catalogue().values())]
    raise UnknownHazard(
        f"no hazard is called {name.strip()!r}{nearest(name, known)}; `hermetic explain` lists them all"
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """`, the nearest is ...`, or nothing when no known name is near."""
    by_lower = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.strip().lower().replace("_", "-"), by_lower, n=1, cutoff=0.4)
    return f", the nearest is {by_lower[close[0]]!r}" if close else ""


def slugs(names: Iterable[str]) -> frozenset[str]:
    """The slugs for names that may be slugs or codes, and may be joined by commas."""
    return frozenset(hazard_named(part).slug for name in names for part in name.split(",") if part.strip())
