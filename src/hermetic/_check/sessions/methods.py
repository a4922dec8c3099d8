"""What each method of a session does, said in records."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..._lifecycle.records import (
    Added,
    Committed,
    Deleted,
    Executed,
    Expired,
    Expunged,
    Flushed,
    Key,
    Merged,
    Refreshed,
    RolledBack,
    SessionClosed,
    SessionOpened,
    TransactionBegan,
)
from ..functions.suppositions import is_parameter
from ..paths.outcomes import Raised
from ..paths.remarks import is_explained
from ..paths.state import HANDLED, State, SymbolCalled
from ..paths.targets import instances_in, unsettle
from ..paths.values import UNKNOWN, Call, Cm, Const, Inst, Option, Query, Sess, Stmt, Sym, Tup, Value
from .overwrites import merged
from .results import get, page, run, select

if TYPE_CHECKING:
    from ..paths.flow import Flow

METHODS = frozenset({
    "add", "add_all", "begin", "begin_nested", "close", "aclose", "commit", "connection", "delete", "exec", "execute", "expire",
    "expire_all", "expunge", "expunge_all", "flush", "get", "get_one", "invalidate", "merge", "paginate", "query", "refresh", "remove",
    "reset", "rollback", "run_sync", "scalar", "scalars", "stream", "stream_scalars", "bulk_save_objects",
    "bulk_insert_mappings", "bulk_update_mappings",
})  # fmt: skip


def session_method(flow: Flow, session: Sess, name: str, call: Call, state: State) -> Value:
    """Call a method of a session."""
    if call.awaited and not session.is_async:
        session = _awaited(flow, session, state)
    method = _METHODS.get(name)
    if call.keyword("bind_arguments") or call.keyword("bind"):
        unsettle(state, session)
    return method(flow, session, call, state) if method else UNKNOWN


def _awaited(flow: Flow, session: Sess, state: State) -> Sess:
    """Only an async session's methods can be awaited, whatever an annotation says."""
    flow.analyzer.is_awaited(session.key)
    if session.key in state.life.sessions:
        expires = flow.analyzer.received(session.key).expire_on_commit
        state.life.change_session(session.key, is_async=True, expire_on_commit=expires)
    return Sess(session.key, is_async=True)


def open_session(
    flow: Flow, session: Sess, state: State, node: ast.AST, *,
    expire: bool = True, autoflush: bool = True, bound: bool | None = None, autocommit: bool = False,
) -> Sess:  # fmt: skip
    """A session is made here; the function holds it until it closes it or hands it on."""
    if session.key in state.held:
        flow.analyzer.left(flow, state, session.key, "loop")
    record = SessionOpened(
        session=session.key,
        expire_on_commit=expire,
        autoflush=autoflush,
        is_async=session.is_async,
        bound=bound,
        site=flow.site(node),
    )
    state.marks = frozenset(mark for mark in state.marks if mark[1] != session.key)
    state.held[session.key] = record
    flow.analyzer.reach.opened(flow, session.key)
    flow.emit(state, record)
    if autocommit:
        state.mark("autocommit", session.key)
    return session


def bound_to(session: Sess, connection: Value, state: State) -> None:
    """What a session on a connection holds belongs to whoever has that, and so does the end of a caller's transaction."""
    if isinstance(connection, Sess):
        state.held.pop(session.key, None)
        if is_parameter(connection.key):
            state.mark("joined", session.key)


def close_session(flow: Flow, session: Sess, state: State, node: ast.AST, *notes: str) -> None:
    """The session ends: by `close()`, or by the end of its block."""
    state.held.pop(session.key, None)
    flow.emit(state, SessionClosed(session=session.key, site=flow.site(node)), *notes, *excuses(state, session.key))


def excuses(state: State, session: Key) -> tuple[str, ...]:
    """Notes on why work that is left in a session at its end is not lost by mistake."""
    handled = ("handled",) if HANDLED in state.marks else ()
    return (*handled, *(name for name, key in state.marks if key == session and name in {"autocommit", "shared"}))


def commit(flow: Flow, session: Sess, state: State, node: ast.AST, *notes: str, nested: bool = False) -> None:
    """A commit, or the release of a savepoint when `nested`; either may fail where somebody would notice.

    What fails at a savepoint's release is the flush in front of it: where there is none, nothing is spoiled.
    """
    notes = (*notes, *(name for name in ("joined", "explained") if (name, session.key) in state.marks))
    is_meant = is_explained(flow, node) or ("announced", session.key) in state.marks
    state.marks -= {("announced", session.key), ("explained", session.key)}
    if is_meant:
        state.mark("explained", session.key)
    notes = (*notes, *_circumstances(flow, session, state))
    if flow.may_fail(state) and flow.choose(2):
        if not nested or has_work(state, session):
            flow.emit(state, Committed(session=session.key, nested=nested, site=flow.site(node), fails=True), *notes)
        raise Raised("db")
    flow.emit(state, Committed(session=session.key, nested=nested, site=flow.site(node)), *notes)


def _circumstances(flow: Flow, session: Sess, state: State) -> Iterator[str]:
    """Notes on what a commit would keep: half of the work, after a failure; nothing, on a database that gave up before."""
    if ("half-done", session.key) in state.marks:
        state.marks -= {("half-done", session.key)}
        if {"finally", "raising"} <= set(flow.notes):
            yield "half-done"
    if flow.analyzer.surroundings.is_postgresql:
        yield "postgresql"
    yield from flow.analyzer.engines.noted(flow.function)


def leave_half_done(state: State) -> None:
    """A failure passes: mark the sessions whose work it leaves unfinished."""
    for key, session in state.life.sessions.items():
        if session.uncommitted or session.pending or session.dirty or session.deleted:
            state.mark("half-done", key)


def may_refuse(flow: Flow, session: Sess, state: State) -> bool:
    """Whether a statement is refused here, on a path where somebody would catch it and earlier work is at stake."""
    known = state.life.sessions.get(session.key)
    is_at_stake = known is not None and known.phase != "failed" and (known.uncommitted or has_work(state, session))
    return bool(flow.guarded and is_at_stake and flow.choose(2))


def _commit(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    commit(flow, session, state, call.node)
    return UNKNOWN


def _flush(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    if has_work(state, session) and flow.guarded and flow.choose(2):
        flow.emit(state, Flushed(session=session.key, site=flow.site(call.node), fails=True))
        raise Raised("db")
    flow.emit(state, Flushed(session=session.key, site=flow.site(call.node)))
    return UNKNOWN


def _rollback(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    state.marks -= {("half-done", session.key)}
    if ("in-block", session.key) in state.marks:
        state.mark("over", session.key)
    flow.emit(state, RolledBack(session=session.key, site=flow.site(call.node)))
    return UNKNOWN


def _close(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    close_session(flow, session, state, call.node, *(("raising",) if flow.handling else ()))
    return UNKNOWN


def _add(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    for value in call.args:
        for inst in instances_in(value):
            flow.emit(state, Added(session=session.key, instance=inst.key, site=flow.site(call.node)))
        if not instances_in(value):
            unknown_write(flow, session, state, call.node, "add")
            unknown_given(flow, session, call, state, "add")
    return UNKNOWN


def unknown_given(flow: Flow, session: Sess, call: Call, state: State, name: str) -> None:
    """A parameter of unknown type was given to a session: told again where a caller knows what it is."""
    if isinstance(call.argument(0, "instance"), Sym):
        flow.note(state, SymbolCalled(session.key, name, call, call.node, flow.module))


def unknown_write(flow: Flow, session: Sess, state: State, node: ast.AST, name: str) -> None:
    """Something that the analyzer cannot name was added or deleted: a write all the same."""
    flow.emit(
        state, Executed(session=session.key, writes=True, autoflushes=False, site=flow.site(node)), name, "staged"
    )


def _delete(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    found = instances_in(call.argument(0, "instance"))
    for inst in found:
        flow.emit(state, Deleted(session=session.key, instance=inst.key, site=flow.site(call.node)))
    if not found:
        unknown_write(flow, session, state, call.node, "delete")
    return UNKNOWN


def _bulk(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    flow.emit(state, Executed(session=session.key, writes=True, site=flow.site(call.node)), "bulk")
    return UNKNOWN


def _expunge(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    for inst in instances_in(call.argument(0, "instance")):
        flow.emit(state, Expunged(session=session.key, instance=inst.key, site=flow.site(call.node)))
    unknown_given(flow, session, call, state, "expunge")
    return UNKNOWN


def _expunge_all(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    flow.emit(state, Expunged(session=session.key, site=flow.site(call.node)))
    return UNKNOWN


def _expire(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    for inst in instances_in(call.argument(0, "instance")):
        names = strings(call.argument(1, "attribute_names"))
        flow.emit(state, Expired(session=session.key, instance=inst.key, attributes=names, site=flow.site(call.node)))
    return UNKNOWN


def _expire_all(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    flow.emit(state, Expired(session=session.key, site=flow.site(call.node)))
    return UNKNOWN


def strings(value: Value) -> frozenset[str] | None:
    """The strings of a list display."""
    if not isinstance(value, Tup):
        return None
    return frozenset(item.value for item in value.items if isinstance(item, Const) and isinstance(item.value, str))


def _refresh(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    names = strings(call.argument(1, "attribute_names"))
    locks = call.keyword("with_for_update") is not None
    for inst in instances_in(call.argument(0, "instance")):
        site = flow.site(call.node)
        flow.emit(state, Refreshed(session=session.key, instance=inst.key, attributes=names, locked=locks, site=site))
    unknown_given(flow, session, call, state, "refresh")
    return UNKNOWN


def _merge(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    source = call.argument(0, "instance")
    if not isinstance(source, Inst):
        unknown_write(flow, session, state, call.node, "merge")
        return UNKNOWN
    merged(flow, source, call, state)
    result = Inst(flow.key(call.node, "merged"), source.mapping)
    record = Merged(
        session=session.key,
        source=source.key,
        result=result.key,
        mapping=source.mapping,
        result_is_used=not flow.is_statement(call.node),
        site=flow.site(call.node),
    )
    flow.emit(state, record)
    return result


def _get(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    options = call.keyword("options")
    found = tuple(
        o for v in (options.items if isinstance(options, Tup) else ()) if isinstance(v, Option) for o in v.options
    )
    return get(flow, session, flow.analyzer.mapping_of(call.argument(0, "entity")), found, state, call)


def _query(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    return Query(select(flow, call), session)


_REFUSABLE = frozenset({"insert", "update", "delete", "text"})


def _runs(name: str) -> Callable[[Flow, Sess, Call, State], Value]:
    def method(flow: Flow, session: Sess, call: Call, state: State) -> Value:
        statement = call.argument(0, "statement")
        stmt = statement if isinstance(statement, Stmt) else Stmt("other")
        if stmt.kind in _REFUSABLE and may_refuse(flow, session, state):
            writes = stmt.kind != "text"
            flow.emit(state, Executed(session=session.key, writes=writes, fails=True, site=flow.site(call.node)), name)
            raise Raised("db")
        return run(flow, session, stmt, state, call.node, name)

    return method


def _begin(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    return _begun(flow, Cm("begin", session, call), state)


def _begin_nested(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    return _begun(flow, Cm("savepoint", session, call), state)


def _begun(flow: Flow, cm: Cm, state: State) -> Cm:
    """A transaction or savepoint begins; before a savepoint what waits is flushed, which may fail outside of it."""
    session = cm.subject
    if not isinstance(session, Sess) or cm.call is None:
        return cm
    site, nested = flow.site(cm.call.node), cm.kind == "savepoint"
    if nested and flow.guarded and session.key in state.life.sessions and has_work(state, session) and flow.choose(2):
        flow.emit(state, Flushed(session=session.key, site=site, fails=True))
        raise Raised("db")
    flow.emit(state, TransactionBegan(session=session.key, nested=nested, site=site))
    return cm


def has_work(state: State, session: Sess) -> bool:
    """Whether the next flush has something to do, as far as is known."""
    known = state.life.sessions.get(session.key)
    return known is None or bool(known.pending or known.dirty or known.deleted)


def transaction_method(flow: Flow, cm: Cm, name: str, call: Call, state: State) -> Value:
    """`savepoint.commit()`, `transaction.rollback()`: by hand instead of a block."""
    session, nested = cm.subject, cm.kind == "savepoint"
    if not isinstance(session, Sess) or cm.kind not in {"begin", "savepoint"}:
        return UNKNOWN
    if name == "commit":
        commit(flow, session, state, call.node, nested=nested)
    elif name in {"rollback", "close"}:
        flow.emit(state, RolledBack(session=session.key, nested=nested, site=flow.site(call.node)))
    elif name in {"start", "__enter__", "__aenter__"}:
        return cm
    return UNKNOWN


def _run_sync(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    """The function gets the session's synchronous side and runs where blocking and lazy loading are allowed."""
    function = call.argument(0, "fn")
    twin = Sess(session.key, is_async=False)
    if session.key not in state.life.sessions:
        state.life.apply(flow.analyzer.received(session.key))
    before = state.life.change_session(session.key, is_async=False)
    try:
        with flow.off_loop():
            return flow.call_value(function, Call(call.node, (twin, *call.args[1:]), call.keywords), state)
    finally:
        state.life.change_session(before.key, is_async=session.is_async)


def _remove(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    close_session(flow, session, state, call.node)
    return UNKNOWN


_METHODS: dict[str, Callable[[Flow, Sess, Call, State], Value]] = {
    "add": _add,
    "add_all": _add,
    "begin": _begin,
    "begin_nested": _begin_nested,
    "bulk_insert_mappings": _bulk,
    "bulk_save_objects": _bulk,
    "bulk_update_mappings": _bulk,
    "aclose": _close,
    "close": _close,
    "commit": _commit,
    "delete": _delete,
    "exec": _runs("exec"),
    "execute": _runs("execute"),
    "expire": _expire,
    "expire_all": _expire_all,
    "expunge": _expunge,
    "expunge_all": _expunge_all,
    "flush": _flush,
    "get": _get,
    "get_one": _get,
    "invalidate": _close,
    "merge": _merge,
    "paginate": page,
    "query": _query,
    "refresh": _refresh,
    "remove": _remove,
    "reset": _close,
    "rollback": _rollback,
    "run_sync": _run_sync,
    "scalar": _runs("scalar"),
    "scalars": _runs("scalars"),
    "stream": _runs("stream"),
    "stream_scalars": _runs("stream_scalars"),
}
