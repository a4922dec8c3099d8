"""What the texts of a project say of where it runs: its database, its isolation, its servers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .words import words_of

if TYPE_CHECKING:
    from .modules import Module, Project

_LOCKS = re.compile(r"\bpg_(try_)?advisory_(xact_)?lock|\bget_lock\b|\bsp_getapplock\b", re.IGNORECASE)

LOCKS, SURROUNDINGS = "locks", "surroundings"
"""What one can rest on: whether a module takes locks, and what the files together speak of."""


class Surroundings:
    """Read off all files together, and worked out once."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._locking: dict[str, bool] = {}
        self._said: dict[str, bool] = {}

    @property
    def is_postgresql(self) -> bool:
        """Whether the project speaks of PostgreSQL or of one of its drivers."""
        return self._speaks_of("postgresql")

    @property
    def is_strict(self) -> bool:
        """Whether an isolation level is chosen under which the database refuses to overwrite what it did not show."""
        return self._speaks_of("strict")

    @property
    def serves_many(self) -> bool:
        """Whether the project runs in a server or worker, where the same work is done by several at once."""
        return self._speaks_of("servers")

    def locks_by_name(self, module: Module) -> bool:
        """Whether a module takes locks by name in its database, so that its helpers may run under one."""
        module.note(LOCKS)
        if module.name not in self._locking:
            self._locking[module.name] = _LOCKS.search(module.file.text) is not None
        return self._locking[module.name]

    def _speaks_of(self, what: str) -> bool:
        self._project.trace.inside.add((SURROUNDINGS, what))
        return self.said(what)

    def said(self, what: str) -> bool:
        """Whether any file speaks of it; whoever rests on the answer notes so."""
        if what not in self._said:
            modules = self._project.modules.values()
            self._said[what] = any(what in words_of(self._project, module).speaks_of for module in modules)
        return self._said[what]
