"""Tells of a function that waits with a session that it was given whether its callers hold row locks on purpose."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..paths.state import Site
from .enclosing import Enclosing
from .evidence import Evidence, Sight

if TYPE_CHECKING:
    from ..analyzer import Analyzer


def under_locks(whole: Evidence, analyzer: Analyzer) -> Evidence:
    """The evidence, in which a wait with a session that was given is only possible where all callers lock rows."""
    lenders = _Lenders(whole, analyzer)
    sights = {
        key: replace(sight, confidence="possible") if lenders.hold_rows(sight) else sight
        for key, sight in whole.sights.items()
    }
    return replace(whole, sights=sights)


class _Lenders:
    """The calls of a program, followed back from a function that was given a session to one that opened it."""

    def __init__(self, whole: Evidence, analyzer: Analyzer) -> None:
        self._whole = whole
        self._enclosing = Enclosing(analyzer)

    @cached_property
    def _openers(self) -> frozenset[str | None]:
        """The functions in which a session is opened."""
        return frozenset(self._ident(site) for site in self._whole.opened if isinstance(site, Site))

    @cached_property
    def _callers(self) -> dict[str, set[str | None]]:
        found: dict[str, set[str | None]] = {}
        for caller, callee in self._whole.called:
            found.setdefault(callee, set()).add(caller)
        return found

    def hold_rows(self, sight: Sight) -> bool:
        """Whether every known way to a sight goes through a call under a row lock."""
        if not sight.is_lent or sight.confidence == "possible":
            return False
        stack, seen = [self._ident(sight.site)], set[str]()
        while stack:
            found = stack.pop()
            if found in seen:
                continue
            if found is None or found in self._openers:
                return False
            seen.add(found)
            callers = self._callers.get(found, set()) - {found}
            if not callers:
                return False
            stack += [caller for caller in callers if (caller, found) not in self._whole.locking]
        return True

    def _ident(self, site: Site) -> str | None:
        function = self._enclosing.function(site)
        return function.ident if function is not None else None
