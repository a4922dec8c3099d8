"""What calling a function or class from outside the project does."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._lifecycle.records import EngineCreated, Key, Waited
from ..paths.loops import around
from ..paths.reads import read, shown
from ..paths.state import State
from ..paths.targets import set_attribute
from ..paths.values import (
    UNKNOWN,
    Adapter,
    Call,
    Cm,
    Const,
    Engine,
    Ext,
    FieldName,
    Inst,
    Maker,
    Many,
    Partial,
    Ref,
    Sess,
    Stmt,
    Sym,
    Task,
    Tup,
    Value,
    constant,
)
from ..program.given import is_given
from ..program.modules import Class, External
from ..program.settings import Settings
from ..sessions.classes import finds_bind, super_of
from ..sessions.methods import bound_to, open_session
from ..sessions.overwrites import set_by_name
from ..sessions.results import loader_option, members, select
from ..sessions.rowsets import without_repeats
from ..whole.engines import shares_threads
from . import known
from .concurrency import thread_started
from .containers import HOME, declared
from .unknown import unknown_call

if TYPE_CHECKING:
    from ..paths.flow import Flow


def call_external(flow: Flow, name: str, call: Call, state: State) -> Value:
    """Call the external `name`."""
    kind = known.session_kind(name)
    if name in known.SCOPED:
        return _scoped(flow, name, call, state)
    if kind is not None:
        return _session(flow, kind, call, state)
    if name in known.MAKERS:
        return _maker(flow, name, call, state)
    if name in known.ENGINES:
        return _engine(flow, name, call, state)
    if name in known.SELECTS:
        return select(flow, call)
    if name in known.WRITES:
        return Stmt(known.WRITES[name], flow.analyzer.mapping_of(call.argument(0)))  # type: ignore[arg-type]
    if name in known.TEXTS:
        return _text(call)
    option = known.loader_option(name)
    if option is not None:
        return loader_option(option, call)
    if name in known.THREAD_HOPS:
        return _hop(flow, call, state)
    if name.startswith(HOME):
        return declared(flow, name, call)
    handler = _FUNCTIONS.get(name)
    if handler is not None:
        return handler(flow, call, state)
    return _other(flow, name, call, state)


def _other(flow: Flow, name: str, call: Call, state: State) -> Value:
    if name.rpartition(".")[2] in _STREAMS:
        flow.analyzer.afterwards.streams(flow, call.argument(0, "content"), call, state)
    if name in known.THREAD_STARTERS:
        return thread_started(flow, name, call, state)
    wait = known.outside_wait(name)
    tail = name.rpartition(".")[2]
    if wait == "sleep" and call.argument(0) == Const(0):
        return UNKNOWN
    if wait is not None:
        flow.emit(state, Waited(kind=wait, what=name, site=flow.site(call.node)))
        return Ext(name) if tail[:1].isupper() else UNKNOWN
    if not name.startswith("builtins."):
        unknown_call(flow, call, state, name)
    return Ext(name) if tail[:1].isupper() else Ext(name + "()") if name in _FACTORIES else UNKNOWN


_STREAMS = frozenset({"StreamingResponse", "EventSourceResponse", "Response"})
_FACTORIES = frozenset(
    {
        "boto3.client",
        "boto3.resource",
        "anyio.create_task_group",
        "fastmcp.Client",
        "asyncio.get_running_loop",
        "asyncio.get_event_loop",
    }
)


def _session(flow: Flow, is_async: bool, call: Call, state: State) -> Value:
    session = Sess(flow.key(call.node, "session"), is_async)
    flow.analyzer.reach.bind(session.key, call.argument(0, "bind"))
    bound = bool(call.args or call.keyword("bind") or call.keyword("binds") or call.keyword("**"))
    expire = constant(call.keyword("expire_on_commit"), True)
    autoflush = constant(call.keyword("autoflush"), True)
    autocommit = _autocommits(call.argument(0, "bind"))
    open_session(
        flow, session, state, call.node, expire=expire, autoflush=autoflush, bound=bound, autocommit=autocommit
    )
    bound_to(session, call.argument(0, "bind"), state)
    return session


def _autocommits(bind: Value) -> bool:
    return isinstance(bind, Engine) and bind.autocommit


def _maker(flow: Flow, name: str, call: Call, state: State) -> Value:
    cls = call.keyword("class_")
    is_async = known.MAKERS[name] or (cls is not None and flow.analyzer.session_kind(cls) is True)
    key = flow.key(call.node, "maker")
    bind = call.argument(0, "bind")
    _bind(flow, key, bind, state)
    state.made |= {key}
    finds_engine = False
    if isinstance(cls, Ref) and isinstance(cls.definition, Class):
        flow.analyzer.sessions[key] = Settings(is_async, cls=cls.definition.ident)
        finds_engine = finds_bind(cls.definition)
    is_bound = call.args or any(call.keyword(name) for name in ("bind", "binds", "**"))
    return Maker(
        key,
        is_async,
        constant(call.keyword("expire_on_commit"), True),
        constant(call.keyword("autoflush"), True),
        True if is_bound else None if finds_engine or flow.analyzer.engines.is_configured else False,
        autocommit=_autocommits(bind),
    )


def _bind(flow: Flow, key: Key, source: Value, state: State) -> None:
    """A factory holds on to its engine."""
    flow.analyzer.reach.bind(key, source)
    if isinstance(source, (Engine, Maker)):
        state.attrs[key, "bind"] = source


def configure(flow: Flow, maker: Maker, call: Call, state: State) -> None:
    """`Session.configure(bind=engine)`: a factory made elsewhere keeps what it gets."""
    bind = call.keyword("bind")
    if isinstance(bind, Engine):
        _bind(flow, maker.key, bind, state)
        if maker.key not in state.made:
            state.settled |= {bind.key}


def _scoped(flow: Flow, name: str, call: Call, state: State) -> Value:
    maker = call.argument(0, "session_factory")
    key = flow.key(call.node, "scoped")
    state.made |= {key}
    _bind(flow, key, maker, state)
    if isinstance(maker, Maker):
        return replace(maker, key=key, scoped=True)
    return Maker(key, known.SCOPED[name], scoped=True)


def _engine(flow: Flow, name: str, call: Call, state: State) -> Value:
    autocommit = call.keyword("isolation_level") == Const("AUTOCOMMIT")
    engine = Engine(flow.key(call.node, "engine"), known.ENGINES[name], autocommit)
    url = call.argument(0, "url")
    pool = call.keyword("poolclass")
    state.mark("built", engine.key)
    record = EngineCreated(
        engine=engine.key,
        place=flow.place,
        url=url.value if isinstance(url, Const) and isinstance(url.value, str) else None,
        is_async=engine.is_async,
        pool="unknown" if pool is None and call.keyword("**") else _tail(pool),
        shares_threads=shares_threads(call.node),
        what=name.rpartition(".")[2],
        is_given=flow.function is not None and is_given(flow.analyzer, flow.function, call.node),
        site=flow.site(call.node),
    )
    flow.analyzer.reach.built(flow, record)
    flow.emit(state, record)
    return engine


def _tail(value: Value | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, Ref) and isinstance(value.definition, External):
        return value.definition.name.rpartition(".")[2]
    return "unknown"


def _text(call: Call) -> Value:
    sql = call.argument(0)
    words = sql.value.split() if isinstance(sql, Const) and isinstance(sql.value, str) else []
    verb = words[0].lower() if words else ""
    return Stmt(verb) if verb in {"insert", "update", "delete"} else Stmt("text", locks=known.locks_by_name(call.node))  # type: ignore[arg-type]


def _hop(flow: Flow, call: Call, state: State) -> Value:
    """`to_thread(work, …)`: the work runs in a thread, the event loop goes on."""
    with flow.in_thread():
        return flow.call_value(call.argument(0), Call(call.node, call.args[1:], call.keywords), state)


def _cast(flow: Flow, call: Call, state: State) -> Value:
    value = call.argument(1)
    kind = call.argument(0)
    if value is UNKNOWN and isinstance(call.node, ast.Call) and call.node.args and isinstance(kind, Ref):
        return flow.analyzer.annotated(call.node.args[0], flow.module, flow.key(call.node, "cast"), borrowed=True)
    return value


def _partial(flow: Flow, call: Call, state: State) -> Value:
    return Partial(call.argument(0), call.args[1:], call.keywords)


def _closing(flow: Flow, call: Call, state: State) -> Value:
    return Cm("closing", call.argument(0), call)


def _null(flow: Flow, call: Call, state: State) -> Value:
    return Cm("null", call.argument(0), call)


def _suppress(flow: Flow, call: Call, state: State) -> Value:
    return Cm("suppress", UNKNOWN, call)


def _adapter(flow: Flow, call: Call, state: State) -> Value:
    """`TypeAdapter(list[OrderRead])`: the response model that is named in the type."""
    nodes = ast.walk(call.node.args[0]) if isinstance(call.node, ast.Call) and call.node.args else ()
    found = (
        flow.module.project.resolve_expr(flow.module, node)
        for node in nodes
        if isinstance(node, (ast.Name, ast.Attribute))
    )
    return next((Adapter(definition) for definition in found if isinstance(definition, Class)), UNKNOWN)


def _next(flow: Flow, call: Call, state: State) -> Value:
    value = call.argument(0)
    if isinstance(value, Cm) and value.kind == "function":
        return flow.analyzer.generators.method(flow, value, "__next__", state, call.node)
    found = members(flow, value, state, call.node)
    return found.element if isinstance(found, Many) else UNKNOWN


def _listed(flow: Flow, call: Call, state: State) -> Value:
    found = members(flow, call.argument(0), state, call.node)
    return found if isinstance(found, (Many, Tup, Sym)) else UNKNOWN


def _set(flow: Flow, call: Call, state: State) -> Value:
    return _listed(flow, replace(call, args=tuple(map(without_repeats, call.args))), state)


def _enumerate(flow: Flow, call: Call, state: State) -> Value:
    found = members(flow, call.argument(0), state, call.node)
    return (
        Many(Tup((UNKNOWN, found.element)), found.key, found.rows, found.session)
        if isinstance(found, Many)
        else UNKNOWN
    )


def _zip(flow: Flow, call: Call, state: State) -> Value:
    found = [members(flow, arg, state, call.node) for arg in call.args]
    elements = tuple(value.element if isinstance(value, Many) else UNKNOWN for value in found)
    return Many(Tup(elements), flow.key(call.node, "zip"))


def _map(flow: Flow, call: Call, state: State) -> Value:
    found = members(flow, call.argument(1), state, call.node)
    if not isinstance(found, Many):
        return UNKNOWN
    state.loop = (*state.loop, around(found, found.key))
    built = flow.call_value(call.argument(0), Call(call.node, (found.element,)), state)
    state.loop = state.loop[:-1]
    return Many(built, flow.key(call.node, "list"))


def _getattr(flow: Flow, call: Call, state: State) -> Value:
    name = call.argument(1)
    if isinstance(name, Const) and isinstance(name.value, str):
        return read(flow, call.argument(0), name.value, state, call.node)
    return UNKNOWN


def _setattr(flow: Flow, call: Call, state: State) -> Value:
    owner, name = call.argument(0), call.argument(1)
    if isinstance(name, Const) and isinstance(name.value, str) and isinstance(call.node, ast.Call):
        set_attribute(flow, call.node.args[0], owner, call.argument(2), state, name.value)
    elif isinstance(owner, Inst):
        if isinstance(name, FieldName):
            set_by_name(flow, owner, name, call, state)
        flow.write_some(owner, state, call.node)
    return UNKNOWN


def _text_of(flow: Flow, call: Call, state: State) -> Value:
    for value in call.args:
        if isinstance(value, Inst):
            shown(flow, value, state, call.node)
    return UNKNOWN


def _run(flow: Flow, call: Call, state: State) -> Value:
    return call.argument(0)


def _complete(flow: Flow, call: Call, state: State) -> Value:
    value = call.argument(0)
    return value.result if isinstance(value, Task) else value


def _connection(flow: Flow, call: Call, state: State) -> Value:
    return Sess(flow.key(call.node, "connection"))


def _detach(flow: Flow, call: Call, state: State) -> Value:
    for value in call.args:
        if isinstance(value, Inst):
            state.forget(value.key)
    return UNKNOWN


_FUNCTIONS: dict[str, Callable[[Flow, Call, State], Value]] = {
    "flask.stream_with_context": _run,
    "starlette.concurrency.iterate_in_threadpool": _run,
    "typing.cast": _cast,
    "typing_extensions.cast": _cast,
    "functools.partial": _partial,
    "contextlib.closing": _closing,
    "contextlib.aclosing": _closing,
    "contextlib.nullcontext": _null,
    "contextlib.contextmanager": _run,
    "contextlib.asynccontextmanager": _run,
    "contextlib.suppress": _suppress,
    "pydantic.TypeAdapter": _adapter,
    "pytest.raises": _suppress,
    "builtins.super": super_of,
    "builtins.next": _next,
    "builtins.anext": _next,
    "builtins.list": _listed,
    "builtins.tuple": _listed,
    "builtins.frozenset": _set,
    "builtins.set": _set,
    "builtins.sorted": _listed,
    "builtins.reversed": _listed,
    "builtins.iter": _listed,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.map": _map,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.str": _text_of,
    "builtins.repr": _text_of,
    "builtins.print": _text_of,
    "builtins.format": _text_of,
    "asyncio.run": _complete,
    "asyncio.shield": _run,
    "asyncio.wait_for": _run,
    "anyio.run": _complete,
    "alembic.op.get_bind": _connection,
    "sqlalchemy.asc": _run,
    "sqlalchemy.desc": _run,
    "sqlmodel.asc": _run,
    "sqlmodel.col": _run,
    "sqlmodel.desc": _run,
    "sqlalchemy.orm.make_transient": _detach,
    "sqlalchemy.orm.make_transient_to_detached": _detach,
    "sqlalchemy.orm.session.make_transient": _detach,
}
