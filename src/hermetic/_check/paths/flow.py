"""Walks the statements of one function, path by path."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from ..._lifecycle.records import (
    AttributeRead,
    AttributeWritten,
    Executed,
    InstanceRecord,
    Key,
    Record,
    SessionRecord,
    Where,
)
from ..calls.calling import call_value
from ..calls.concurrency import meanwhile
from ..program.modules import Function, Module
from ..program.shapes import NO_SHAPE
from ..work.effort import RECORD, width
from .expressions import EXPRESSIONS
from .forgetting import forget
from .outcomes import MAX_EXITS, Exit, ExitKind, Raised, merged
from .retries import note_doubt
from .row_locks import note_row_locks
from .rows import Row, is_member
from .state import Event, Site, State, distinct, site_of
from .statements import STATEMENTS, can_fail
from .values import Call, Inst, Value

if TYPE_CHECKING:
    from ..analyzer import Analyzer

Body: TypeAlias = Callable[[State], list[Exit]]
YieldHandler: TypeAlias = Callable[[State, Value], list[Exit]]
Place = Literal["once", "per-call", "per-request"]

MAX_BRANCHES = 10
_frames = count(1)


@dataclass(slots=True)
class Oracle:
    """Answers the choices of one run of a statement: first those of its script, then 0; keeps how many there were."""

    script: tuple[int, ...] = ()
    counts: list[int] = field(default_factory=list)

    def choose(self, options: int) -> int:
        index = len(self.counts)
        self.counts.append(options)
        # A function that is part of a circle may end in fewer ways by the time that a statement runs again.
        return min(self.script[index], options - 1) if index < len(self.script) else 0


class Flow:
    """One frame: a function's body being walked. `guarded` counts the `try` blocks around the statement at work.

    `on_yield` receives what a generator yields and runs what happens meanwhile; None where nobody listens.
    """

    expressions: ClassVar[dict[type[ast.expr], Callable[..., Value]]] = EXPRESSIONS

    def __init__(
        self,
        analyzer: Analyzer,
        module: Module,
        function: Function | None,
        *,
        on_loop: bool = False,
        place: Place = "per-call",
        depth: int = 0,
        on_yield: YieldHandler | None = None,
        guarded: int = 0,
        threaded: bool = False,
    ) -> None:
        self.analyzer = analyzer
        self.module = module
        self.function = function
        self.on_loop = on_loop
        self.place: Place = place
        self.depth = depth
        self.on_yield = on_yield
        self.guarded = guarded
        self.threaded = threaded
        self.told_at: Site | None = None
        self.rendered_at: Site | None = None
        self.frame = next(_frames)
        self.shape = analyzer.shape(function) if function is not None else NO_SHAPE
        self.oracle = Oracle()
        self.handling: list[str] = []
        self.notes: tuple[str, ...] = ()
        self.awaited: ast.expr | None = None
        self.discarded: ast.AST | None = None
        self.rows: tuple[Row, ...] = ()

    def env(self, state: State) -> dict[str, Value]:
        return state.envs.setdefault(self.frame, {})

    def site(self, node: ast.AST) -> Site:
        return self.told_at or site_of(node, self.module)

    def key(self, node: ast.AST, tag: str) -> Key:
        """The name of what is made at `node`: one for each place in the source."""
        place = (tag, self.module.name, getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        return place if self.told_at is None else (*place, self.told_at)

    def where(self, state: State, *notes: str) -> Where:
        notes = (*self.notes, *notes, "handling") if self.handling else (*self.notes, *notes)
        loop = next((around for around in reversed(state.loop) if around.kind != "while"), None) if state.loop else None
        return Where(
            on_event_loop=self.on_loop, in_loop_over=loop, scope_depth=len(state.loop), notes=notes,
            rendered_at=self.rendered_at,
        )  # fmt: skip

    def emit(self, state: State, record: Record, *notes: str) -> str:
        """Let `record` happen on this path; gives the effect that the lifecycle told."""
        self.analyzer.units.current.effort += RECORD
        if isinstance(record, AttributeRead) and "test" in self.notes:
            state.mark("tested", (record.instance, record.attribute))
        if state.loop and isinstance(record, InstanceRecord) and self._is_each(state, record):
            notes = (*notes, "per-item")
        note_doubt(state, record)
        note_row_locks(state, record)
        if state.tasks and isinstance(record, SessionRecord):
            meanwhile(self, state, record)
        return self.analyzer.witness.happened(state, record, self.where(state, *notes))

    def query(self, state: State, record: Executed, node: ast.AST, *notes: str) -> str:
        """Let a statement run that `node` sends; noted is whether it asks for something of a member of a loop,
        and whether the block of its transaction goes on after a rollback."""
        line = getattr(node, "lineno", 0)
        each = any(row.feeds(node, record.session) and not row.is_last(line) for row in self.rows)
        over = ("over",) if ("over", record.session) in state.marks else ()
        return self.emit(state, record, *notes, *over, *(("per-item",) if each else ()))

    def _is_each(self, state: State, record: InstanceRecord) -> bool:
        """Whether a record is about one member of a loop after the other."""
        if not any(around.members and is_member(record.instance, around.members) for around in state.loop):
            return False
        line = getattr(record.site, "line", 0)
        return not any(row.is_last(line) for row in self.rows)

    def note(self, state: State, event: Event, *notes: str) -> None:
        state.add(event, self.where(state, *notes))

    def choose(self, options: int) -> int:
        return self.oracle.choose(options)

    def call_value(self, callee: Value, call: Call, state: State) -> Value:
        return call_value(self, callee, call, state)

    def is_statement(self, node: ast.AST) -> bool:
        """Whether a call's result is thrown away."""
        return node is self.discarded

    def write_some(self, owner: Inst, state: State, node: ast.AST) -> None:
        """An attribute whose name is not known is set."""
        name = next(iter(owner.mapping.columns), None)
        if name is not None:
            self.emit(state, AttributeWritten(instance=owner.key, attribute=name, site=self.site(node)), "some")

    def is_global(self, name: str) -> bool:
        """Whether the function at work declares a name `global`."""
        return name in self.shape.global_names

    @contextmanager
    def awaiting(self, node: ast.expr) -> Iterator[None]:
        saved, self.awaited = self.awaited, node
        try:
            yield
        finally:
            self.awaited = saved

    @contextmanager
    def at_row(self, row: Row) -> Iterator[None]:
        """What runs inside runs once for each member of a loop."""
        saved, self.rows = self.rows, (*self.rows, row)
        try:
            yield
        finally:
            self.rows = saved

    @contextmanager
    def off_loop(self) -> Iterator[None]:
        """What runs inside runs where blocking is allowed."""
        saved, self.on_loop = self.on_loop, False
        try:
            yield
        finally:
            self.on_loop = saved

    @contextmanager
    def in_thread(self) -> Iterator[None]:
        """What runs inside runs in another thread."""
        saved, self.threaded = self.threaded, True
        try:
            with self.off_loop():
                yield
        finally:
            self.threaded = saved

    @contextmanager
    def noting(self, *notes: str) -> Iterator[None]:
        """Every record emitted inside carries these notes."""
        saved, self.notes = self.notes, (*self.notes, *notes)
        try:
            yield
        finally:
            self.notes = saved

    def silent(self) -> AbstractContextManager[None]:
        return self.analyzer.witness.silent()

    def may_fail(self, state: State) -> bool:
        """Whether a failure at this point would be seen by anything on this path."""
        return self.guarded > 0 or bool(state.held)

    def branches(self, state: State, action: Callable[[State], Value]) -> list[Exit]:
        """Run `action` once for each sequence of choices it meets; a Raised becomes a `raise` exit."""
        exits: list[Exit] = []
        scripts: list[tuple[int, ...]] = [()]
        while scripts and len(exits) < MAX_BRANCHES:
            script = scripts.pop(0)
            trial = state.copy()
            saved, self.oracle = self.oracle, Oracle(script)
            try:
                exits.append(Exit("next", trial, action(trial)))
            except Raised as raised:
                exits.append(Exit("raise", trial, error=raised.error))
            finally:
                oracle, self.oracle = self.oracle, saved
            if len(oracle.counts) > len(script):
                taken = (*script, *([0] * (len(oracle.counts) - len(script))))
                for index in range(len(script), len(oracle.counts)):
                    scripts += [(*taken[:index], other) for other in range(1, oracle.counts[index])]
        return exits

    def once(self, state: State, action: Callable[[State], Value]) -> Exit:
        """Run `action` with the first of its choices only."""
        saved, self.oracle = self.oracle, Oracle()
        try:
            return Exit("next", state, action(state))
        except Raised as raised:
            return Exit("raise", state, error=raised.error)
        finally:
            self.oracle = saved

    def block(self, body: Sequence[ast.stmt], states: Iterable[State]) -> list[Exit]:
        """Run statements in order from each state; paths beyond the analyzer's width are given up, exits and all."""
        current = list(states)
        exits: list[Exit] = []
        for statement in body:
            following: list[State] = []
            after = self.shape.after.get(statement)
            for state in current[: width(self.analyzer.units.current)]:
                for exit in self.statement(statement, state):
                    if after is not None:
                        forget(self, exit, statement, after)
                    if exit.kind == "next":
                        following.append(exit.state)
                    else:
                        exits.append(exit)
            current = distinct(following)
            if len(exits) > MAX_EXITS:
                exits = merged(exits)
        return [*merged(exits), *(Exit("next", state) for state in current)]

    def statement(self, node: ast.stmt, state: State) -> list[Exit]:
        handler = STATEMENTS.get(type(node))
        return handler(self, node, state) if handler else [Exit("next", state)]

    def simple(
        self, node: ast.stmt, state: State, action: Callable[[State], Value], kind: ExitKind = "next"
    ) -> list[Exit]:
        """A statement without blocks: its branches, and that anything in it may fail."""
        exits = [Exit(kind, e.state, e.value) if e.kind == "next" else e for e in self.branches(state, action)]
        is_told = any(exit.kind == "raise" and exit.error == "db" for exit in exits)
        if self.may_fail(state) and not is_told and can_fail(node):
            if exits:
                state.marks |= frozenset.intersection(*(exit.state.told for exit in exits))
            exits.append(Exit("raise", state, error="any"))
        return exits
