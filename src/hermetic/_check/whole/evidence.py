"""What looking at one function, module body or variable brings to light, for the whole program to be told from."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from ..._catalogue import Confidence, RemedyKind, Step
from ..._lifecycle.records import EngineCreated, Key, RegistryLeft, SessionShared
from ..paths.state import Site
from ..program.settings import Settings

Trigger: TypeAlias = tuple[Hashable, ...]
"""The slug of a hazard, and the place and kind of the record that it was shown."""
ANY = ""
"""Stands for every slug in a trigger."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A fix that a hazard asks for: its kind, the sites that it is about, the words that it needs."""

    kind: RemedyKind
    sites: tuple[Site, ...]
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a hazard saw at a site, with the record that made it look; `inside` is the place in a template that is rendered there."""

    slug: str
    site: Site
    confidence: Confidence
    message: str
    fix: str | None
    story: tuple[Step, ...]
    trigger: Trigger
    wanted: Wanted | None = None
    is_lent: bool = False
    inside: Site | None = None

    @property
    def rank(self) -> int:
        """Smaller for the surer."""
        return ("proven", "likely", "possible").index(self.confidence)


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that a module, class, default argument or cache keeps; `always` where any use of it is concurrent."""

    record: SessionShared
    module: str
    always: bool = False


@dataclass(frozen=True, slots=True)
class Built:
    """An engine, the module that builds it and, where it is one, the function."""

    record: EngineCreated
    module: str
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Unremoved:
    """A registry's session that a function leaves open; `registry` is the key of the factory that handed it out."""

    record: RegistryLeft
    module: str
    function: str
    registry: Key
    is_async: bool


@dataclass(slots=True)
class Evidence:
    """Functions and modules go by name, so that it can travel between processes.

    `settings` and `binds` tell of sessions and factories how they were made and on which engine; `called` pairs caller
    (None for a module's body) and callee, `locking` does where the caller's transaction keeps row locks, `uses` a kept thing
    and the function that reaches it, `removed` a registry and the function that empties it.
    """

    settings: dict[Key, Settings] = field(default_factory=dict)
    binds: dict[Key, Key] = field(default_factory=dict)
    sights: dict[tuple[str, Site], Sight] = field(default_factory=dict)
    clean: set[Trigger] = field(default_factory=set)
    opened: set[Hashable] = field(default_factory=set)
    called: set[tuple[str | None, str]] = field(default_factory=set)
    locking: set[tuple[str | None, str]] = field(default_factory=set)
    threads: set[str] = field(default_factory=set)
    talks: set[tuple[str, Key]] = field(default_factory=set)
    threaded: set[Key] = field(default_factory=set)
    engines: dict[Key, Built] = field(default_factory=dict)
    let_go: list[Built] = field(default_factory=list)
    kept: dict[Key, Kept] = field(default_factory=dict)
    uses: set[tuple[Key, str]] = field(default_factory=set)
    unremoved: dict[tuple[str, Key, str], Unremoved] = field(default_factory=dict)
    removed: set[tuple[Key, str | None]] = field(default_factory=set)
    leaning: set[str] = field(default_factory=set)
    unresolved: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)

    def __getstate__(self) -> dict[str, object]:
        return {name: found for name in self.__slots__ if (found := getattr(self, name))}

    def __setstate__(self, state: dict[str, Any]) -> None:  # Any: each is what its field says
        self.__init__(**state)  # type: ignore[misc]  # those that are not named are empty

    def take_over(self, other: Evidence) -> None:
        """Know of sessions and factories what another knows; what is known already stays."""
        for key, settings in other.settings.items():
            self.settings.setdefault(key, settings)
        for key, engine in other.binds.items():
            self.binds.setdefault(key, engine)

    def portable(self) -> Evidence:
        """What of this can travel to another process."""
        return replace(self, settings={}, binds={})

    def sighted(self, sight: Sight) -> None:
        """Keep the surest sight of a hazard at a site, the first of equals."""
        known = self.sights.get((sight.slug, sight.site))
        if known is None or sight.rank < known.rank:
            self.sights[sight.slug, sight.site] = sight


_SETS = (
    "clean", "opened", "called", "locking", "threads", "talks", "threaded", "uses", "removed", "leaning", "unresolved",
    "given_up",
)  # fmt: skip


def merged(all_evidence: Iterable[Evidence], whole: Evidence | None = None) -> Evidence:
    """What several units brought to light together, added to the `whole` where one is given.

    Where they disagree, the first has the word.
    """
    whole = whole or Evidence()
    for each in all_evidence:
        for sight in each.sights.values():
            whole.sighted(sight)
        for name in _SETS:
            if found := getattr(each, name):
                getattr(whole, name).update(found)
        whole.engines = {**each.engines, **whole.engines} if each.engines else whole.engines
        whole.kept = {**each.kept, **whole.kept} if each.kept else whole.kept
        whole.unremoved = {**each.unremoved, **whole.unremoved} if each.unremoved else whole.unremoved
        whole.let_go += each.let_go
    return whole
