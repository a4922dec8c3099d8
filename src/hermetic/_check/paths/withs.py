"""What entering and leaving a context manager does."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..._lifecycle.records import Locked, RolledBack, SessionClosed, TransactionBegan, Unlocked
from ..calls import known
from ..calls.concurrency import leave_group
from ..calls.providing import enter_provided, leave_provided
from ..sessions.classes import own_method
from ..sessions.methods import close_session, commit, open_session
from .evaluate import evaluate
from .outcomes import Exit, ExitKind, Raised, caught_by
from .state import HANDLED, State
from .targets import assign, sessions_in
from .values import NONE, UNKNOWN, Call, Closure, Cm, Ext, Maker, Obj, Provided, Sess, Sym, Value

if TYPE_CHECKING:
    from .flow import Body, Flow

Enter = Callable[["Flow", "Value", State, ast.AST], Value]
Leave = Callable[["Flow", "Value", Exit, ast.AST], None]


def enter_all(flow: Flow, items: Sequence[ast.withitem], state: State, body: Body) -> list[Exit]:
    """Enter the items from left to right, run the body, and leave them from right to left."""
    if not items:
        return body(state)
    item, rest = items[0], items[1:]
    exits: list[Exit] = []
    evaluated = flow.simple(ast.Expr(item.context_expr), state, lambda trial: evaluate(flow, item.context_expr, trial))
    if all(isinstance(exit.value, Sess) for exit in evaluated if exit.kind == "next"):
        # Making a session talks to nobody: it does not fail.
        evaluated = [exit for exit in evaluated if exit.kind == "next" or exit.error != "any"]
    for exit in evaluated:
        if exit.kind == "next":
            inner = partial(_bound, flow, item, rest, body)
            flow.analyzer.unresolved.entered(flow, exit.value, item)
            value = flow.analyzer.fenced.entered(flow, exit.value, item.optional_vars, exit.state, item.context_expr)
            value = flow.analyzer.promised.entered(flow, value, item.optional_vars, exit.state, item.context_expr)
            exits += enter(flow, value, exit.state, item.context_expr, inner)
        else:
            exits.append(exit)
    return exits


def _bound(
    flow: Flow, item: ast.withitem, rest: Sequence[ast.withitem], body: Body, state: State, value: Value
) -> list[Exit]:
    if item.optional_vars is not None:
        assign(flow, item.optional_vars, value, state, item.context_expr)
    return enter_all(flow, rest, state, body)


def enter(
    flow: Flow, value: Value, state: State, node: ast.AST, body: Callable[[State, Value], list[Exit]]
) -> list[Exit]:
    """Run `body` inside one context manager; it gets what `as` binds."""
    match value:
        case Cm(kind="function", call=call, subject=subject) if call is not None:
            return flow.analyzer.generators.run(flow, subject, call, state, body)
        case Cm(kind="suppress", call=call) if call is not None:
            return _suppressed(flow, call, state, body)
        case Cm(kind=kind):
            bound = _ENTER[kind](flow, value, state, node)
        case Sess() if (leaves := own_method(flow, value, "__aexit__" if value.is_async else "__exit__")) is not None:
            state.held.pop(value.key, None)
            return _leave_by(flow, Closure(leaves, value), node, body(state, value))
        case Sess():
            bound = value
            state.held.pop(value.key, None)
        case Maker() if value.scoped:
            bound = flow.analyzer.registries.session(value)
        case Obj():
            return _object(flow, value, state, node, body)
        case _:
            bound = value
    if _is_lock(value, node):
        return _locked(flow, state, node, partial(body, state, bound))
    exits: list[Exit] = []
    for exit in body(state, bound):
        exits += _left(flow, value, bound, exit, node)
    return exits


def _is_lock(value: Value, node: ast.AST) -> bool:
    if isinstance(value, Ext) and value.type in known.LOCKS:
        return True
    return (value is UNKNOWN or isinstance(value, (Ext, Sym))) and known.is_lock(node)


def _locked(flow: Flow, state: State, node: ast.AST, body: Callable[[], list[Exit]]) -> list[Exit]:
    """A block under a lock of the program, which is let go at its end."""
    flow.emit(state, Locked(site=flow.site(node)))
    with flow.noting("locked"):
        exits = body()
    for exit in exits:
        flow.emit(exit.state, Unlocked(site=flow.site(node)))
    return exits


def _left(flow: Flow, value: Value, bound: Value, exit: Exit, node: ast.AST) -> list[Exit]:
    def action(state: State) -> Value:
        trial = Exit(exit.kind, state, exit.value, exit.error)
        match value:
            case Cm(kind="provided", subject=Provided(provider)):
                leave_provided(flow, provider, bound, trial, node)
            case Cm(kind=kind):
                _LEAVE[kind](flow, bound, trial, node)
            case Ext(type=name) if name.removesuffix("()") in known.TASK_GROUPS:
                leave_group(state)
            case Sess():
                notes = _LEFT_BY.get(exit.kind, ())
                close_session(flow, value, state, node, *notes)
            case Sym(key=key) if key in state.life.sessions:
                # What an unknown context manager handed out turned out to be a session: who gave it ends it.
                flow.emit(state, SessionClosed(session=key, site=flow.site(node)), "own")
            case _:
                pass
        return exit.value

    done: list[Exit] = []
    for left in flow.branches(exit.state, action):
        if left.kind == "raise":
            done.append(left)
        else:
            done.append(Exit(exit.kind, left.state, exit.value, exit.error))
    return done


def _suppressed(flow: Flow, call: Call, state: State, body: Callable[[State, Value], list[Exit]]) -> list[Exit]:
    """`with suppress(IntegrityError):` lets the block end quietly when it fails so."""
    types = list(call.node.args) if isinstance(call.node, ast.Call) else []
    handler = ast.ExceptHandler(type=ast.Tuple(types, ast.Load()), name=None, body=[])
    flow.guarded += 1
    exits = body(state, UNKNOWN)
    flow.guarded -= 1
    done: list[Exit] = []
    for exit in exits:
        answer = caught_by(flow.module, handler, exit.error) if exit.kind == "raise" else "no"
        if answer != "no":
            quiet = exit.state.copy()
            quiet.mark(*HANDLED)
            done.append(Exit("next", quiet))
        if answer != "yes":
            done.append(exit)
    return done


def _object(
    flow: Flow, value: Obj, state: State, node: ast.AST, body: Callable[[State, Value], list[Exit]]
) -> list[Exit]:
    """A class of the project with `__enter__` and `__exit__`."""
    enters = value.cls.method("__enter__") or value.cls.method("__aenter__")
    leaves = value.cls.method("__exit__") or value.cls.method("__aexit__")
    if enters is None:
        return body(state, UNKNOWN)
    exits: list[Exit] = []
    for entered in flow.branches(state, lambda trial: flow.call_value(Closure(enters, value), Call(node), trial)):
        if entered.kind == "raise":
            exits.append(entered)
            continue
        for session in sessions_in(entered.value):
            entered.state.held.pop(session.key, None)
        inside = body(entered.state, entered.value)
        exits += inside if leaves is None else _leave_by(flow, Closure(leaves, value), node, inside)
    return exits


def _leave_by(flow: Flow, leaves: Closure, node: ast.AST, inside: list[Exit]) -> list[Exit]:
    """Leave a block by a method of the project."""
    exits: list[Exit] = []
    for exit in inside:
        call = Call(node, (Ext("builtins.BaseException") if exit.kind == "raise" else NONE,) * 3)
        notes = ("raising",) if exit.kind == "raise" else ()
        with flow.noting(*notes):
            left = flow.branches(exit.state, partial(flow.call_value, leaves, call))
        exits += [e if e.kind == "raise" else Exit(exit.kind, e.state, exit.value, exit.error) for e in left]
    return exits


def _enter_maker(flow: Flow, cm: Value, state: State, node: ast.AST) -> Value:
    assert isinstance(cm, Cm)
    maker = cm.subject
    if not isinstance(maker, Maker):
        return UNKNOWN
    session = Sess(flow.key(node, "session"), maker.is_async)
    open_session(
        flow, session, state, node, expire=maker.expire_on_commit, autoflush=maker.autoflush, bound=maker.bound,
        autocommit=maker.autocommit,
    )  # fmt: skip
    state.held.pop(session.key, None)
    flow.emit(state, TransactionBegan(session=session.key, site=flow.site(node)))
    state.mark("in-block", session.key)
    return session


def _enter_promised(flow: Flow, cm: Value, state: State, node: ast.AST) -> Value:
    assert isinstance(cm, Cm)
    if isinstance(cm.subject, Sess):
        flow.analyzer.promised.open(flow, cm.subject, state, node)
    return cm.subject


def _enter_begun(flow: Flow, cm: Value, state: State, node: ast.AST) -> Value:
    """A transaction's own block: when it is over before the block ends, the session refuses to work for the rest."""
    assert isinstance(cm, Cm)
    if isinstance(cm.subject, Sess):
        state.mark("in-block", cm.subject.key)
    return cm.subject


def _enter_subject(flow: Flow, cm: Value, state: State, node: ast.AST) -> Value:
    assert isinstance(cm, Cm)
    return cm.subject


def _leave_begin(flow: Flow, bound: Value, exit: Exit, node: ast.AST) -> None:
    if isinstance(bound, Sess):
        _end_transaction(flow, bound, exit, node)


def _end_transaction(flow: Flow, session: Sess, exit: Exit, node: ast.AST) -> None:
    exit.state.marks -= {("in-block", session.key), ("over", session.key)}
    if exit.kind == "raise":
        flow.emit(exit.state, RolledBack(session=session.key, site=flow.site(node)), "raising")
    else:
        _commit_or_undo(flow, session, exit, node, nested=False)


def _commit_or_undo(flow: Flow, session: Sess, exit: Exit, node: ast.AST, *, nested: bool) -> None:
    """A block's own commit; when it fails, the block rolls back."""
    try:
        commit(flow, session, exit.state, node, "block", nested=nested)
    except Raised:
        flow.emit(exit.state, RolledBack(session=session.key, nested=nested, site=flow.site(node)), "raising")
        raise


def _leave_savepoint(flow: Flow, bound: Value, exit: Exit, node: ast.AST) -> None:
    if not isinstance(bound, Sess):
        return
    if exit.kind == "raise":
        flow.emit(exit.state, RolledBack(session=bound.key, nested=True, site=flow.site(node)), "raising")
    else:
        _commit_or_undo(flow, bound, exit, node, nested=True)


def _leave_maker(flow: Flow, bound: Value, exit: Exit, node: ast.AST) -> None:
    if not isinstance(bound, Sess):
        return
    try:
        _end_transaction(flow, bound, exit, node)
    except Raised:
        close_session(flow, bound, exit.state, node, "raising")
        raise
    close_session(flow, bound, exit.state, node, *(("raising",) if exit.kind == "raise" else ()))


def _leave_closing(flow: Flow, bound: Value, exit: Exit, node: ast.AST) -> None:
    if isinstance(bound, Cm):
        flow.analyzer.generators.method(flow, bound, "close", exit.state, node)
    for session in sessions_in(bound):
        close_session(flow, session, exit.state, node, *(("raising",) if exit.kind == "raise" else ()))


def _leave_promised(flow: Flow, bound: Value, exit: Exit, node: ast.AST) -> None:
    if isinstance(bound, Sess):
        close_session(flow, bound, exit.state, node, *(("raising",) if exit.kind == "raise" else ()))


def _leave_nothing(flow: Flow, bound: Value, exit: Exit, node: ast.AST) -> None:
    """`no_autoflush` and `nullcontext` end nothing."""


_LEFT_BY: dict[ExitKind, tuple[str, ...]] = {"raise": ("raising",), "return": ("by-return",)}
_ENTER: dict[str, Enter] = {
    "begin": _enter_begun,
    "savepoint": _enter_subject,
    "no-autoflush": _enter_subject,
    "maker-begin": _enter_maker,
    "engine-begin": _enter_maker,
    "closing": _enter_subject,
    "null": _enter_subject,
    "function": _enter_subject,
    "promised": _enter_promised,
    "provided": enter_provided,
}
_LEAVE: dict[str, Leave] = {
    "begin": _leave_begin,
    "savepoint": _leave_savepoint,
    "no-autoflush": _leave_nothing,
    "maker-begin": _leave_maker,
    "engine-begin": _leave_maker,
    "closing": _leave_closing,
    "null": _leave_nothing,
    "function": _leave_nothing,
    "promised": _leave_promised,
}
