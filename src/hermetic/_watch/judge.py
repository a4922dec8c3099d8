"""Turns what looks suspicious while a program runs into scenes, which the hazards then judge."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from .._lifecycle.instance import InstanceState
from .._lifecycle.outcome import Outcome, emits, raises
from .._lifecycle.records import (
    Added,
    AttributeRead,
    AttributeWritten,
    Committed,
    Deleted,
    InstanceLoaded,
    Record,
    RolledBack,
    ScopeLeft,
    SessionClosed,
    SessionRecord,
    SessionShared,
    TasksStarted,
)
from .._lifecycle.session import Savepoint
from .._lifecycle.transactions import lost_by_closing
from .collector import Tally
from .lives import Query, SessionLife, Unsaved
from .settings import Settings
from .teller import Rows, Scene, Teller
from .where import Site


class Judge:
    """One for a watched program; each method is called when something was seen that may be a hazard."""

    def __init__(self, settings: Settings, teller: Teller) -> None:
        self.settings = settings
        self.teller = teller

    def is_under_test(self) -> bool:
        """Whether a test suite is at work, whose fixtures share sessions on purpose."""
        told = self.settings.under_test
        return "PYTEST_CURRENT_TEST" in os.environ if told is None else told

    def leaked(self, life: SessionLife) -> list[Tally]:
        """A session was thrown away with its transaction open."""
        record = ScopeLeft(session=life.key, by="collected", site=life.opened or life.began_site)
        return self._of(life, record)

    def closes(
        self,
        life: SessionLife,
        site: Site | None,
        unsaved: Unsaved,
        instances: Sequence[InstanceState],
        notes: tuple[str, ...],
    ) -> list[Tally]:
        """A session is closed with work that was not committed; `unsaved` names what it did not even flush."""
        history = since_transaction(life.history())
        session = life.state(unsaved)
        written = frozenset(r.instance for r in history if isinstance(r, (Added, AttributeWritten, Deleted)))
        if life.wrote:
            session = replace(session, savepoints=(Savepoint(changed=written),))
        scene = Scene(
            record=SessionClosed(session=life.key, site=site),
            history=history,
            outcome=lost_by_closing(session),
            session=session,
            instances=tuple(instances),
            notes=notes,
        )
        return self.teller.tell(scene)

    def refused(self, life: SessionLife, record: SessionRecord) -> list[Tally]:
        """A session refused to work since a flush had failed and nobody rolled back."""
        outcome = raises("PendingRollbackError", "failed")
        return self.teller.tell(Scene(record=record, history=life.history(), outcome=outcome, session=life.state()))

    def committed(self, life: SessionLife, site: Site | None) -> list[Tally]:
        """A session is committed; called before it is noted."""
        notes = ("postgresql",) if life.dialect == "postgresql" else ()
        is_doubtful = life.request is None
        record = Committed(session=life.key, site=site)
        return self._of(life, record, notes=notes, is_doubtful=is_doubtful)

    def overlaps(self, life: SessionLife, site: Site | None) -> list[Tally]:
        """A session is used while another task or thread is in the middle of using it."""
        history = life.history()
        record: SessionRecord
        if life.is_async:
            record = TasksStarted(session=life.key, what="two tasks are in it now", site=site)
        else:
            record = SessionShared(session=life.key, how="overlap", site=site)
        return self.teller.tell(Scene(record=record, history=history, session=life.state()))

    def crosses(self, life: SessionLife, site: Site | None) -> list[Tally]:
        """A session that one request used is used by another, and was not closed in between."""
        opened = life.opened
        is_global = opened is not None and opened[0].co_name == "<module>"
        record = SessionShared(
            session=life.key,
            how="module" if is_global else "request",
            site=opened if is_global else site,
        )
        return self._of(life, record)

    def lazily(
        self, query: Query, life: SessionLife, instance: InstanceState, attribute: str, site: Site | None, ms: float,
        number: int,
    ) -> list[Tally]:  # fmt: skip
        """A lazy load of one of several instances that one query brought."""
        record = AttributeRead(instance=instance.key, attribute=attribute, site=site)
        because = "expired" if attribute in instance.expired else "lazy"
        return self.teller.tell(
            Scene(
                record=record,
                history=life.history(loaded_by(query, instance)),
                outcome=emits(because),
                session=life.state(),
                instance=instance,
                notes=("per-item",),
                in_loop_over=Rows(number),
                subject=f"{_model(instance)}.{attribute}",
                ms=ms,
            )
        )

    def unreadable(
        self, query: Query | None, instance: InstanceState, attribute: str, site: Site | None, error: str
    ) -> list[Tally]:
        """A read raised: its instance is detached, or nobody awaits the SELECT that it needs."""
        is_expired = attribute in instance.expired
        outcome: Outcome = raises(error, "expired" if is_expired else "lazy")
        life = query.life if query is not None else None
        loaded = (loaded_by(query, instance),) if query is not None else ()
        return self.teller.tell(
            Scene(
                record=AttributeRead(instance=instance.key, attribute=attribute, site=site),
                history=life.history(*loaded) if life is not None else loaded,
                outcome=outcome,
                session=life.state() if life is not None else None,
                instance=instance,
                subject=f"{_model(instance)}.{attribute}",
            )
        )

    def _of(
        self, life: SessionLife, record: Record, *, notes: tuple[str, ...] = (), is_doubtful: bool = False
    ) -> list[Tally]:
        scene = Scene(record=record, history=life.history(), session=life.state(), notes=notes, is_doubtful=is_doubtful)
        return self.teller.tell(scene)


def loaded_by(query: Query, instance: InstanceState) -> InstanceLoaded:
    """How a query brought an instance, as a record."""
    session = query.life.key if query.life is not None else None
    return InstanceLoaded(session=session, instance=instance.key, mapping=instance.mapping, site=query.site)


def since_transaction(history: list[Record]) -> list[Record]:
    """The opening of a session, and what happened since its last transaction ended."""
    for index in range(len(history) - 1, 0, -1):
        known = history[index]
        if isinstance(known, (Committed, RolledBack)) and not known.nested and not getattr(known, "fails", False):
            return [history[0], *history[index + 1 :]]
    return history


def _model(instance: InstanceState) -> str:
    return instance.mapping.name.rpartition(".")[2]
