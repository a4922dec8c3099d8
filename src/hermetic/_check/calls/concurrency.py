"""Work handed to other tasks and threads, and the sessions that go with it."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._lifecycle.records import (
    Committed,
    Executed,
    Flushed,
    Key,
    Merged,
    Refreshed,
    RolledBack,
    SessionClosed,
    SessionNested,
    SessionOpened,
    SessionRecord,
    SessionShared,
    SharedHow,
    TasksStarted,
    Waited,
)
from ..paths.evaluate import evaluate
from ..paths.exit_stacks import EXIT_STACKS, entered_by_hand
from ..paths.outcomes import Raised
from ..paths.state import Entry, State
from ..paths.targets import sessions_in
from ..paths.values import UNKNOWN, Bound, Call, Closure, Cm, Ext, Many, Partial, Ref, Sess, Task, Tup, Value
from ..program.modules import External, Function
from ..whole.engines import lend
from ..whole.registries import is_registry
from . import known
from .announcing import announce
from .providing import called
from .unknown import unknown_call

if TYPE_CHECKING:
    from ..paths.flow import Flow


_WORK = (Executed, Flushed, Committed, Refreshed, RolledBack, Merged)
_COROUTINES = frozenset({
    "close", "aclose", "commit", "connection", "delete", "exec", "execute", "flush", "get", "get_one", "invalidate", "merge",
    "refresh", "reset", "rollback", "run_sync", "scalar", "scalars", "stream", "stream_scalars",
})  # fmt: skip


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
    return method in {"create_task", "start_soon"} and (
        owner.removesuffix("()") in known.TASK_GROUPS or owner.startswith("asyncio")
    )


def start_tasks(flow: Flow, callee: Value, node: ast.Call, state: State) -> Value:
    """`gather(a, b)`, `create_task(a)`, `group.create_task(a)`: which sessions would be used at once."""
    name = dotted_value(callee).replace("()", "")
    with flow.noting(*(() if name in known.GATHERS else ("task",))):
        started = [found for arg in node.args for found in _started(flow, arg, node, state)]
    for keyword in node.keywords:
        evaluate(flow, keyword.value, state)
    if name in known.GATHERS:
        return _gathered(flow, name, started, node, state)
    task = started[0][0] if started else Task(UNKNOWN)
    for key in task.sessions:
        if key in state.tasks:
            flow.emit(state, TasksStarted(session=key, what=name, count=2, site=flow.site(node)))
        state.tasks[key] = SessionShared(session=key, how="task", what=name, site=flow.site(node))
    return replace(task, is_running=True)


def _gathered(flow: Flow, name: str, started: list[tuple[Task, int]], node: ast.Call, state: State) -> Value:
    """Coroutines that run at once until the last of them is done; tasks that ran before are joined."""
    users = Counter[Key]()
    for task, count in started:
        if task.is_running:
            join(flow, task, state)
        else:
            users.update(dict.fromkeys(task.sessions, count))
    for key, count in users.items():
        if count > 1:
            flow.emit(state, TasksStarted(session=key, what=name, count=count, site=flow.site(node)))
    if name == "asyncio.as_completed":
        return Many(started[0][0] if started else UNKNOWN, flow.key(node, "tasks"))
    if name == "asyncio.wait":
        return Task(UNKNOWN)
    if any(count > 1 for _, count in started):
        return Task(Many(started[0][0].result, flow.key(node, "tasks")) if len(started) == 1 else UNKNOWN)
    return Task(Tup(tuple(task.result for task, _ in started)))


def _started(flow: Flow, arg: ast.expr, node: ast.Call, state: State) -> list[tuple[Task, int]]:
    """The coroutines that an argument gives, and how many of each: two stand for any number."""
    before = state.log
    value = evaluate(flow, arg.value if isinstance(arg, ast.Starred) else arg, state)
    if isinstance(node.func, ast.Attribute) and node.func.attr == "start_soon":
        if arg is not node.args[0]:
            return []
        rest = tuple(evaluate(flow, other, state) for other in node.args[1:])
        result = flow.call_value(value, Call(node, rest), state)
        return [(Task(result, sessions_used(before, state, result)), 1)]
    match value:
        case Task():
            return [(value, 1)]
        case Many(element=Task() as task):
            return [(task, 2)]
        case Tup(items=items) if any(isinstance(item, Task) for item in items):
            return [(item, 1) for item in items if isinstance(item, Task)]
        case _:
            count = 2 if isinstance(value, Many) or isinstance(arg, ast.Starred) else 1
            return [(Task(value, sessions_used(before, state, value)), count)]


def started_each(flow: Flow, built: Value, state: State) -> None:
    """A comprehension started a task for each of its members."""
    for key in built.sessions if isinstance(built, Task) and built.is_running else ():
        record = state.tasks.get(key)
        if record is not None:
            flow.emit(state, TasksStarted(session=key, what=record.what, site=record.site))


def is_coroutine(callee: Value) -> bool:
    """Whether calling a value gives a coroutine."""
    match callee:
        case Closure(function=function):
            return function.is_async
        case Ref(definition=Function() as function):
            return function.is_async
        case Bound(owner=Sess(is_async=True), name=name):
            return name in _COROUTINES
        case Partial(function=inner):
            return is_coroutine(inner)
        case _:
            return False


def coroutine(flow: Flow, callee: Value, call: Call, state: State) -> Value:
    """Call a coroutine function without `await`: what it does is done here, what it meets shows where it is awaited.

    A task that fails fails apart: neither its error nor a session that it left failed meets who starts it.
    """
    before = state.log
    untouched = state.copy() if "task" in flow.notes else None
    running, state.tasks = state.tasks, {}
    try:
        value = flow.call_value(callee, call, state)
    except Raised:
        if untouched is None:
            raise
        return _failed_apart(before, state, untouched)
    if untouched is not None and _failed(state) - _failed(untouched):
        return _failed_apart(before, state, untouched)
    state.tasks = {**running, **state.tasks}
    return value if isinstance(value, (Cm, Task)) else Task(value, sessions_used(before, state, value))


def _failed_apart(before: Entry | None, state: State, untouched: State) -> Task:
    used = sessions_used(before, state, UNKNOWN)
    state.become(untouched)
    return Task(UNKNOWN, used)


def _failed(state: State) -> set[Key]:
    return {key for key, session in state.life.sessions.items() if session.phase == "failed"}


def join(flow: Flow, task: Task, state: State) -> Value:
    """A coroutine or task is awaited; gives its result."""
    if task.is_running:
        state.tasks = {key: record for key, record in state.tasks.items() if key not in task.sessions}
        return task.result
    for key in task.sessions:
        started = state.tasks.pop(key, None)
        if started is not None:
            flow.emit(state, TasksStarted(session=key, what=started.what, site=started.site))
    return task.result


def leave_group(state: State) -> None:
    """At the end of its block a task group has waited for all its tasks."""
    state.tasks = {
        key: record for key, record in state.tasks.items() if record.what.rpartition(".")[0] not in known.TASK_GROUPS
    }


def meanwhile(flow: Flow, state: State, record: SessionRecord) -> None:
    """Something happens to a session while a task that uses it may still run."""
    started = state.tasks.get(record.session)
    if started is None or "locked" in flow.notes:
        return
    if isinstance(record, SessionClosed):
        del state.tasks[record.session]
        flow.emit(state, started)
    elif isinstance(record, _WORK):
        del state.tasks[record.session]
        flow.emit(state, TasksStarted(session=record.session, what=started.what, site=started.site))


def sessions_used(before: Entry | None, state: State, value: Value) -> frozenset[Key]:
    """The sessions of this path that were worked with since `before`, and were not opened since."""
    used: set[Key] = {session.key for session in sessions_in(value)}
    opened: set[Key] = set()
    entry = state.log
    while entry is not None and entry is not before:
        event = entry.event
        if isinstance(event, SessionOpened):
            opened.add(event.session)
        elif isinstance(event, SessionRecord) and _is_use(event) and "locked" not in entry.where.notes:
            used.add(event.session)
        entry = entry.before
    return frozenset(used - opened)


def _is_use(record: SessionRecord) -> bool:
    return not isinstance(record, (SessionNested, SessionShared, TasksStarted))


def executor_method(flow: Flow, bound: Bound, call: Call, state: State) -> Value:
    """A method of an external object: waits for the outside world, starts threads, or nothing that is known."""
    name = dotted_value(bound)
    owner, _, method = name.rpartition(".")
    stated = flow.analyzer.providers.external(name)
    if stated is not None:
        return called(flow, stated, call, state)
    if method in {"enter_context", "enter_async_context"} and owner in EXIT_STACKS:
        return entered_by_hand(flow, call, state)
    if method == "run_in_executor":
        with flow.in_thread():
            return flow.call_value(call.argument(1), Call(call.node, call.args[2:]), state)
    if owner in known.EXECUTORS and method in {"submit", "map", "apply_async", "starmap"}:
        return _handed(flow, "thread", name, call, state)
    if method == "add_task" and owner.endswith("BackgroundTasks"):
        flow.analyzer.afterwards.runs(flow, call, state)
        return _handed(flow, "background", name, call, state)
    wait = known.outside_wait(name)
    if wait is not None:
        flow.emit(state, Waited(kind=wait, what=name, site=flow.site(call.node)))
        announce(flow, call, state, name)
        return Ext(f"{name}()") if wait == "client" else UNKNOWN
    if method in {"__aenter__", "__enter__"} and isinstance(bound.owner, Ext):
        return bound.owner
    unknown_call(flow, call, state, name)
    return Ext(f"{name}()") if name and isinstance(bound.owner, Ext) and method == "connect" else UNKNOWN


def _handed(flow: Flow, how: SharedHow, what: str, call: Call, state: State) -> Value:
    lend(call, "", state)
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
    used = sessions_used(state.log, trial, UNKNOWN)
    known_keys = {session.key for session in found}
    # A registry hands each thread a session of its own.
    return found + [Sess(key) for key in used if key not in known_keys and not is_registry(key)]


def thread_started(flow: Flow, name: str, call: Call, state: State) -> Value:
    """`Thread(target=work, args=(session,))`."""
    target = call.keyword("target") or call.keyword("function") or call.argument(1)
    args = call.keyword("args")
    given = args.items if args is not None and hasattr(args, "items") else ()
    return _handed(flow, "thread", name, Call(call.node, (target, *given)), state)
