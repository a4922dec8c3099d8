"""Shows what happened to the hazards, and turns what they answer into findings."""

from __future__ import annotations

import ast
import linecache
import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter_ns
from typing import TypeGuard

from .._catalogue import Finding, Hazard, Logic, Moment, Severity, Sighting, Step, catalogue
from .._fingerprints import Scopes, marked
from .._lifecycle.instance import InstanceState
from .._lifecycle.outcome import FINE, Outcome
from .._lifecycle.records import Key, Record, Where
from .._lifecycle.session import SessionState
from .._where import Place, Site, Sites
from .allowed import Allowed
from .collector import Collector, Tally
from .settings import Settings

FILES = 4
"""So many files are kept as syntax trees, each since the first finding in it."""

NOWHERE = Place("?", 1, 1, 1, 1, "", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A record together with what was measured around it; `subject` (`Model.attr`) tells apart findings of one line.

    `is_doubtful` says that it may well be meant, so that it is information only; a `severity` is said
    instead of the hazard's own.
    """

    record: Record
    history: Sequence[Record] = ()
    outcome: Outcome = FINE
    session: SessionState | None = None
    instance: InstanceState | None = None
    instances: tuple[InstanceState, ...] = ()
    notes: tuple[str, ...] = ()
    on_event_loop: bool = False
    in_loop_over: Key | None = None
    subject: str = ""
    ms: float = 0.0
    is_doubtful: bool = False
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query brought, as the thing that a loop goes over."""

    query: int
    kind: str = "rows"


class Teller:
    """One for a watched program."""

    def __init__(self, settings: Settings, sites: Sites, collector: Collector) -> None:
        self.settings = settings
        self.sites = sites
        self.collector = collector
        self.allowed = Allowed(sites)
        self._logics: dict[type[Record], list[tuple[Hazard, Logic]]] | None = None
        self._read: dict[str, Scopes] = {}
        self._lock = threading.RLock()
        self._loaded = self._took = 0

    def took_since(self, ns: int) -> int:
        """The nanoseconds since a time that went into loading the hazards, which happens when they are asked first."""
        return self._took if self._loaded >= ns else 0

    def tell(self, scene: Scene) -> list[Tally]:
        """Show a scene to the hazards that watch its kind of record; gives the findings that they made."""
        told = []
        for hazard, logic in self._watchers(type(scene.record)):
            if self.settings.mode_of(hazard.slug) == "off":
                continue
            for sighting in logic(self._moment(scene)):
                tally = self._keep(hazard, sighting, scene)
                if tally is not None:
                    told.append(tally)
        return told

    def _watchers(self, kind: type[Record]) -> Sequence[tuple[Hazard, Logic]]:
        if self._logics is None:
            with self._lock:
                self._loaded = perf_counter_ns()
                self._logics = self._logics or _logics()
                self._took = perf_counter_ns() - self._loaded
        return self._logics.get(kind, ())

    def _moment(self, scene: Scene) -> Moment:
        from .._lifecycle.model import Lifecycle

        life = Lifecycle()
        if scene.session is not None:
            life.sessions[scene.session.key] = scene.session
        for known in (*scene.instances, *((scene.instance,) if scene.instance else ())):
            life.instances[known.key] = known
        where = Where(on_event_loop=scene.on_event_loop, in_loop_over=scene.in_loop_over, notes=scene.notes)
        history: Callable[[], Sequence[Record]] = partial(_given, scene.history)
        return Moment(scene.record, scene.outcome, scene.session, scene.instance, life, where, history, self._text)

    def _text(self, site: Hashable) -> str:
        return self._place(site).text

    def _place(self, site: Hashable) -> Place:
        return self.sites.place(site) if _is_site(site) else NOWHERE

    def _keep(self, hazard: Hazard, sighting: Sighting, scene: Scene) -> Tally | None:
        site = _site_of(sighting, scene)
        key = (hazard.slug, site, scene.subject)
        known = self.collector.tally(key)
        if known is not None:
            self.collector.again(known, scene.ms)
            if known.finding.severity == "info" and not _is_possible(sighting, scene):
                self.collector.weigh(known, self._finding(hazard, sighting, scene, site))
            return known
        place = self._place(site)
        if self.allowed.covers(hazard.slug, site, place.line):
            return None
        return self.collector.keep(key, self._finding(hazard, sighting, scene, site), scene.ms)

    def _finding(self, hazard: Hazard, sighting: Sighting, scene: Scene, site: Hashable) -> Finding:
        place = self._place(site)
        is_possible = _is_possible(sighting, scene)
        finding = Finding(
            slug=hazard.slug,
            code=hazard.code,
            severity="info" if is_possible else scene.severity or hazard.severity,
            confidence="possible" if is_possible else "proven",
            file=place.file,
            line=place.line,
            column=place.column,
            end_line=place.end_line,
            end_column=place.end_column,
            message=sighting.message,
            story=tuple(self.step(record.site, text) for record, text in sighting.story if _is_site(record.site)),
            fix=sighting.fix,
            function=place.function,
        )
        found = self._scopes(site[0].co_filename).at(place.line) if _is_site(site) else None
        return finding if found is None else marked(finding, found)

    def _scopes(self, file: str) -> Scopes:
        """The functions and statements of a file, as a check would tell them; none of one that cannot be read."""
        known = self._read.get(file)
        if known is None:
            while len(self._read) >= FILES:
                self._read.pop(next(iter(self._read)), None)
            try:
                tree = ast.parse("".join(linecache.getlines(file)))
            except (SyntaxError, ValueError):
                tree = ast.Module([], [])
            known = self._read[file] = Scopes(tree)
        return known

    def step(self, site: Hashable, text: str) -> Step:
        """A site of a story."""
        place = self._place(site)
        return Step(place.file, place.line, text, place.source)


def _is_possible(sighting: Sighting, scene: Scene) -> bool:
    """Whether what was seen may well be meant."""
    return scene.is_doubtful or sighting.confidence == "possible"


def _site_of(sighting: Sighting, scene: Scene) -> Hashable:
    """The site at which a finding stands; where its own is not known, the last one of its story that is."""
    records = (sighting.at, scene.record, *(record for record, _ in reversed(sighting.story)))
    return next((record.site for record in records if record is not None and record.site is not None), None)


def _is_site(site: Hashable) -> TypeGuard[Site]:
    return isinstance(site, tuple)


def _given(history: Sequence[Record]) -> Sequence[Record]:
    return history


def _logics() -> dict[type[Record], list[tuple[Hazard, Logic]]]:
    """The logic of every hazard that watching sees, by the records that it looks at."""
    found: dict[type[Record], list[tuple[Hazard, Logic]]] = {}
    for hazard in catalogue().values():
        if "watch" not in hazard.seen_by:
            continue
        for kinds, logic in hazard.logic:
            for kind in kinds:
                found.setdefault(kind, []).append((hazard, logic))
    return found
