"""One path through a function: what its names hold, what its sessions went through."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from ..._lifecycle.model import Lifecycle
from ..._lifecycle.records import AttributeRead, Executed, Key, Record, SessionRecord, SessionShared, Waited, Where
from ..program.modules import Module
from .values import Call, Inst, Value


class Site(NamedTuple):
    """A span of source code, 1-based in lines and columns; the lines are numbers (see `rulers`), 0 for no line at all."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


def site_of(node: ast.AST, module: Module) -> Site:
    """Where a node stands."""
    line: int = getattr(node, "lineno", 0)
    column: int = getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None) or column
    return Site(module.file.name, line, column + 1, end_line, end_column + 1)


class Path(NamedTuple):
    """The key of what an attribute of a symbolic value holds."""

    base: Key
    attribute: str


@dataclass(frozen=True, slots=True)
class FieldSet:
    """An attribute of an object that is not mapped was set."""

    owner: Key
    attribute: str
    value: Value


@dataclass(frozen=True, slots=True)
class SymbolCalled:
    """A method was called on a value of unknown type; replayed where a caller knows the type."""

    owner: Key
    name: str
    call: Call
    node: ast.AST
    module: Module


@dataclass(frozen=True, slots=True)
class ValueRead:
    """An attribute of a value of unknown type was read."""

    owner: Key
    attribute: str
    node: ast.AST
    module: Module


@dataclass(frozen=True, slots=True)
class Worked:
    """Database work on a session of the callee's own; it blocks its thread where the session is no async one.

    `is_promised` where nothing shows how that session was made.
    """

    what: str
    site: Hashable
    is_async: bool = False
    is_promised: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """A session of the callee's own took an instance in, by `add` or `merge`."""

    instance: Key


Event: TypeAlias = Record | FieldSet | SymbolCalled | ValueRead | Worked | Taken


Supposed = Literal["true", "false", "none", "some"]
Supposition: TypeAlias = tuple[Supposed, Key]


@dataclass(frozen=True, slots=True)
class Entry:
    """A link of a path's log, newest first; `supposed` is what the path took for granted of its function's arguments."""

    event: Event
    where: Where
    before: Entry | None
    supposed: frozenset[Supposition] = frozenset()
    depth: int = 0


class Around(NamedTuple):
    """A loop around a statement: over the rows of a query, over other items, or a `while`; `members` stand for each."""

    kind: Literal["rows", "items", "while"]
    key: Key
    members: frozenset[Key] = frozenset()


HANDLED = ("handled", None)
"""The mark of a path on which a failure was caught: an excuse for what a session loses after it."""


SURELY = ", surely"
"""How the mark of a hazard ends that was more than possible."""


class State:
    """The mutable state of one path; `copy()` forks it.

    `made` are the objects and factories that this path made itself, `settled` the engines that it disposed of or gave
    away, with what may hold one; `work` is what sessions asked the database for, and what was waited for.
    """

    __slots__ = (
        "attrs", "envs", "facts", "held", "life", "log", "loop", "made", "marks", "pending", "returned", "settled",
        "supposed", "tasks", "work",
    )  # fmt: skip

    def __init__(self) -> None:
        self.envs: dict[int, dict[str, Value]] = {}
        self.attrs: dict[tuple[Key, str], Value] = {}
        self.facts: dict[str, bool] = {}
        self.held: dict[Key, Record] = {}
        self.life = Lifecycle()
        self.log: Entry | None = None
        self.loop: tuple[Around, ...] = ()
        self.made: frozenset[Key] = frozenset()
        self.marks: frozenset[tuple[str, Key]] = frozenset()
        self.pending: tuple[tuple[str, Value], ...] = ()
        self.returned: ast.AST | None = None
        self.settled: frozenset[Key] = frozenset()
        self.supposed: frozenset[Supposition] = frozenset()
        self.tasks: dict[Key, SessionShared] = {}
        self.work: frozenset[Executed | Worked | Waited] = frozenset()

    def copy(self) -> State:
        twin = State.__new__(State)
        twin.envs = {frame: env.copy() for frame, env in self.envs.items()}
        twin.attrs = self.attrs.copy()
        twin.facts = self.facts.copy()
        twin.held = self.held.copy()
        twin.life = self.life.copy()
        twin.log = self.log
        twin.loop = self.loop
        twin.made = self.made
        twin.marks = self.marks
        twin.pending = self.pending
        twin.returned = self.returned
        twin.settled = self.settled
        twin.supposed = self.supposed
        twin.work = self.work
        twin.tasks = self.tasks.copy() if self.tasks else {}
        return twin

    def become(self, other: State) -> None:
        """Go on as another path, which is given up for it."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    def situation(self) -> Hashable:
        """What sessions and instances went through, whatever names and objects hold."""
        return (
            self.life.fingerprint(),
            frozenset(self.held) if self.held else None,
            self.pending,
            frozenset(self.tasks) if self.tasks else None,
        )

    def fingerprint(self, situation: Hashable = None) -> Hashable:
        """Equal for two paths that will behave alike from here on."""
        return (
            tuple([frozenset(env.items()) for env in self.envs.values()]),
            frozenset(self.facts.items()) if self.facts else None,
            frozenset(self.attrs.items()) if self.attrs else None,
            self.work,
            self.marks if self.life.sessions or not self.marks else self.marks - {HANDLED},
            situation or self.situation(),
        )

    def add(self, event: Event, where: Where) -> None:
        if isinstance(event, _ASKED):
            self.work |= {event}
        self.log = Entry(event, where, self.log, self.supposed, self.log.depth + 1 if self.log is not None else 0)

    def entries(self) -> list[Entry]:
        """The log, oldest first."""
        found = []
        entry = self.log
        while entry is not None:
            found.append(entry)
            entry = entry.before
        found.reverse()
        return found

    def join(self, other: State) -> None:
        """Go on as either of two paths that behave alike from here on; what only the other one read is not forgotten."""
        if other is self:
            return
        self.supposed &= other.supposed
        self.made |= other.made
        self.settled |= other.settled
        mine, theirs = _apart(self.log, other.log)
        if any(entry.supposed for entry in mine):
            self.log = _either(mine, theirs)
        if any(isinstance(entry.event, (SessionRecord, SymbolCalled)) for entry in (*mine, *theirs)):
            return
        known = {(entry.event, entry.supposed) for entry in mine}
        for entry in theirs:
            if isinstance(entry.event, (AttributeRead, ValueRead)) and (entry.event, entry.supposed) not in known:
                depth = self.log.depth + 1 if self.log is not None else 0
                self.log = Entry(entry.event, entry.where, self.log, entry.supposed, depth)

    def records(self) -> Iterator[Record]:
        """The records of this path, oldest first."""
        return (entry.event for entry in self.entries() if isinstance(entry.event, Record))

    @property
    def told(self) -> frozenset[tuple[str, Key]]:
        """The marks by which this path knows what it told for sure of sessions."""
        return frozenset(mark for mark in self.marks if mark[0].endswith(SURELY) and mark[1] in self.life.sessions)

    def mark(self, name: str, key: Key) -> None:
        if (name, key) not in self.marks:
            self.marks |= {(name, key)}

    def clone_instance(self, source: Key, target: Inst) -> None:
        """Let `target` be in the state that `source` is in; forgotten when nothing is known of the source."""
        known = self.life.instances.get(source)
        if known is None:
            self.forget(target.key)
        else:
            self.life.instances[target.key] = replace(known, key=target.key)

    def forget(self, key: Key) -> None:
        """Another instance goes by this name from now on; a session that still has work with the old one keeps it."""
        known = self.life.instances.pop(key, None)
        session = self.life.sessions.get(known.session) if known is not None else None
        if known is None or session is None:
            return
        past: Key = ("past", key)
        points = tuple(
            replace(point, **{name: _renamed(getattr(point, name), key, past) for name in _UNDONE})
            for point in session.savepoints
        )
        work = {name: tuple(past if one == key else one for one in getattr(session, name)) for name in _WORK}
        if points != session.savepoints or any(past in keys for keys in work.values()):
            self.life.instances[past] = replace(known, key=past)
            self.life.change_session(session.key, savepoints=points, **work)


def _renamed(keys: frozenset[Key], old: Key, new: Key) -> frozenset[Key]:
    return keys - {old} | {new} if old in keys else keys


def _apart(one: Entry | None, other: Entry | None) -> tuple[list[Entry], list[Entry]]:
    """What two logs hold beyond their common beginning, oldest first."""
    mine, theirs = list[Entry](), list[Entry]()
    while one is not other:
        if other is None or (one is not None and one.depth >= other.depth):
            assert one is not None
            mine.append(one)
            one = one.before
        else:
            theirs.append(other)
            other = other.before
    return mine[::-1], theirs[::-1]


def _either(mine: list[Entry], theirs: list[Entry]) -> Entry | None:
    """The log of a path that goes on as either of two: what happened on both takes for granted what both do."""
    supposed: dict[Event, frozenset[Supposition]] = {}
    for entry in theirs:
        supposed[entry.event] = supposed.get(entry.event, entry.supposed) & entry.supposed
    log = mine[0].before
    for entry in mine:
        log = replace(entry, before=log, supposed=entry.supposed & supposed.get(entry.event, entry.supposed))
    return log


_ASKED = (Executed, Worked, Waited)
_WORK = ("pending", "dirty", "deleted")
_UNDONE = ("inserted", "changed", "deleted")
MAX_PATHS = 12
MAX_ALIKE = 4
"""How many paths may go on that differ in what names and objects hold alone."""
MAX_IDLE = 2
"""How many of these where there is no session and no instance yet."""
_SLIGHT = frozenset({"handled", "tested"})


def distinct(states: list[State], limit: int = MAX_PATHS) -> list[State]:
    """The states without those that behave alike, at most `limit` of them, and few in the same situation."""
    if len(states) < 2:
        return states
    kept: dict[Hashable, State] = {}
    crowd = Counter[Hashable]()
    for state in states:
        situation = (state.situation(), *(mark for mark in state.marks if mark[0] not in _SLIGHT))
        alike = MAX_ALIKE if state.life.sessions or state.life.instances else MAX_IDLE
        fingerprint = state.fingerprint(situation[0])
        known = kept.get(fingerprint)
        if known is not None:
            known.join(state)
        elif crowd[situation] < alike:
            kept[fingerprint] = state
            crowd[situation] += 1
        if len(kept) >= limit:
            break
    return list(kept.values())


def unlike(states: list[State], known: Container[Hashable]) -> list[State]:
    """The states that behave otherwise than those with these fingerprints."""
    return [state for state in states if state.fingerprint() not in known]


def take(state: State, other: State) -> None:
    """Let `state` go on as `other`."""
    for name in State.__slots__:
        setattr(state, name, getattr(other, name))
