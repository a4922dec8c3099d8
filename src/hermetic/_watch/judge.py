"""Turns what looks suspicious while a program runs into scenes, which the hazards then judge."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from .._lifecycle.instance import InstanceState
from .._lifecycle.measured import (
    CommitRepeated,
    ConnectionDropped,
    LoopBlocked,
    Overwritten,
    PoolExhausted,
    SessionBeside,
    TransactionIdled,
)
from .._lifecycle.outcome import Outcome, emits, raises
from .._lifecycle.records import (
    Added,
    Announced,
    AttributeRead,
    AttributeWritten,
    Committed,
    Deleted,
    EngineCreated,
    Executed,
    InstanceLoaded,
    Merged,
    Record,
    RolledBack,
    ScopeLeft,
    SessionClosed,
    SessionRecord,
    SessionShared,
    TasksStarted,
)
from .._lifecycle.session import Savepoint
from .._lifecycle.source import PageAsked
from .._where import Site
from .collector import Tally
from .lives import Broken, EngineSeen, Held, Idle, Query, SessionLife, Unsaved
from .settings import Settings
from .teller import Rows, Scene, Teller


class Judge:
    """One for a watched program; each method is called when something was seen that may be a hazard."""

    def __init__(self, settings: Settings, teller: Teller) -> None:
        self.settings = settings
        self.teller = teller

    def is_under_test(self) -> bool:
        """Whether a test suite is at work, whose fixtures share sessions on purpose."""
        told = self.settings.under_test
        return "PYTEST_CURRENT_TEST" in os.environ if told is None else told

    def is_a_tests_own(self, site: Site | None) -> bool:
        """Whether a fixture of a test suite is at work, or a line of the test itself: both throw away work on purpose.

        `hermetic run -- pytest` looks for what is wrong with the program; `pytest --hermetic` with the tests as well.
        """
        test, _, phase = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")
        if not test or self.settings.under_test is False:
            return False
        is_line_of_it = site is not None and _is_in(site, test.partition("::")[0])
        return phase != "(call)" or (is_line_of_it and not self.settings.tests_count)

    def leaked(self, life: SessionLife) -> list[Tally]:
        """A session was thrown away with its transaction open."""
        record = ScopeLeft(session=life.key, by="collected", site=life.opened or life.began_site)
        return self._of(life, record)

    def dropped(self, site: Site) -> list[Tally]:
        """A connection was thrown away that was never closed."""
        return self.teller.tell(Scene(record=ConnectionDropped(site=site)))

    def closes(
        self,
        life: SessionLife,
        site: Site | None,
        unsaved: Unsaved,
        instances: Sequence[InstanceState],
        notes: tuple[str, ...],
    ) -> list[Tally]:
        """A session is closed with work that was not committed; `unsaved` names what it did not even flush.

        What a test throws away by itself is information only.
        """
        from .._lifecycle.transactions import lost_by_closing

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
            is_doubtful=self.is_a_tests_own(site),
        )
        return self.teller.tell(scene)

    def changed_outside(
        self, life: SessionLife | None, instance: InstanceState, attribute: str, site: Site | None, closed: Site | None
    ) -> list[Tally]:
        """An instance that no session held was changed, and none took it in until it was thrown away.

        Objects are also used as mere data after their session's end, so this is a warning.
        """
        scene = Scene(
            record=AttributeWritten(instance=instance.key, attribute=attribute, site=site),
            history=(life.opening(), SessionClosed(session=life.key, site=closed)) if life is not None else (),
            instance=instance,
            notes=("ended",),
            severity="warning",
            subject=f"{_model(instance)}.{attribute}",
        )
        return self.teller.tell(scene)

    def changed_after_merge(
        self, life: SessionLife, instance: InstanceState, attribute: str, merged: Site | None, site: Site | None
    ) -> list[Tally]:
        """The argument of a merge was changed afterwards, and the copy, which is committed, was not."""
        merge = Merged(
            session=life.key, source=instance.key, result=None, mapping=instance.mapping, result_is_used=False,
            site=merged,
        )  # fmt: skip
        scene = Scene(
            record=AttributeWritten(instance=instance.key, attribute=attribute, site=site),
            history=life.history(merge),
            instance=instance,
            notes=("compared",),
            subject=f"{_model(instance)}.{attribute}",
        )
        return self.teller.tell(scene)

    def refused(self, life: SessionLife, record: SessionRecord) -> list[Tally]:
        """A session refused to work since a flush had failed and nobody rolled back."""
        outcome = raises("PendingRollbackError", "failed")
        return self.teller.tell(Scene(record=record, history=life.history(), outcome=outcome, session=life.state()))

    def committed(self, life: SessionLife, site: Site | None) -> list[Tally]:
        """A session is committed; called before it is noted."""
        request = life.request
        told = (
            (life.dialect == "postgresql", "postgresql"),
            (request is None, "unserved"),
            (life.autocommits, "autocommit"),
        )
        notes = tuple(note for is_so, note in told if is_so)
        history = life.history()
        if request is not None and request.responded:
            history = told_meanwhile(life, history, request.responded)
        scene = Scene(record=Committed(session=life.key, site=site), history=history, session=life.state(), notes=notes)
        return self.teller.tell(scene)

    def repeated(self, life: SessionLife, entity: str, broken: Broken, site: Site | None) -> list[Tally]:
        """A commit stored again what one that broke off may have stored before."""
        first = Committed(session=None, site=broken.site, fails=True)
        return self._of(
            life, CommitRepeated(session=life.key, entity=entity, error=broken.error, first=first, site=site)
        )

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

    def beside(
        self,
        life: SessionLife,
        site: Site,
        other: Site,
        work: Record | None,
        tables: tuple[str, ...],
        is_locked_out: bool,
    ) -> list[Tally]:
        """What a line calls works on a session of its own, while the session of that line has uncommitted rows."""
        record = SessionBeside(
            session=life.key, tables=tables, other=Executed(session=None, site=other), work=work,
            is_locked_out=is_locked_out, site=site,
        )  # fmt: skip
        scene = Scene(record=record, session=life.state(), severity="error" if is_locked_out else None)
        return self.teller.tell(scene)

    def lazily(
        self, query: Query, life: SessionLife, instance: InstanceState, attribute: str, site: Site | None, ms: float,
        number: int, *, is_one: bool = False,
    ) -> list[Tally]:  # fmt: skip
        """A lazy load of one of several instances that one query brought, or of the one that it brought this time."""
        record = AttributeRead(instance=instance.key, attribute=attribute, site=site)
        because = "expired" if attribute in instance.expired else "lazy"
        return self.teller.tell(
            Scene(
                record=record,
                history=life.history(loaded_by(query, instance)),
                outcome=emits(because),
                session=life.state(),
                instance=instance,
                notes=("per-item", "one-so-far") if is_one else ("per-item",),
                in_loop_over=Rows(number),
                subject=f"{_model(instance)}.{attribute}",
                ms=ms,
            )
        )

    def repeats(self, life: SessionLife, site: Site | None, times: int) -> list[Tally]:
        """One line has sent the same SELECT so often in one transaction; whether it is a loop over rows is not known."""
        scene = Scene(
            record=Executed(session=life.key, site=site),
            history=life.history(),
            session=life.state(),
            notes=("per-item",),
            in_loop_over=Rows(times, "calls"),
        )
        return self.teller.tell(scene)

    def unreadable(
        self, query: Query | None, instance: InstanceState, attribute: str, site: Site | None, error: str, reader: str
    ) -> list[Tally]:
        """A read raised: its instance is detached, or nobody awaits the SELECT that it needs.

        `reader` is the response model or DTO for which it was read, or "".
        """
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
                notes=("response", "", reader) if reader else (),
                subject=f"{_model(instance)}.{attribute}",
            )
        )

    def exhausted(self, site: Site | None, held: Sequence[Held], now_ns: int) -> list[Tally]:
        """A connection was waited for in vain while others are held, the oldest first."""
        longest = held[0] if held else None
        taken: Record | None = None
        if longest is not None and longest.life is not None:
            taken = longest.life.opening()
        elif longest is not None:
            taken = Executed(session=None, site=longest.site)
        seconds = (now_ns - longest.since) / 1e9 if longest else 0.0
        return self.teller.tell(Scene(record=PoolExhausted(held=len(held), longest=taken, seconds=seconds, site=site)))

    def built_again(self, engine: EngineSeen, is_served: bool) -> list[Tally]:
        """An engine was made at a line that made one before, which nobody disposed of."""
        record = EngineCreated(
            engine=engine.number, place="per-request" if is_served else "per-call", url=engine.url, escapes=False,
            is_async=engine.is_async, pool=engine.pool, what=engine.what, site=engine.site,
        )  # fmt: skip
        return self.teller.tell(Scene(record=record, notes=("ended",)))

    def split(self, engine: EngineSeen) -> list[Tally]:
        """An in-memory database was reached by a second connection."""
        record = EngineCreated(
            engine=engine.number, place="once", url="sqlite://", is_async=engine.is_async, pool=engine.pool,
            shares_threads=True, site=engine.site,
        )  # fmt: skip
        return self.teller.tell(Scene(record=record))

    def idled(self, life: SessionLife, site: Site | None, ns: int, what: str) -> list[Tally]:
        """A transaction asked nothing of the database for long."""
        since = Executed(session=life.key, site=life.last_site)
        record = TransactionIdled(session=life.key, seconds=ns / 1e9, what=what, since=since, site=site)
        return self._of(life, record, is_doubtful=life.request is None, ms=ns / 1e6)

    def blocked(self, life: SessionLife, site: Site | None, ms: float, is_doubtful: bool) -> list[Tally]:
        """A synchronous session held up an event loop."""
        return self._of(life, LoopBlocked(session=life.key, ms=ms, site=site), is_doubtful=is_doubtful, ms=ms)

    def overwrote(
        self, life: SessionLife, query: Query | None, instance: InstanceState, attributes: tuple[str, ...],
        site: Site | None, other: Site | None, idle: Idle | None,
    ) -> list[Tally]:  # fmt: skip
        """A flush wrote columns that others had changed and committed since they were read; `idle` came between."""
        committed, wait = Committed(session=None, site=other), None
        if idle is not None:
            wait = TransactionIdled(session=life.key, seconds=idle.ns / 1e9, what=idle.what, site=idle.site)
        scene = Scene(
            record=Overwritten(
                session=life.key,
                instance=instance.key,
                attributes=attributes,
                other=committed,
                site=site,
                waited=wait,
            ),
            history=life.history(*((loaded_by(query, instance),) if query is not None else ())),
            session=life.state(),
            instance=instance,
            subject=f"{_model(instance)}.{'/'.join(attributes)}",
        )
        return self.teller.tell(scene)

    def paged(self, life: SessionLife, entity: str, keys: tuple[str, ...], site: Site | None) -> list[Tally]:
        """A SELECT skipped rows of which nothing says in which order they come."""
        return self._of(life, PageAsked(session=life.key, entity=entity, order="none", keys=keys, site=site))

    def _of(
        self,
        life: SessionLife,
        record: Record,
        *,
        notes: tuple[str, ...] = (),
        is_doubtful: bool = False,
        ms: float = 0.0,
    ) -> list[Tally]:
        scene = Scene(
            record=record, history=life.history(), session=life.state(), notes=notes, is_doubtful=is_doubtful, ms=ms
        )
        return self.teller.tell(scene)


def loaded_by(query: Query, instance: InstanceState) -> InstanceLoaded:
    """How a query brought an instance, as a record."""
    session = query.life.key if query.life is not None else None
    return InstanceLoaded(session=session, instance=instance.key, mapping=instance.mapping, site=query.site)


def told_meanwhile(life: SessionLife, history: list[Record], responded: int) -> list[Record]:
    """A history with the response at its place in time."""
    earlier = sum(1 for event in life.ring or () if event.at < responded)
    index = len(history) - len(life.ring or ()) + earlier
    return [*history[:index], Announced(how="response"), *history[index:]]


def since_transaction(history: list[Record]) -> list[Record]:
    """The opening of a session, and what happened since its last transaction ended."""
    for index in range(len(history) - 1, 0, -1):
        known = history[index]
        if isinstance(known, (Committed, RolledBack)) and not known.nested and not getattr(known, "fails", False):
            return [history[0], *history[index + 1 :]]
    return history


def _is_in(site: Site, file: str) -> bool:
    """Whether a site is in a file, of which only the end of the path is given, with forward slashes."""
    return f"/{site[0].co_filename.replace(os.sep, '/')}".endswith(f"/{file}")


def _model(instance: InstanceState) -> str:
    return instance.mapping.name.rpartition(".")[2]
