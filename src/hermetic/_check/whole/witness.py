"""Feeds what happens on a path to the lifecycle, shows it to the hazards, and keeps what they say."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..._catalogue import Confidence, Finding, Hazard, Logic, Moment, Remedy, Sighting, Step, catalogue
from ..._lifecycle.instance import InstanceState
from ..._lifecycle.outcome import FINE
from ..._lifecycle.records import (
    AttributeRead,
    BlockingWork,
    InstanceRecord,
    Key,
    Record,
    SessionOpened,
    SessionRecord,
    Where,
)
from ..paths.state import SURELY, Site, State, Worked
from .evidence import ANY, Evidence, Sight, Trigger, Wanted

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow
    from ..program.modules import Function
    from ..telling.finished import Finished


class Watcher(NamedTuple):
    """A hazard's logic for one kind of record, with the note by which a path knows that it told something."""

    hazard: Hazard
    slug: str
    note: str
    logic: Logic


class Witness:
    """One for a run. A finding that only some paths through a place show is not proven, but likely."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._watchers: dict[type[Record], list[Watcher]] = {}
        self._notes = frozenset(f"told {slug}" for slug in catalogue())
        self._is_silent = False
        for hazard in catalogue().values():
            for kinds, logic in hazard.logic:
                for kind in kinds:
                    self._watchers.setdefault(kind, []).append(
                        Watcher(hazard, hazard.slug, f"told {hazard.slug}", logic)
                    )

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Nothing that happens inside is shown to the hazards."""
        before, self._is_silent = self._is_silent, True
        try:
            yield
        finally:
            self._is_silent = before

    @contextmanager
    def aloud(self) -> Iterator[None]:
        """What happens inside is shown to the hazards, whatever asked for it."""
        before, self._is_silent = self._is_silent, False
        try:
            yield
        finally:
            self._is_silent = before

    def happened(self, state: State, record: Record, where: Where) -> str:
        """Apply a record to a path; gives its effect."""
        session = instance = None
        if isinstance(record, SessionRecord):
            if record.session not in state.life.sessions and not isinstance(record, SessionOpened):
                state.life.apply(self.analyzer.received(record.session))
            session = state.life.sessions.get(record.session)
        if isinstance(record, InstanceRecord):
            instance = state.life.instances.get(record.instance)
        before = state.life.copy() if self._may_flush(record, instance, state) else None
        outcome = state.life.apply(record)
        if outcome.code == "7s2a":
            subject = session or (instance and state.life.session_of(instance))
            where = replace(where, notes=(*where.notes, *self._begun(state, subject.key if subject else None)))
        if isinstance(record, SessionOpened):
            self.analyzer.evidence.opened.add(record.site)
        if not self._is_silent and "own" not in where.notes:
            watchers = self._watchers.get(type(record))
            if outcome is FINE and isinstance(record, AttributeRead) and self._notes.isdisjoint(where.notes):
                self.analyzer.evidence.clean.add((ANY, _place(record, where), "AttributeRead", record.attribute))
            elif watchers:
                history = partial(_history, state)
                moment = Moment(record, outcome, session, instance, state.life, where, history, self.text)
                told = self._show(moment, watchers, state)
                where = replace(where, notes=(*where.notes, *told)) if told else where
        if before is not None and outcome.effect == "raises":
            # What stopped at the read was told there; the path that goes on is one that did not stop.
            state.life = before
        state.add(record, where)
        return outcome.effect

    def _begun(self, state: State, session: Key) -> Iterator[str]:
        """Notes on how the transaction of a session was begun: by its own block, or out of sight."""
        if ("in-block", session) in state.marks:
            yield "in-block"
        if self.analyzer.is_promised(session):
            yield "promised"

    @staticmethod
    def _may_flush(record: Record, instance: InstanceState | None, state: State) -> bool:
        """Whether a read may flush what waits, and so spoil an AsyncSession when it cannot."""
        if not isinstance(record, AttributeRead) or instance is None or record.attribute in instance.loaded:
            return False
        session = state.life.session_of(instance)
        return session is not None and session.is_async and bool(session.pending or session.dirty or session.deleted)

    def worked(self, flow: Flow, state: State, work: Worked, node: ast.AST, function: Function) -> None:
        """A callee did blocking work on a session of its own."""
        record = BlockingWork(what=f"{function.name}() {work.what}", inner=work.site, site=flow.site(node))
        if not self._is_silent:
            moment = Moment(
                record,
                state.life.apply(record),
                None,
                None,
                state.life,
                flow.where(state),
                partial(_history, state),
                self.text,
            )
            self._show(moment, self._watchers.get(BlockingWork, ()), state)

    def _show(self, moment: Moment, watchers: Sequence[Watcher], state: State) -> list[str]:
        """Let the hazards look; gives a note for each that told something, so that no caller tells it again."""
        record, notes, told = moment.record, moment.where.notes, []
        kind = type(record).__name__
        what = getattr(record, "attribute", None) or getattr(record, "by", None)
        for hazard, slug, note, logic in watchers:
            if note in notes:
                continue
            trigger = (slug, _place(record, moment.where), kind, what)
            found = False
            for sighting in logic(moment):
                found = True
                self._keep(hazard, sighting, trigger, state, moment)
                if sighting.confidence != "possible":
                    told.append(note)
            if not found:
                self.analyzer.evidence.clean.add(trigger)
        return told

    def _keep(self, hazard: Hazard, sighting: Sighting, trigger: Trigger, state: State, moment: Moment) -> None:
        record = sighting.at or moment.record
        site = moment.where.rendered_at or record.site
        if not isinstance(site, Site):
            return
        subject = _subject(moment)
        is_sure = sighting.confidence != "possible"
        mark, sure = (hazard.slug, _root(subject)), (hazard.slug + SURELY, _root(subject))
        if (sure in state.marks or (mark in state.marks and not is_sure)) and (
            hazard.slug,
            site,
        ) not in self.analyzer.evidence.sights:
            return
        state.marks |= {mark, sure} if is_sure else {mark}
        if _is_by_expiry(moment) and self._is_assumed(moment.instance):
            sighting = replace(sighting, confidence="possible")
        if sighting.confidence == "proven" and self._is_promised(moment):
            sighting = replace(sighting, confidence="likely")
        steps = tuple(self._step(record, text) for record, text in sighting.story if isinstance(record.site, Site))
        sight = Sight(
            hazard.slug,
            site,
            sighting.confidence,
            sighting.message,
            sighting.fix,
            steps,
            trigger,
            _wanted(sighting.remedy),
            sighting.is_lent,
            record.site if moment.where.rendered_at is not None and isinstance(record.site, Site) else None,
        )
        self.analyzer.evidence.sighted(sight)

    def _is_assumed(self, instance: InstanceState | None) -> bool:
        """Whether an instance expired only if its session keeps SQLAlchemy's default, which nothing here says."""
        key = instance and (instance.session or instance.last_session)
        return instance is not None and instance.expired_by == "commit" and self.analyzer.expiry_is_assumed(key)

    def _is_promised(self, moment: Moment) -> bool:
        """Whether only an annotation tells of the session that a moment is about."""
        known = moment.session or (moment.instance and moment.life.session_of(moment.instance))
        key = known.key if known is not None else moment.instance and moment.instance.last_session
        return self.analyzer.is_promised(key)

    def _step(self, record: Record, text: str) -> Step:
        site = record.site
        assert isinstance(site, Site)
        return Step(site.file, site.line, text, self.analyzer.lines.at(site.file, site.line).strip())

    def text(self, site: Hashable) -> str:
        """How the user spelled what stands at a site, shortened to one line."""
        if not isinstance(site, Site):
            return ""
        spelled = self.analyzer.templates.spelled(site)
        if spelled is not None:
            return spelled
        line = self.analyzer.lines.at(site.file, site.line)
        if site.end_line == site.line:
            return line.encode()[site.column - 1 : site.end_column - 1].decode(errors="replace")
        return line[site.column - 1 :].strip()


def _place(record: Record, where: Where) -> Hashable:
    """Where a record stands: in a template, that is another place for each of those who render it."""
    return record.site if where.rendered_at is None else (where.rendered_at, record.site)


def _wanted(remedy: Remedy | None) -> Wanted | None:
    if remedy is None:
        return None
    sites = tuple(record.site for record in remedy.at if isinstance(record.site, Site))
    return Wanted(remedy.kind, sites, remedy.words) if len(sites) == len(remedy.at) else None


def findings(whole: Evidence, finished: Finished) -> Iterator[Finding]:
    """What the hazards saw in the whole program, with the edits that mend it."""
    return (finished.of(sight, _confidence(sight, whole)) for sight in whole.sights.values())


def _confidence(sight: Sight, whole: Evidence) -> Confidence:
    """How sure a finding is once the whole program has been seen."""
    is_less = sight.confidence == "proven" and (_is_clean(sight.trigger, whole) or sight.site.file in whole.leaning)
    return "likely" if is_less else sight.confidence


def _is_clean(trigger: Trigger, whole: Evidence) -> bool:
    """Whether some path came to the same place, and the hazard saw nothing wrong with it."""
    return trigger in whole.clean or (ANY, *trigger[1:]) in whole.clean


def _history(state: State) -> list[Record]:
    return list(state.records())


def _subject(moment: Moment) -> Key:
    """What a moment is about: an instance, else a session; all that a failed session refuses is about that session."""
    record = moment.record
    if moment.outcome.code == "7s2a":
        known = moment.session or (moment.instance and moment.life.session_of(moment.instance))
        if known is not None:
            return known.key
    return getattr(record, "instance", None) or getattr(record, "session", None)


def _root(key: Key) -> Key:
    """The instance from which a chain of relationships starts: one mistake is told once for all that hangs on it."""
    while hasattr(key, "base"):
        key = key.base
    return key


def _is_by_expiry(moment: Moment) -> bool:
    """Whether something happens because an instance expired; a read of it may stop at what waits to be flushed."""
    name = getattr(moment.record, "attribute", None)
    return moment.outcome.because == "expired" or (moment.instance is not None and name in moment.instance.expired)
