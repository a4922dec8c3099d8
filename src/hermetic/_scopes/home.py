"""What a Database and an AsyncDatabase have in common: which scopes are open, whose they are, which engine serves which."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import BadDatabase, OutcomeUnknown, SandboxTaken, ScopeNested
from . import mariadb, sqlite
from .engines import Settings
from .once import KeyTaken
from .policy import Verdict, delays, verdict_of
from .replicas import Replicas
from .scope import Scope, here
from .seal import KeptSessions
from .turns import Turns

E = TypeVar("E", Engine, AsyncEngine)
S = TypeVar("S")

Options = Mapping[str, object] | None
"""How the transactions of a scope begin: execution options of their connection."""

Schemas = Mapping[str | None, str | None]
"""SQLAlchemy's schema_translate_map: which schema stands for which, such as that of a tenant for None."""

MOST_ENGINES_ALIKE = 8
"""So many engines for one address at once are no accident: they are made in a function that is called again and again."""

_homes: WeakSet[Home[Any, Any]] = WeakSet()  # Any: of either kind
_forks_are_watched = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the database answers, in how many seconds, and what it said when it did not."""

    is_up: bool
    took_s: float
    open_scopes: int
    error: str | None = None


class Room:
    """Where a host puts the scope of a request, so that whatever runs for the request stands in it.

    It is in the context before the scope is: tasks and threads that were started in between share it. `owner` is the task
    that the request belongs to, or None for the one in which the scope is opened.
    """

    __slots__ = ("around", "owner")

    def __init__(self, owner: object = None) -> None:
        self.owner = owner
        self.around: tuple[Scope, Any] | None = None  # Any: a session of whatever class


class Home(Generic[E, S]):
    """One engine, the sessions that scopes are made with, and the scopes that are open."""

    def __init__(self, engine: E, settings: Settings) -> None:
        self.engine: E = engine
        self.settings = settings
        self.is_disposed = False
        """Whether its program has ended with it, and may yet come back to it."""
        self.session_options = {"expire_on_commit": False, **settings.session_options}
        self.open_scopes: set[Scope] = set()
        self.kept = KeptSessions()
        self.turns: Turns | None = None
        """The order in which threads get connections, where there is one."""
        self._around: ContextVar[tuple[Scope, S] | Room | None] = ContextVar("around", default=None)
        self.replicas: Replicas | None = None
        self._boxes: list[Any] = []  # Any: sandboxes of either kind
        self._box: ContextVar[Any] = ContextVar("box", default=None)
        self.read_options = _READ_OPTIONS.get(engine.dialect.name)
        self.table_options: Options = _TABLE_OPTIONS.get(engine.dialect.name, {"isolation_level": "AUTOCOMMIT"})
        _refuse_many_alike(engine)
        _homes.add(self)
        _watch_forks()

    def spelled(self, options: Options) -> Options:
        """The options of a scope as its database is told of them."""
        if options is None or self.engine.dialect.name not in mariadb.NAMES:
            return options
        return mariadb.spelled(options)

    def around(self, owner: object) -> tuple[Scope, S] | None:
        """The scope that this call stands in, with its session, if it belongs to the same thread or task, or to no one."""
        around = self._around.get()
        if isinstance(around, Room):
            around = around.around
        if around is None or around[0].is_closed or around[0].owner not in (owner, None):
            return None
        return around

    def binding(self, scope: Scope) -> tuple[Any, Mapping[str, Any]]:
        """What the session of a scope is bound to, and what it is made with. Any: an engine, or a sandbox's connection."""
        self.is_disposed = False
        if not self._boxes:
            scope.replicas = self.replicas
            return self.engine, self.session_options
        box = self._box.get()
        if box not in self._boxes:
            if len(self._boxes) > 1:
                raise SandboxTaken(
                    f"{here()}: {len(self._boxes)} sandboxes of this database are open, and none of them around here.\n"
                    f"  Run the work in the context of one: contextvars.copy_context().run(work) in a thread."
                )
            box = self._boxes[0]
        scope.box, scope.begins = box, True
        scope.options = {"schema_translate_map": (scope.options or {}).get("schema_translate_map")}
        return box.connection, {**self.session_options, "join_transaction_mode": "create_savepoint"}

    def open_box(self, box: object) -> None:
        """Scopes of this context are in a sandbox from now on."""
        self._boxes.append(box)
        self._box.set(box)

    def close_box(self, box: object) -> None:
        """A sandbox ends."""
        self._boxes.remove(box)
        self._box.set(None)

    def make_room(self, owner: object) -> Room:
        """A room for the scope of a request, in this context from now on."""
        room = Room(owner)
        self._around.set(room)
        return room

    def enter(self, scope: Scope, session: S, room: Room | None) -> None:
        """The scope is what calls stand in from now on; all those in the room, if there is one."""
        self.open_scopes.add(scope)
        scope.turns = self.turns
        if room is None:
            self._around.set((scope, session))
        else:
            room.around = scope, session
            self._around.set(room)

    def leave(self, scope: Scope, room: Room | None) -> None:
        """The scope has ended."""
        self.open_scopes.discard(scope)
        if scope.position is not None and scope.replicas is not None:
            scope.replicas.expect(scope.position)
        if scope.box is not None:
            scope.box.leave(scope)
        if room is None:
            self._around.set(None)
        else:
            room.around = None

    def refuse_inside(self, owner: object, what: str) -> None:
        """Raise ScopeNested when the call stands in a scope: what is repeated must be whole."""
        around = self.around(owner)
        if around is not None:
            raise ScopeNested(
                f"{here()}: {what} inside of {around[0].told}: it may run its work again, and the work around it would "
                f"not be run with it.\n  Call it outside, or call the work itself with the session of the scope."
            )


def options_of(isolation_level: str | None, schemas: Schemas | None, others: Options = None) -> Options:
    """How the transactions of a scope begin: None where nothing is said of it."""
    told = {"isolation_level": isolation_level, "schema_translate_map": schemas}
    options = {**(others or {}), **{name: value for name, value in told.items() if value is not None}}
    return options or None


class Attempts:
    """How often one piece of work may still be tried, and after which errors."""

    def __init__(self, tries: int, first_delay_s: float, *, is_once: bool) -> None:
        if tries < 1:
            raise BadDatabase(f"tries={tries!r}: work is tried once at least.")
        self._delays = delays(tries, first_delay_s)
        self._is_once = is_once
        self._was_taken = False
        self._unknown: OutcomeUnknown | None = None
        """The last try whose commit nobody knows the end of, as long as no later one found out."""

    def settled(self) -> None:
        """The key is ours in this try: no try before it was kept."""
        self._unknown = None

    def delay_after(self, error: Exception) -> float:
        """How many seconds to wait before the next try; when there is none, raises what is to be told of them all."""
        if isinstance(error, OutcomeUnknown):
            self._unknown = error
        if isinstance(error, KeyTaken) and not self._was_taken:
            self._was_taken = True
            return 0.0  # the answer is there: to look it up is no further try
        delay = next(self._delays, None) if self._may_repeat(error) else None
        if delay is not None:
            return delay
        if self._unknown in (None, error):
            raise error
        raise OutcomeUnknown(f"{self._unknown}\n  Looking it up failed: {_first_line(error)}") from error

    def _may_repeat(self, error: Exception) -> bool:
        if isinstance(error, OutcomeUnknown):
            return self._is_once
        return isinstance(error, KeyTaken) or verdict_of(error) is not Verdict.FINAL

    def __enter__(self) -> Attempts:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """A cancellation tells what it ended, and must tell of the try before that nobody knows the end of."""
        if self._unknown is not None and error is not None and not isinstance(error, OutcomeUnknown):
            error.add_note(str(self._unknown))


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


_READ_OPTIONS: dict[str, dict[str, object]] = {
    "sqlite": {sqlite.READS: True},
    "postgresql": {"postgresql_readonly": True},
    "mysql": {mariadb.READS: True},
    "mariadb": {mariadb.READS: True},
}


_TABLE_OPTIONS: dict[str, Options] = {"mysql": None, "mariadb": None}
"""How tables are made that scopes keep their notes in: so that what others made since is seen, which is so here anyway.

AUTOCOMMIT would have to be taken back from the connection, as an isolation level would: see `mariadb.LEVEL`.
"""


def _plain(engine: Engine | AsyncEngine) -> Engine:
    return engine.sync_engine if isinstance(engine, AsyncEngine) else engine


def _refuse_many_alike(engine: Engine | AsyncEngine) -> None:
    """Raise BadDatabase when engines for the same address pile up."""
    if sqlite.is_in_memory(engine.url) and engine.dialect.name == "sqlite":
        return
    others = [each for each in list(_homes) if each.engine is not engine and not each.is_disposed]
    alike = sum(1 for each in others if each.engine.url == engine.url)
    if alike >= MOST_ENGINES_ALIKE:
        shown = engine.url.render_as_string(hide_password=True)
        raise BadDatabase(
            f"{here()}: {alike} databases for {shown} are alive already, each with a pool of its own.\n"
            f"  Make one when the program starts, and use it everywhere; dispose() of those that have ended."
        )


def _watch_forks() -> None:
    """A child process opens connections of its own: those of its parent are the parent's."""
    global _forks_are_watched  # once for a process
    if not _forks_are_watched and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget_connections)
        _forks_are_watched = True


def _forget_connections() -> None:
    for home in list(_homes):
        _plain(home.engine).dispose(close=False)
        if home.replicas is not None:
            home.replicas.forget()
        if home.turns is not None:
            home.turns.reset()
        home.open_scopes.clear()
        home._around.set(None)
