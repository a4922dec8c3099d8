"""What a user may set about watching; the launcher hands it to child processes as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Literal

Mode = Literal["off", "count", "log", "raise"]
"""What is done with a finding: nothing, it is kept, it is kept and logged, or it is raised at the scope's edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a program is watched; `levels` gives single hazards, by slug, a mode of their own.

    `sample` is the share of sessions that are watched. `root` is the folder of the user's code; when empty, all code is
    theirs that is neither installed nor of the standard library. A transaction is long from `long_transaction_s` on in
    which it asks nothing of the database, an event loop blocked from `blocked_ms` on. `under_test` says that requests
    are made by a test suite, None that it is to be found out. What the lines of a test itself throw away is information
    only unless `tests_count`. `live` says that somebody looks on, for whom what goes on is measured.
    """

    mode: Mode = "log"
    levels: Mapping[str, Mode] = field(default_factory=lambda: MappingProxyType({}))
    sample: float = 1.0
    root: str = ""
    long_transaction_s: float = 1.0
    blocked_ms: float = 20.0
    tests_count: bool = True
    under_test: bool | None = None
    live: bool = False

    def mode_of(self, slug: str) -> Mode:
        """The mode that holds for a hazard."""
        return self.levels.get(slug, self.mode)

    def to_json(self) -> str:
        """The settings as one line of JSON."""
        told = {known.name: getattr(self, known.name) for known in fields(self)}
        return json.dumps(told | {"levels": dict(self.levels)}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings that `to_json` wrote; a key that this version does not know is passed over."""
        names = {known.name for known in fields(cls)}
        return cls(**{name: value for name, value in json.loads(text).items() if name in names})
