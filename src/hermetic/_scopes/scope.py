"""What a scope knows of itself: where it was opened, whose it is, what became of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from .._where import Site, Sites
from ..errors import (
    BlockingScope,
    ConcurrentUse,
    IdledTooLong,
    PoisonedUnit,
    ReadOnly,
    ScopeClosed,
    ScopeNested,
    ScopeOwned,
    UnsavedChanges,
)
from .errors import PoolTimeout
from .policy import undoes_all
from .turns import Turns

Kind = Literal["begin", "read"]

if TYPE_CHECKING:
    from .replicas import Position, Replicas

Outcome = Literal["open", "committed", "rolled back", "unknown"]

Hook = tuple[Callable[..., object], tuple[Any, ...], dict[str, Any]]
"""A function with its arguments, to be called after the commit; Any: they are the user's."""

_ABORTING = frozenset({"postgresql", "cockroachdb"})
"""Databases that refuse all further statements of a transaction after one failed, and make its COMMIT a ROLLBACK."""

SITES = Sites()

_HOSTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integrations") + os.sep


@dataclass(slots=True, eq=False)
class Scope:
    """One block of work with a session; `kind` is the verb that opened it, `owner` the task or thread it belongs to.

    An owner of None is whoever runs in the same context: a host hands a request on from thread to thread.
    """

    kind: Kind
    opened: Site
    owner: object
    rivals: Collection[Scope]
    """The open scopes of the same database, this one among them."""
    options: Mapping[str, object] | None = None
    """How its transactions begin: execution options of the connection."""
    idle_limit_s: float | None = None
    """How long the transaction may wait for something else."""
    outcome: Outcome = "open"
    begins: bool = False
    """Whether the next statement begins a transaction that has to be told its options."""
    holder: object = None
    """The thread that is inside of the session at this moment."""
    task: object = None
    """The task that is inside of the AsyncSession at this moment."""
    replicas: Replicas | None = None
    bind: Engine | None = None
    """The engine that its reads go to, once it is chosen."""
    position: Position | None = None
    """How far its commit went, where reads have to know."""
    box: Any = None
    """The sandbox it is in; Any: one of either kind."""
    hooks: list[Hook] = field(default_factory=list)
    reading: int = 0
    """How many read scopes were opened inside and are not closed."""
    wrote: bool = False
    """Whether the current transaction has work in it."""
    failed: tuple[BaseException, SessionTransaction | None] | None = None
    """The last error of the database and the innermost transaction it happened in."""
    is_undone: bool = False
    """Whether the server rolled back all of the current transaction, and would take what follows for another one."""
    is_released: bool = False
    """Whether its connection was handed back, and the block waits for something else."""
    since_s: float = field(default_factory=monotonic)
    """When it was opened, in seconds of the monotonic clock."""
    ending: bool = False
    """Whether the scope itself is ending its transaction now."""
    left_s: float = 0.0
    """When the session was used last in its transaction, in seconds of the monotonic clock; 0 before."""
    refuses_writes: bool = False
    """Whether a change of an object is refused; asked at each change, so it is kept and not worked out."""
    turns: Turns | None = None
    """The order in which threads get connections."""
    has_turn: bool = False
    """Whether it is this scope's turn to have one."""
    barred: int | None = None
    """The thread that must not be made to wait: that of the event loop on which a host runs."""

    def __post_init__(self) -> None:
        self.refuses_writes = self.kind == "read"
        self.begins = self.options is not None

    def close(self, outcome: Outcome) -> None:
        """The scope has ended."""
        self.outcome = outcome
        self.refuses_writes = True

    def widen(self) -> None:
        """A read scope in which nothing has happened yet becomes a unit of work."""
        self.kind, self.options, self.begins = "begin", None, False
        self.refuses_writes = self.is_read_only

    @property
    def is_closed(self) -> bool:
        return self.outcome != "open"

    @property
    def is_read_only(self) -> bool:
        return self.kind == "read" or self.reading > 0

    @property
    def told(self) -> str:
        """The scope as a message names it: what opened it, and where."""
        return f"{self.kind}() at {at(self.opened)}"

    def read_inside(self, more: int) -> None:
        """A read scope opens inside, or closes."""
        self.reading += more
        self.refuses_writes = self.is_read_only

    def told_unknown(self) -> str:
        """What to tell when the connection broke during the commit."""
        return (
            f"The connection broke during the commit of {self.told}: the work may be kept or not.\n"
            f"  Look at what it wrote before it is done again, or give it a key: run(work, once=key) does."
        )

    def told_cancelled(self) -> str:
        """What to tell when the task was cancelled while the scope ended, or before."""
        what = {"committed": "its work is kept", "unknown": "its work may be kept or not"}.get(
            self.outcome, "nothing of it is kept"
        )
        return f"{self.told}: {what}."

    def told_failures(self, failures: Collection[Exception]) -> str:
        """What to tell when functions that were to follow the commit failed."""
        each = "\n".join(f"  {type(error).__name__}: {error}" for error in failures)
        return f"The work of {self.told} is committed, but of what was to follow it {len(failures)} failed:\n{each}"

    def check_open(self, what: str) -> None:
        """Raise ScopeClosed when the scope has ended."""
        if self.is_released:
            raise ScopeClosed(
                f"{here()}: {what} while the connection of {self.told} is released.\n"
                f"  Use the session after the block of released(), or open a scope of its own for this work."
            )
        if self.is_closed:
            raise ScopeClosed(
                f"{here()}: {what} on the session of {self.told}, which has ended ({self.outcome}).\n"
                f"  Open a scope of its own for this work."
            )

    def check_writable(self, what: str) -> None:
        """Raise ReadOnly in a read scope."""
        if self.is_read_only:
            raise ReadOnly(
                f"{here()}: {what} in a read scope ({self.told}).\n  Open it with begin() if it is to write."
            )

    def check_use(self, what: str, me: object) -> None:
        """Raise what speaks against using the session now, from this thread."""
        self.check_open(what)
        if self.barred is not None and self.barred == me:
            self.refuse_blocking(what)
        self.check_idle()

    def check_idle(self) -> None:
        """Raise IdledTooLong when the transaction stood open and idle for longer than it may."""
        if self.idle_limit_s is None or not self.left_s:
            return
        idle_s = monotonic() - self.left_s
        if idle_s > self.idle_limit_s:
            raise IdledTooLong(
                f"{here()}: the transaction of {self.told} waited {idle_s:.1f} s for something else, holding its "
                f"connection and its locks; it may for {self.idle_limit_s:g} s.\n"
                f"  Do slow work before or after the scope, or inside of session.released()."
            )

    def check_ending(self, what: str) -> None:
        """Raise ScopeOwned unless it is the scope itself that ends its transaction."""
        if not self.ending:
            raise ScopeOwned(
                f"{here()}: {what} inside of {self.told}, which does that at its end.\n"
                f"  For a part that may fail alone, open begin() inside; to give up everything, raise an exception."
            )

    def refuse_second(self) -> NoReturn:
        """Raise ConcurrentUse: another task or thread is inside of the session."""
        raise ConcurrentUse(
            f"{here()}: the session of {self.told} is in use by another task or thread at this moment.\n"
            f"  Open a scope in each of them, or do the work one after the other."
        )

    def refuse_blocking(self, what: str) -> NoReturn:
        """Raise BlockingScope: what was asked would make the event loop wait."""
        raise BlockingScope(
            f"{here()}: {what} on the session of {self.told}, which is one of a Database, on the thread of the event "
            f"loop: it would stand still for each statement.\n"
            f"  Make the endpoint a plain `def`, which runs in a thread of its own, or use AsyncDatabase."
        )

    def take_turn(self) -> None:
        """Wait until a connection is this scope's; those of replicas have no order. Raises PoolTimeout."""
        if self.turns is None or self.has_turn or self.box is not None:
            return
        if self.replicas is not None and self.kind == "read":
            return
        if not self.turns.take():
            raise PoolTimeout(self.told_holders())
        self.has_turn = True

    def give_turn_back(self) -> None:
        """The connection is back in the pool."""
        if self.turns is not None and self.has_turn:
            self.has_turn = False
            self.turns.give_back()

    def told_holders(self) -> str:
        """What to tell when no connection came free: which scopes have one, the oldest first."""
        now = monotonic()
        oldest = sorted((each for each in list(self.rivals) if each is not self), key=lambda each: each.since_s)
        told = [f"  {each.told}, open for {now - each.since_s:.1f} s" for each in oldest[:10]]
        more = [f"  and {len(oldest) - 10} more"] if len(oldest) > 10 else []
        return "\n".join([f"{here()}: no connection came free for {self.told}. Open scopes:", *told, *more])

    def note_failure(self, error: DBAPIError, session: Session) -> None:
        """Remember an error of the database and the transaction that it ended."""
        if self.is_undone:
            return
        self.is_undone = undoes_all(error)
        self.failed = error, session.get_nested_transaction() or session.get_transaction()

    def check_sound(self, session: Session) -> None:
        """Raise PoisonedUnit when an error ended the transaction that is to be committed, and nobody undid it."""
        if self.failed is None:
            return
        error, transaction = self.failed
        innermost = session.get_nested_transaction() or session.get_transaction()
        aborted = transaction is innermost and session.get_bind().dialect.name in _ABORTING
        if self.is_undone or aborted or not session.is_active:
            raise PoisonedUnit(
                f"An error of the database was swallowed inside of {self.told}, and after it nothing of the unit could "
                f"be kept:\n  {type(error).__name__}: {str(error).splitlines()[0]}\n"
                f"  Let the error leave the unit, or put the part that may fail into a begin() of its own inside."
            ) from error

    def check_unchanged(self, session: Session) -> None:
        """Raise UnsavedChanges when the current transaction has work in it, or will have."""
        if not (self.wrote or self.is_changed(session) or session.in_nested_transaction()):
            return
        raise UnsavedChanges(
            f"{here()}: the connection of {self.told} cannot be released: its transaction has work in it, or may have by text().\n"
            f"  End this scope first, do the outside work, and write its result in a scope of its own."
        )

    @staticmethod
    def is_changed(session: Session) -> bool:
        """Whether objects of the session wait to be written."""
        return bool(session.new or session.deleted) or any(session.is_modified(each) for each in session.dirty)

    def check_read_inside(self, options: Mapping[str, object] | None) -> None:
        """Raise ScopeNested for options of a transaction that has begun already."""
        if options is not None:
            raise ScopeNested(
                f"{here()}: {' and '.join(options)} inside of {self.told}, whose transaction it is.\n"
                f"  Tell it to the outer scope."
            )

    def check_begin_inside(self, options: Mapping[str, object] | None) -> None:
        """Raise ScopeNested when a unit of work was begun inside of a read scope, or is to be another transaction."""
        self.check_read_inside(options)
        if self.is_read_only:
            raise ScopeNested(
                f"{here()}: begin() inside of {self.told}, where nothing can be written.\n"
                f"  Open the outer scope with begin(), or begin after it has ended."
            )


def caller() -> Site:
    """The line that opens a scope: two calls up, or further where a host stands in between."""
    frame = sys._getframe(2)
    while frame.f_code.co_filename.startswith(_HOSTS) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def here() -> str:
    """The user's line that is being run, as file:line."""
    site = SITES.here()
    return "here" if site is None else at(site)


def at(site: Site) -> str:
    """A code site as file:line."""
    place = SITES.place(site)
    return f"{place.file}:{place.line}"
