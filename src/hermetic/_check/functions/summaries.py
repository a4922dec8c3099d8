"""What a call does, told once for each function and replayed at each of its calls."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from ..._lifecycle.records import (
    Added,
    EngineCreated,
    Executed,
    InstanceRecord,
    Key,
    Merged,
    SessionOpened,
    SessionRecord,
)
from ..calls.providing import called
from ..paths.outcomes import Raised
from ..paths.state import Entry, Event, State, Supposition, Taken, Worked
from ..paths.values import UNKNOWN, Call, Closure, Cm, Value, keys_in
from ..program.modules import Function
from ..whole.engines import held
from .ensuring import excuse
from .replay import Replay

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow
    from ..work.units import Unit

MAX_EXITS = 6
MAX_EVENTS = 80
_TOLD = frozenset({"none", "some", "inside", "outside"})


@dataclass(frozen=True, slots=True)
class End:
    """One way in which a function ends, with what it did on the way that its caller can notice.

    `supposed` is what this way takes for granted of the arguments; `settled` are those that it disposed of or gave away.
    """

    kind: str
    value: Value
    error: str
    entries: tuple[Entry, ...]
    assumed: frozenset[tuple[str, Key]] = frozenset()
    supposed: frozenset[Supposition] = frozenset()
    settled: frozenset[Key] = frozenset()

    def joined(self, other: End) -> End:
        """This end or another on which the same happened: only what both suppose is taken for granted."""
        entries = tuple(
            replace(one, supposed=one.supposed & twin.supposed)
            for one, twin in zip(self.entries, other.entries, strict=True)
        )
        return replace(
            self, entries=entries, supposed=self.supposed & other.supposed, settled=self.settled | other.settled
        )


class Summaries:
    """Tells what each function does; it is looked at once, when that is first asked for."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def of(self, function: Function) -> Unit:
        """The unit of a function; its value is the function's ends."""
        return self.analyzer.units.ask(
            ("function", function.module.name, function.ident), partial(self._ends, function), ()
        )

    def _ends(self, function: Function) -> tuple[End, ...]:
        """The ends of a function; none for one that is nested beyond Python's own limit."""
        ends: dict[object, End] = {}
        try:
            with self.analyzer.witness.aloud():
                exits = self.analyzer.explore(function)
        except RecursionError:
            self.analyzer.units.give_up()
            return ()
        for exit in exits:
            kind = "raise" if exit.kind == "raise" else "return"
            value = exit.value if exit.kind == "return" else UNKNOWN
            entries = tuple(_kept(exit.state, value))
            assumed = frozenset(mark for mark in exit.state.marks if mark[0] in _TOLD and _is_symbol(mark[1]))
            settled = frozenset(filter(_is_symbol, exit.state.settled))
            end = End(kind, value, exit.error, entries, assumed, exit.state.supposed, settled)
            told = kind, value, exit.error, assumed, tuple(entry.event for entry in entries)
            ends[told] = end if told not in ends else ends[told].joined(end)
        ordered = sorted(ends.values(), key=lambda end: end.kind == "raise")
        return tuple(ordered[:MAX_EXITS])

    def invoke(self, flow: Flow, function: Function, owner: Value | None, call: Call, state: State) -> Value:
        """Call a function of the project."""
        stated = self.analyzer.providers.of(function)
        if stated is not None and stated.kind != "decorator":
            return called(flow, stated, call, state)
        if self.analyzer.is_context_manager(function) or self.analyzer.is_generator(function):
            return Cm("function", Closure(function, owner), call)
        if flow.depth > 8 or function not in self.analyzer.relevance:
            return self.analyzer.promised.returned(flow, function, UNKNOWN, state, call.node)
        with flow.in_thread() if self.analyzer.reach.hops(function) else nullcontext():
            injection = self.analyzer.injecting.around(function, owner, call)
            if injection is None:
                found = self.call(flow, function, owner, call, state)
            else:
                found = self.analyzer.injecting.call(flow, injection, function, owner, call, state)
        return self.analyzer.promised.returned(flow, function, found, state, call.node)

    def call(self, flow: Flow, function: Function, owner: Value | None, call: Call, state: State) -> Value:
        """Let what a function does, apart from its decorators, happen at one call of it."""
        self.analyzer.reach.called(flow, function, state)
        unit = self.of(function)
        ends = cast(tuple[End, ...], unit.value)
        self.analyzer.sharing.used(("cached", function.ident), flow.function)
        if not ends:
            return UNKNOWN
        usable = ends if flow.may_fail(state) else tuple(end for end in ends if end.kind != "raise") or ends[:1]
        replay = Replay(self.analyzer, flow, function, owner, call, state, unit.evidence)
        usable = tuple(end for end in usable if replay.agrees(end)) or usable
        end = usable[flow.choose(len(usable))] if len(usable) > 1 else usable[0]
        replay.is_lookup = _is_lookup(end)
        for entry in end.entries:
            replay.event(entry)
        replay.settle(end)
        excuse(replay, ends, end)
        if end.kind == "raise":
            raise Raised(end.error)
        return replay.value(end.value)


def _is_lookup(end: End) -> bool:
    """Whether a function does nothing with the database but ask it one thing."""
    events = [entry.event for entry in end.entries]
    asked = [event for event in events if isinstance(event, Executed)]
    changes = [event for event in events if type(event).__name__ in _CHANGES]
    return len(asked) == 1 and not asked[0].writes and not changes


_CHANGES = frozenset({"Added", "Deleted", "AttributeWritten", "Flushed", "Committed", "Merged", "Waited"})


def _is_symbol(key: Key) -> bool:
    return isinstance(key, tuple) and key[:1] == ("parameter",)


def _kept(state: State, value: Value) -> Iterable[Entry]:
    """The entries of a path that its caller can notice, oldest first."""
    entries = state.entries()
    returned = set(keys_in(value)) | {key for _, stored in state.attrs.items() for key in keys_in(stored)}
    own_sessions = {
        e.event.session
        for e in entries
        if isinstance(e.event, SessionOpened) and not e.event.received and "own" not in e.where.notes
    } | {e.event.session for e in entries if isinstance(e.event, SessionOpened) and not e.event.received}
    kept_sessions = {key for key in own_sessions if key in returned}
    for key in returned:
        known = state.life.instances.get(key)
        if known is not None:
            kept_sessions |= {known.session, known.last_session} & own_sessions
    dropped = own_sessions - kept_sessions
    worked: set[Key] = set()
    built = held(value, state)
    kept: list[Entry] = []
    for entry in entries:
        event = entry.event
        if isinstance(event, SessionRecord) and event.session in dropped:
            if event.session not in worked and _is_work(event):
                worked.add(event.session)
                is_promised = ("shared", event.session) in state.marks
                work = Worked(_words(event), event.site, _is_async(event, state), is_promised)
                kept.append(replace(entry, event=work))
            if isinstance(event, Added | Merged):
                taken = event.instance if isinstance(event, Added) else event.source
                kept.append(replace(entry, event=Taken(taken)))
            continue
        if isinstance(event, EngineCreated) and event.engine not in built:
            continue
        if (
            isinstance(event, InstanceRecord)
            and not isinstance(event, SessionRecord)
            and _is_dropped(event, state, dropped, returned)
        ):
            continue
        kept.append(entry)
    return [replace(entry, before=None, depth=0) for entry in kept[-MAX_EVENTS:]]


def _is_dropped(event: InstanceRecord, state: State, dropped: set[Key], returned: set[Key]) -> bool:
    known = state.life.instances.get(event.instance)
    if known is None or event.instance in returned:
        return False
    return known.session in dropped or (known.session is None and known.last_session in dropped)


def _is_work(event: Event) -> bool:
    return type(event).__name__ in {"Executed", "Flushed", "Committed", "Refreshed"}


def _is_async(event: Event, state: State) -> bool:
    known = state.life.sessions.get(getattr(event, "session", None))
    return bool(known and known.is_async)


def _words(event: Event) -> str:
    return {"Executed": "runs a statement", "Flushed": "flushes", "Committed": "commits", "Refreshed": "refreshes"}[
        type(event).__name__
    ]
