"""Decorators that bring a session: a function called without its session runs inside of the decorator around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..paths.outcomes import Exit, Raised
from ..paths.state import State, take
from ..paths.values import NONE, UNKNOWN, Call, Closure, Cm, Decorated, Provided, Sess, Value, Wrapped
from ..paths.withs import enter
from ..program.modules import Function
from ..program.traces import Remembered
from ..providers import Provider
from .nesting import nest_decorated

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow

MAX_DEPTH = 6
MAX_EXITS = 6


@dataclass(frozen=True, slots=True)
class Injection:
    """How a decorator hands its session on: `wrapper` calls `called`, with what it names `session`.

    The session goes to `parameter`; at `position` where it always comes first, None where a caller may give its own.
    """

    wrapper: Function
    called: str
    session: str
    parameter: str
    position: int | None = None


class Injecting:
    """Knows which functions get a session from a decorator of the project, and runs the decorator around them."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._known: Remembered[Function, Injection | Provider | None] = Remembered(analyzer.project.trace)

    def around(self, function: Function, owner: Value | None, call: Call) -> Injection | Provider | None:
        """What brings a function its session at one call; None where there is no need."""
        injection = self._of(function)
        if injection is None or (isinstance(injection, Injection) and injection.position is not None):
            return injection
        given = dict(self.analyzer.arguments(function, owner, call))
        return injection if given.get(injection.parameter, NONE) == NONE and not _spreads(call) else None

    def _of(self, function: Function) -> Injection | Provider | None:
        """What brings a function its session."""
        if not function.head.decorator_list:
            return None
        return self._known.get(function, lambda: next(self._injections(function), None))

    def _joined(self, flow: Flow, injection: Injection, state: State) -> Sess | None:
        """The session of the function at work, which a decorator of both hands on instead of opening another one."""
        around = self._of(flow.function) if flow.function is not None else None
        if not isinstance(around, Injection) or around.wrapper is not injection.wrapper:
            return None
        looks = any(_looked_up(node, injection.session) for node in self.analyzer.walk(injection.wrapper))
        session = flow.env(state).get(around.parameter) if looks else None
        return session if isinstance(session, Sess) else None

    def _injections(self, function: Function) -> Iterator[Injection | Provider]:
        for decorator in function.head.decorator_list:
            name = decorator.func if isinstance(decorator, ast.Call) else decorator
            found = self.analyzer.project.resolve_expr(function.module, name)
            stated = self.analyzer.providers.of(found)
            if stated is not None and stated.kind == "decorator":
                yield stated
            elif isinstance(found, Function):
                # What a factory of decorators is given (`@unit(on_error)`) is not what they decorate.
                given = set[str]() if name is not decorator else {argument.arg for argument in _arguments(found)}
                yield from self._by(found, function, given)

    def _by(self, decorator: Function, function: Function, outer: set[str]) -> Iterator[Injection]:
        """How the functions inside of a decorator call what was decorated, which one of the names in `outer` holds."""
        for node in self.analyzer.walk(decorator):
            inner = (
                self.analyzer.function_at(node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
            )
            if inner is not None:
                yield from self._in(inner, outer, function)
                outer |= {argument.arg for argument in _arguments(inner)}

    def _in(self, wrapper: Function, outer: set[str], function: Function) -> Iterator[Injection]:
        own = {argument.arg for argument in _arguments(wrapper)} - self.analyzer.shape(wrapper).names
        names = [argument.arg for argument in (*function.head.args.posonlyargs, *function.head.args.args)]
        nodes = self.analyzer.walk(wrapper)
        kept = {key: name for node in nodes for key, name in _put(node)}
        for node in nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in outer - own):
                continue
            called = node.func.id
            by_name = {k.arg: k.value.id for k in node.keywords if k.arg and isinstance(k.value, ast.Name)}
            for parameter, session in {**kept, **by_name}.items():
                if session not in own and parameter in {argument.arg for argument in _arguments(function)}:
                    yield Injection(wrapper, called, session, parameter)
            for position, value in enumerate(node.args):
                if isinstance(value, ast.Name) and value.id not in own and position < len(names):
                    yield Injection(wrapper, called, value.id, names[position], position)

    def call(
        self,
        flow: Flow,
        injection: Injection | Provider,
        function: Function,
        owner: Value | None,
        call: Call,
        state: State,
    ) -> Value:
        """Call a function through its decorator; all that the decorator does is told at the place of the call."""
        if flow.depth >= MAX_DEPTH:
            return self.analyzer.summaries.call(flow, function, owner, call, state)
        if isinstance(injection, Injection):
            joined = self._joined(flow, injection, state)
            if joined is not None:
                given = _with_session(call, injection.parameter, joined)
                return self.analyzer.summaries.call(flow, function, owner, given, state)
            exits = self._around(flow, injection, Decorated(function, owner, call), state)
        else:
            exits = self._inside(flow, injection, Decorated(function, owner, call), state)
        if not exits:
            return self.analyzer.summaries.call(flow, function, owner, call, state)
        exit = _chosen(flow, exits, state)
        take(state, exit.state)
        if exit.kind == "raise":
            raise Raised(exit.error)
        return exit.value if exit.kind == "return" else NONE

    def _around(self, flow: Flow, injection: Injection, decorated: Decorated, state: State) -> list[Exit]:
        """The exits of a decorator of the project; the paths on which it was given a session are none of this call."""
        wrapper, call = injection.wrapper, decorated.call
        self.analyzer.reach.called(flow, wrapper, state)
        inner = self.analyzer.frame(wrapper, flow)
        inner.told_at = flow.site(call.node)
        inner.rows, inner.notes = flow.rows, flow.notes
        trial = state.copy()
        given = (*(() if decorated.owner is None else (decorated.owner,)), *call.args)
        self.analyzer.bind_arguments(inner, Closure(wrapper), Call(call.node, given), trial)
        inner.env(trial)[injection.called] = Wrapped(decorated, injection.session, injection.parameter)
        exits = inner.block(wrapper.node.body, [trial])
        for exit in exits:
            exit.state.envs.pop(inner.frame, None)
        return [exit for exit in exits if ("passed", inner.frame) not in exit.state.marks]

    def _inside(self, flow: Flow, provider: Provider, decorated: Decorated, state: State) -> list[Exit]:
        """The exits of a decorator that a model file states."""

        def body(path: State, session: Value) -> list[Exit]:
            nest_decorated(flow, path, decorated, session, provider.parameter, is_certain=False)
            given = _with_session(decorated.call, provider.parameter, session)
            ends = flow.branches(
                path,
                lambda trial: self.analyzer.summaries.call(flow, decorated.function, decorated.owner, given, trial),
            )
            return [Exit("return", end.state, end.value) if end.kind == "next" else end for end in ends]

        return enter(flow, Cm("provided", Provided(provider), decorated.call), state.copy(), decorated.call.node, body)

    def wrapped(self, flow: Flow, wrapped: Wrapped, state: State) -> Value:
        """The decorator calls the function; a path on which it has no session yet is none of a call without one."""
        session = flow.env(state).get(wrapped.session)
        if not isinstance(session, Sess):
            state.mark("passed", flow.frame)
            return UNKNOWN
        decorated = wrapped.decorated
        nest_decorated(flow, state, decorated, session, wrapped.parameter)
        given = _with_session(decorated.call, wrapped.parameter, session)
        return self.analyzer.summaries.call(flow, decorated.function, decorated.owner, given, state)


def _with_session(call: Call, parameter: str, session: Value) -> Call:
    rest = tuple((name, value) for name, value in call.keywords if name != parameter)
    return Call(call.node, call.args, (*rest, (parameter, session)), call.awaited)


def _chosen(flow: Flow, exits: list[Exit], before: State) -> Exit:
    """One way in which a wrapped call ends; a failure only where somebody would notice."""
    exits = sorted(exits, key=lambda exit: exit.kind == "raise")[:MAX_EXITS]
    if not flow.may_fail(before):
        exits = [exit for exit in exits if exit.kind != "raise"] or exits[:1]
    return exits[flow.choose(len(exits))] if len(exits) > 1 else exits[0]


def _spreads(call: Call) -> bool:
    """Whether a call hands on arguments that it does not name: `work(*args, **options)`."""
    is_starred = any(isinstance(arg, ast.Starred) for arg in getattr(call.node, "args", ()))
    return is_starred or call.keyword("**") is not None


def _put(node: ast.AST) -> Iterator[tuple[str, str]]:
    """`kwargs["session"] = session`: the key with the name that it gets."""
    match node:
        case ast.Assign(
            targets=[ast.Subscript(value=ast.Name(), slice=ast.Constant(value=str() as key))], value=ast.Name(id=name)
        ):
            yield key, name


def _looked_up(node: ast.AST, name: str) -> bool:
    """`session = current.get()`, `getattr(g, "session", None)`: what another call left there, if there is one."""
    match node:
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Attribute(attr="get"), args=args)):
            return target == name and len(args) <= 1
        case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call(func=ast.Name(id="getattr")) | ast.Attribute()):
            return target == name
        case _:
            return False


def _arguments(function: Function) -> tuple[ast.arg, ...]:
    args = function.head.args
    return (*args.posonlyargs, *args.args, *args.kwonlyargs)
