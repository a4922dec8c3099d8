"""Work handed to other tasks and threads, and the sessions that go with it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .._lifecycle.records import SessionRecord, SessionShared, SharedHow, TasksStarted, Waited
from . import known
from .evaluate import evaluate
from .modules import External
from .state import Entry, State
from .targets import sessions_in
from .values import UNKNOWN, Bound, Call, Ext, Ref, Sess, Value

if TYPE_CHECKING:
    from .flow import Flow


def dotted_value(value: Value) -> str:
    """`openai.OpenAI.chat.completions.create` for that method of an external object."""
    match value:
        case Bound(owner=owner, name=name):
            inner = dotted_value(owner)
            return f"{inner}.{name}" if inner else ""
        case Ext(type=type_name):
            return type_name
        case Ref(definition=External(name=name)):
            return name
        case _:
            return ""


def starts_tasks(callee: Value) -> bool:
    """Whether calling this runs coroutines at the same time as each other, or as the caller."""
    name = dotted_value(callee)
    if name in known.GATHERS or name in known.TASK_STARTERS:
        return True
    owner, _, method = name.rpartition(".")
    return method in {"create_task", "start_soon"} and (owner.removesuffix("()") in known.TASK_GROUPS or owner.startswith("asyncio"))


def start_tasks(flow: Flow, callee: Value, node: ast.Call, state: State) -> Value:
    """`gather(a, b)`, `create_task(a)`, `group.create_task(a)`: which sessions would be used at once."""
    name = dotted_value(callee)
    users: dict[object, int] = {}
    for arg in node.args:
        before = state.log
        value = _started(flow, arg, node, state)
        count = 2 if isinstance(arg, ast.Starred) or _in_comprehension(arg) else 1
        for key in _sessions_used(before, state, value):
            users[key] = users.get(key, 0) + count
    for keyword in node.keywords:
        evaluate(flow, keyword.value, state)
    in_loop = bool(state.loop)
    at_once = name in known.GATHERS
    group = not at_once and name not in known.TASK_STARTERS
    for key, count in users.items():
        started = ("task", key) in state.marks
        if count > 1 or (not at_once and (in_loop or started)):
            flow.emit(state, TasksStarted(session=key, what=name.removesuffix("()"), count=count, site=flow.site(node)))
        if not at_once:
            state.mark("task", key)
            if not group:
                flow.emit(state, SessionShared(session=key, how="task", what=name, site=flow.site(node)))
    return UNKNOWN


def _started(flow: Flow, arg: ast.expr, node: ast.Call, state: State) -> Value:
    value = evaluate(flow, arg.value if isinstance(arg, ast.Starred) else arg, state)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "start_soon":
        rest = tuple(evaluate(flow, other, state) for other in node.args[1:])
        return flow.call_value(value, Call(node, rest), state) if arg is node.args[0] else UNKNOWN
    return value


def _in_comprehension(arg: ast.expr) -> bool:
    return isinstance(arg, (ast.ListComp, ast.GeneratorExp, ast.SetComp))


def _sessions_used(before: Entry | None, state: State, value: Value) -> set[object]:
    """The sessions of this path that were worked with since `before`, and were not opened since."""
    used: set[object] = {session.key for session in sessions_in(value)}
    opened: set[object] = set()
    entry = state.log
    while entry is not None and entry is not before:
        event = entry.event
        if isinstance(event, SessionRecord):
            if type(event).__name__ == "SessionOpened":
                opened.add(event.session)
            elif type(event).__name__ not in {"SessionShared", "TasksStarted"}:
                used.add(event.session)
        entry = entry.before
    return used - opened


def executor_method(flow: Flow, bound: Bound, call: Call, state: State) -> Value:
    """A method of an external object: waits for the outside world, starts threads, or nothing that is known."""
    from .calls import unknown_call

    name = dotted_value(bound)
    owner, _, method = name.rpartition(".")
    if method == "run_in_executor":
        with flow.in_thread():
            return flow.call_value(call.argument(1), Call(call.node, call.args[2:]), state)
    if owner in known.EXECUTORS and method in {"submit", "map", "apply_async", "starmap"}:
        return _handed(flow, "thread", name, call, state)
    if method == "add_task" and owner.endswith("BackgroundTasks"):
        return _handed(flow, "background", name, call, state)
    wait = known.outside_wait(name)
    if wait is not None:
        flow.emit(state, Waited(kind=wait, what=name, site=flow.site(call.node)))  # type: ignore[arg-type]
        return UNKNOWN
    if method in {"__aenter__", "__enter__"} and isinstance(bound.owner, Ext):
        return bound.owner
    unknown_call(flow, call, state, name)
    return Ext(f"{name}()") if name and isinstance(bound.owner, Ext) and method == "connect" else UNKNOWN


def _handed(flow: Flow, how: SharedHow, what: str, call: Call, state: State) -> Value:
    for session in _given(flow, how, call, state):
        flow.emit(state, SessionShared(session=session.key, how=how, what=what, site=flow.site(call.node)))
    return UNKNOWN


def _given(flow: Flow, how: SharedHow, call: Call, state: State) -> list[Sess]:
    """The sessions that a thread or background task gets: as arguments, bound to its method, or from around a lambda."""
    found = [session for value in (*call.args, *(v for _, v in call.keywords)) for session in sessions_in(value)]
    if not call.args:
        return found
    trial = state.copy()
    with flow.in_thread() if how == "thread" else flow.off_loop(), flow.silent():
        flow.call_value(call.args[0], Call(call.node, call.args[1:], call.keywords), trial)
    used = _sessions_used(state.log, trial, UNKNOWN)
    known_keys = {session.key for session in found}
    return found + [Sess(key) for key in used if key not in known_keys]


def thread_started(flow: Flow, name: str, call: Call, state: State) -> Value:
    """`Thread(target=work, args=(session,))`."""
    target = call.keyword("target") or call.keyword("function") or call.argument(1)
    args = call.keyword("args")
    given = args.items if args is not None and hasattr(args, "items") else ()
    return _handed(flow, "thread", name, Call(call.node, (target, *given)), state)
