"""Walks the statements of one function, path by path."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Literal, TypeAlias

from .._lifecycle.records import (
    AttributeRead,
    AttributeWritten,
    Executed,
    InstanceRecord,
    Key,
    Record,
    SessionRecord,
    Where,
)
from .concurrency import meanwhile
from .evaluate import evaluate
from .modules import Function, Module, imported_names
from .outcomes import Exit, Raised, caught_by
from .rows import Row, is_member
from .shapes import NO_SHAPE
from .state import Around, Event, Site, State, distinct, site_of
from .targets import assign, delete
from .truth import split
from .values import UNKNOWN, Call, Closure, Inst, Value
from .withs import enter_all

if TYPE_CHECKING:
    from .analyzer import Analyzer

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
        return self.script[index] if index < len(self.script) else 0


class Flow:
    """One frame: a function's body being walked. `guarded` counts the `try` blocks around the statement at work.

    `on_yield` receives what a generator yields and runs what happens meanwhile; None where nobody listens.
    """

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
        self.frame = next(_frames)
        self.shape = analyzer.shape(function) if function is not None else NO_SHAPE
        self.oracle = Oracle()
        self.handling: list[str] = []
        self.notes: tuple[str, ...] = ()
        self.awaited: ast.expr | None = None
        self.discarded: ast.AST | None = None
        self.rows: tuple[Row, ...] = ()

    # -- services for the evaluator ---------------------------------------------------------------------------------

    def env(self, state: State) -> dict[str, Value]:
        return state.envs.setdefault(self.frame, {})

    def site(self, node: ast.AST) -> Site:
        return site_of(node, self.module)

    def key(self, node: ast.AST, tag: str) -> Key:
        """The name of what is made at `node`: one for each place in the source."""
        return (tag, self.module.name, getattr(node, "lineno", 0), getattr(node, "col_offset", 0))

    def where(self, state: State, *notes: str) -> Where:
        notes = (*self.notes, *notes, *(("handling",) if self.handling else ()))
        loop = next((around for around in reversed(state.loop) if around.kind != "while"), None)
        return Where(on_event_loop=self.on_loop, in_loop_over=loop, scope_depth=len(state.loop), notes=notes)

    def emit(self, state: State, record: Record, *notes: str) -> str:
        """Let `record` happen on this path; gives the effect that the lifecycle told."""
        if isinstance(record, AttributeRead) and "test" in self.notes:
            state.mark("tested", (record.instance, record.attribute))
        if state.loop and isinstance(record, InstanceRecord) and self._is_each(state, record):
            notes = (*notes, "per-item")
        if state.tasks and isinstance(record, SessionRecord):
            meanwhile(self, state, record)
        return self.analyzer.witness.happened(state, record, self.where(state, *notes))

    def query(self, state: State, record: Executed, node: ast.AST, *notes: str) -> str:
        """Let a statement run that `node` sends; noted is whether it asks for something of a member of a loop."""
        line = getattr(node, "lineno", 0)
        each = any(row.feeds(node, record.session) and not row.is_last(line) for row in self.rows)
        return self.emit(state, record, *notes, *(("per-item",) if each else ()))

    def _is_each(self, state: State, record: InstanceRecord) -> bool:
        """Whether a record is about one member of a loop after the other."""
        line = getattr(record.site, "line", 0)
        is_one = any(is_member(record.instance, around.members) for around in state.loop)
        return is_one and not any(row.is_last(line) for row in self.rows)

    def note(self, state: State, event: Event, *notes: str) -> None:
        state.add(event, self.where(state, *notes))

    def choose(self, options: int) -> int:
        return self.oracle.choose(options)

    def call_value(self, callee: Value, call: Call, state: State) -> Value:
        from .calls import call_value

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

    # -- running -----------------------------------------------------------------------------------------------------

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
            for state in current[: self.analyzer.width()]:
                for exit in self.statement(statement, state):
                    if exit.kind == "next":
                        following.append(exit.state)
                    else:
                        exits.append(exit)
            current = distinct(following)
            if len(exits) > 24:
                exits = merged(exits)
        return [*merged(exits), *(Exit("next", state) for state in current)]

    def statement(self, node: ast.stmt, state: State) -> list[Exit]:
        handler = STATEMENTS.get(type(node))
        return handler(self, node, state) if handler else [Exit("next", state)]

    def simple(self, node: ast.stmt, state: State, action: Callable[[State], Value], kind: str = "next") -> list[Exit]:
        """A statement without blocks: its branches, and that anything in it may fail."""
        exits = [Exit(kind, e.state, e.value) if e.kind == "next" else e for e in self.branches(state, action)]  # type: ignore[arg-type]
        is_told = any(exit.kind == "raise" and exit.error == "db" for exit in exits)
        if self.may_fail(state) and not is_told and can_fail(node):
            exits.append(Exit("raise", state, error="any"))
        return exits


def merged(exits: list[Exit]) -> list[Exit]:
    """The exits without those that are alike in kind, error, value and state."""
    if len(exits) < 2:
        return exits
    kept: dict[object, Exit] = {}
    for exit in exits:
        kept.setdefault((exit.kind, exit.error, exit.value, exit.state.fingerprint()), exit)
    return list(kept.values())[:24]


_ENDINGS = frozenset({"close", "aclose", "rollback", "remove", "dispose", "next", "anext", "__exit__", "__aexit__"})


@lru_cache(maxsize=16384)
def can_fail(node: ast.AST) -> bool:
    """Whether a statement calls or awaits anything (other failures are programming errors, not paths).

    A `close()` or `rollback()` that fails is no path of its own: what could be done about it?
    """
    if isinstance(node, ast.Expr):
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Call) and (getattr(call.func, "attr", None) or getattr(call.func, "id", "")) in _ENDINGS:
            return False
    return any(isinstance(inner, (ast.Call, ast.Await, ast.Yield)) for inner in ast.walk(node))


def _expression(flow: Flow, node: ast.Expr, state: State) -> list[Exit]:
    if isinstance(node.value, ast.Yield):
        return _yielded(flow, node, node.value, None, state)
    flow.discarded = node.value.value if isinstance(node.value, ast.Await) else node.value
    return flow.simple(node, state, lambda trial: evaluate(flow, node.value, trial))


def _assign(flow: Flow, node: ast.Assign, state: State) -> list[Exit]:
    if isinstance(node.value, ast.Yield):
        return _yielded(flow, node, node.value, node.targets[0], state)

    def action(trial: State) -> Value:
        value = evaluate(flow, node.value, trial)
        for target in node.targets:
            assign(flow, target, value, trial, node.value)
        return value

    return flow.simple(node, state, action)


def _ann_assign(flow: Flow, node: ast.AnnAssign, state: State) -> list[Exit]:
    if node.value is None:
        return [Exit("next", state)]
    source = node.value

    def action(trial: State) -> Value:
        value = evaluate(flow, source, trial)
        if value is UNKNOWN:
            value = flow.analyzer.annotated(node.annotation, flow.module, flow.key(node, "ann"), borrowed=True)
        assign(flow, node.target, value, trial, source)
        return value

    return flow.simple(node, state, action)


def _aug_assign(flow: Flow, node: ast.AugAssign, state: State) -> list[Exit]:
    def action(trial: State) -> Value:
        read = ast.copy_location(_as_load(node.target), node.target)
        evaluate(flow, read, trial)
        value = evaluate(flow, node.value, trial)
        assign(flow, node.target, UNKNOWN, trial, node.value)
        return value

    return flow.simple(node, state, action)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=attr):
            return ast.Attribute(value, attr, ast.Load(), end_lineno=target.end_lineno, end_col_offset=target.end_col_offset)
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value, index, ast.Load())
        case _:
            return ast.Constant(None)


def _return(flow: Flow, node: ast.Return, state: State) -> list[Exit]:
    if node.value is None:
        return [Exit("return", state)]
    source = node.value
    return flow.simple(node, state, lambda trial: flow.analyzer.returned(flow, evaluate(flow, source, trial), trial, node), "return")


def _delete(flow: Flow, node: ast.Delete, state: State) -> list[Exit]:
    for target in node.targets:
        delete(flow, target, state)
    return [Exit("next", state)]


def _assert(flow: Flow, node: ast.Assert, state: State) -> list[Exit]:
    yes, _ = split(flow, node.test, state)
    return [Exit("next", found) for found in yes] or [Exit("next", state)]


def _raise(flow: Flow, node: ast.Raise, state: State) -> list[Exit]:
    if node.exc is None:
        return [Exit("raise", state, error=flow.handling[-1] if flow.handling else "any")]
    source = node.exc
    exits = flow.branches(state, lambda trial: evaluate(flow, source, trial))
    error = error_name(flow, source)
    return [Exit("raise", exit.state, error=exit.error or error) for exit in exits]


def error_name(flow: Flow, node: ast.expr) -> str:
    """The class that a `raise` names; "any" for a variable."""
    if isinstance(node, ast.Call):
        node = node.func
    definition = flow.module.project.resolve_expr(flow.module, node)
    if definition is None:
        return getattr(node, "id", "any") if isinstance(node, ast.Name) and node.id[:1].isupper() else "any"
    return getattr(definition, "qualname", None) or getattr(definition, "name", "any")


def _if(flow: Flow, node: ast.If, state: State) -> list[Exit]:
    yes, no = split(flow, node.test, state)
    exits = [*flow.block(node.body, yes), *flow.block(node.orelse, no)]
    if flow.may_fail(state) and can_fail(node.test):
        exits.append(Exit("raise", state, error="any"))
    return exits


def _while(flow: Flow, node: ast.While, state: State) -> list[Exit]:
    around, state.loop = state.loop, (*state.loop, Around("while", flow.key(node, "loop")))
    entered, left = split(flow, node.test, state)
    exits: list[Exit] = []
    done = list(left)
    for _ in range(2):
        again: list[State] = []
        for exit in flow.block(node.body, distinct(entered)):
            if exit.kind in {"next", "continue"}:
                again.append(exit.state)
            elif exit.kind == "break":
                done.append(exit.state)
            else:
                exits.append(exit)
        entered = []
        for after in distinct(again):
            yes, no = split(flow, node.test, after)
            entered += yes
            done += no
    if not done:
        done = entered
    for path in (*done, *(exit.state for exit in exits)):
        path.loop = around
    return [*exits, *flow.block(node.orelse, distinct(done))]


def _for(flow: Flow, node: ast.For | ast.AsyncFor, state: State) -> list[Exit]:
    from .loops import iterate

    exits: list[Exit] = []
    for exit in flow.simple(node.iter, state, lambda trial: evaluate(flow, node.iter, trial)):  # type: ignore[arg-type]
        if exit.kind == "next":
            exits += iterate(flow, node.target, exit.value, exit.state, lambda trial: flow.block(node.body, [trial]), node)
        else:
            exits.append(exit)
    done = [exit.state for exit in exits if exit.kind == "next"]
    return [*(exit for exit in exits if exit.kind != "next"), *flow.block(node.orelse, distinct(done))]


def _with(flow: Flow, node: ast.With | ast.AsyncWith, state: State) -> list[Exit]:
    return enter_all(flow, node.items, state, lambda trial: flow.block(node.body, [trial]))


def _try(flow: Flow, node: ast.Try, state: State) -> list[Exit]:
    flow.guarded += 1
    exits = flow.block(node.body, [state])
    flow.guarded -= 1
    finals = bool(node.finalbody)
    flow.guarded += finals
    results = flow.block(node.orelse, distinct([exit.state for exit in exits if exit.kind == "next"]))
    for exit in merged(exits):
        if exit.kind == "raise":
            results += _handled(flow, node.handlers, exit)
        elif exit.kind != "next":
            results.append(exit)
    flow.guarded -= finals
    if not finals:
        return results
    after: list[Exit] = []
    for exit in merged(results):
        with flow.noting(*(("raising",) if exit.kind == "raise" else ())):
            for final in flow.block(node.finalbody, [exit.state]):
                after.append(Exit(exit.kind, final.state, exit.value, exit.error) if final.kind == "next" else final)
    return after


def _handled(flow: Flow, handlers: Sequence[ast.ExceptHandler], exit: Exit) -> list[Exit]:
    results: list[Exit] = []
    for handler in handlers:
        answer = caught_by(flow.module, handler, exit.error)
        if answer == "no":
            continue
        state = exit.state.copy()
        state.mark("handled", flow.frame)
        if handler.name:
            flow.env(state)[handler.name] = UNKNOWN
        flow.handling.append(exit.error)
        for result in flow.block(handler.body, [state]):
            results.append(result)
        flow.handling.pop()
        if answer == "yes":
            return results
    return [*results, exit]


def _match(flow: Flow, node: ast.Match, state: State) -> list[Exit]:
    exits: list[Exit] = []
    for exit in flow.simple(ast.Expr(node.subject), state, lambda trial: evaluate(flow, node.subject, trial)):
        if exit.kind != "next":
            exits.append(exit)
            continue
        for case in node.cases:
            exits += flow.block(case.body, [exit.state.copy()])
        last = node.cases[-1]
        if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
            exits.append(exit)
    return exits


def _definition(flow: Flow, node: ast.FunctionDef | ast.AsyncFunctionDef, state: State) -> list[Exit]:
    function = flow.analyzer.function_at(node)
    if function is not None:
        flow.env(state)[node.name] = Closure(function)
    return [Exit("next", state)]


def _import(flow: Flow, node: ast.Import | ast.ImportFrom, state: State) -> list[Exit]:
    for name, bound in imported_names(flow.module, node):
        definition = flow.module.project.imported(flow.module, bound)
        if definition is not None:
            flow.env(state)[name] = flow.analyzer.value_of(definition)
    return [Exit("next", state)]


def _yielded(flow: Flow, node: ast.stmt, source: ast.Yield, target: ast.expr | None, state: State) -> list[Exit]:
    exits: list[Exit] = []
    given = source.value
    for exit in flow.branches(state, lambda trial: evaluate(flow, given, trial) if given is not None else UNKNOWN):
        if exit.kind != "next":
            exits.append(exit)
            continue
        if flow.on_yield is None:
            if flow.may_fail(exit.state) and not (flow.function and flow.analyzer.is_fixture(flow.function)):
                exits.append(Exit("raise", exit.state.copy(), error="any"))
            resumed = [Exit("next", exit.state)]
        else:
            resumed = [_resumed(result) for result in flow.on_yield(exit.state, exit.value)]
        for result in resumed:
            if target is not None and result.kind == "next":
                assign(flow, target, UNKNOWN, result.state, source)
            exits.append(result)
    return exits


def _resumed(result: Exit) -> Exit:
    """A generator goes on after its `with` body left by `return`, `break` or `continue`; how it left is kept."""
    if result.kind == "raise":
        return result
    result.state.pending = (*result.state.pending, (result.kind, result.value))
    return Exit("next", result.state)


def _stop(kind: Literal["break", "continue"]) -> Callable[[Flow, ast.stmt, State], list[Exit]]:
    return lambda _flow, _node, state: [Exit(kind, state)]


STATEMENTS: dict[type[ast.stmt], Callable[..., list[Exit]]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.Return: _return,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Break: _stop("break"),
    ast.Continue: _stop("continue"),
}
