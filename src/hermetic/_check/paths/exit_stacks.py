"""Exit stacks: what is entered by one is left with it, as if it had a `with` of its own."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..program.modules import External
from .state import State
from .targets import sessions_in
from .values import UNKNOWN, Call, Closure, Cm, Obj, Sess, Value

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from .flow import Flow

EXIT_STACKS = frozenset({"contextlib.ExitStack", "contextlib.AsyncExitStack"})
_ENTERS = frozenset({"enter_context", "enter_async_context"})
_PUSHES = frozenset({"push", "push_async_exit"})
_CALLS = frozenset({"callback", "push_async_callback"})
_METHODS = _ENTERS | _PUSHES | _CALLS


class ExitStacks:
    """Unrolls the blocks of exit stacks, each once."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._unrolled: dict[ast.stmt, list[ast.stmt]] = {}

    def body(self, flow: Flow, node: ast.With | ast.AsyncWith) -> list[ast.stmt]:
        """The body of a `with`; where this is a stack's, the same body with a block for each thing that it enters."""
        name = next((name for item in node.items if (name := _stack(flow, item)) is not None), None)
        if name is None:
            return node.body
        if node not in self._unrolled:
            moves_out = any(_is_use(inner, name, {"pop_all"}) for inner in ast.walk(node))
            self._unrolled[node] = node.body if moves_out else unrolled(node.body, name)
        return self._unrolled[node]


def _stack(flow: Flow, item: ast.withitem) -> str | None:
    """The name that `with ExitStack() as stack` gives."""
    match item:
        case ast.withitem(context_expr=ast.Call(func=func), optional_vars=ast.Name(id=name)):
            definition = flow.module.project.resolve_expr(flow.module, func)
            return name if isinstance(definition, External) and definition.name in EXIT_STACKS else None
        case _:
            return None


def _is_use(node: ast.AST, name: str, methods: set[str] | frozenset[str]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
            return owner == name and method in methods
        case _:
            return False


def unrolled(body: Sequence[ast.stmt], name: str) -> list[ast.stmt]:
    """Statements in which `session = stack.enter_context(db())` opens a block around all that follow it."""
    for index, statement in enumerate(body):
        call, target = _asked_of(statement, name)
        if call is not None and call.args:
            rest = unrolled(body[index + 1 :], name) or [ast.copy_location(ast.Pass(), statement)]
            return [*body[:index], ast.copy_location(_block(call, target, rest), statement)]
    return list(body)


def _asked_of(statement: ast.stmt, name: str) -> tuple[ast.Call | None, ast.expr | None]:
    """What a statement asks of the stack, and the target that gets the answer."""
    match statement:
        case ast.Assign(targets=[ast.expr() as target]) | ast.AnnAssign(target=target):
            into: ast.expr | None = target
        case _:
            into = None
    value = getattr(statement, "value", None)
    value = value.value if isinstance(value, ast.Await) else value
    return (value if isinstance(value, ast.Call) and _is_use(value, name, _METHODS) else None), into


def _block(call: ast.Call, target: ast.expr | None, rest: list[ast.stmt]) -> ast.stmt:
    assert isinstance(call.func, ast.Attribute)
    method, first = call.func.attr, call.args[0]
    if method in _CALLS:
        last: ast.expr = ast.copy_location(ast.Call(first, call.args[1:], call.keywords), call)
        last = ast.copy_location(ast.Await(last), call) if "async" in method else last
        return ast.Try(rest, [], [], [ast.copy_location(ast.Expr(last), call)])
    item = ast.withitem(first, target if method in _ENTERS else None)
    return ast.AsyncWith([item], rest) if "async" in method else ast.With([item], rest)


def entered_by_hand(flow: Flow, call: Call, state: State) -> Value:
    """What a stack enters in a branch, in a loop or out of sight of its end: it owns that from now on."""
    subject = call.argument(0, "cm")
    value = _entered(flow, subject, call, state)
    for session in sessions_in(value):
        state.held.pop(session.key, None)
        if not isinstance(subject, Sess):
            state.mark("shared", session.key)
    return value


def _entered(flow: Flow, subject: Value, call: Call, state: State) -> Value:
    match subject:
        case Cm(kind="function", subject=function, call=made) if made is not None:
            return flow.analyzer.generators.first(flow, function, made, state, call.node)
        case Obj(cls=cls):
            enters = cls.method("__enter__") or cls.method("__aenter__")
            return flow.call_value(Closure(enters, subject), Call(call.node), state) if enters else UNKNOWN
        case Sess():
            return subject
        case _:
            return UNKNOWN
