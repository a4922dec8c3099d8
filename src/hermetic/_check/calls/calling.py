"""What calling a value does, by what the value is."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._lifecycle.records import InstanceCreated
from ..._lifecycle.schema import Mapping
from ..paths.evaluate import evaluate
from ..paths.reads import shown
from ..paths.state import Path, State, SymbolCalled
from ..paths.targets import appended, assign, bind, instances_in, sessions_in, unsettle, write
from ..paths.values import (
    UNKNOWN,
    Adapter,
    Attr,
    Bound,
    Call,
    Closure,
    Cm,
    Const,
    Dump,
    Engine,
    Ext,
    Inst,
    Lambda,
    Maker,
    Many,
    Obj,
    Option,
    Partial,
    Query,
    Ref,
    Result,
    Sess,
    Stmt,
    Sym,
    Task,
    Tup,
    Value,
    Wrapped,
    constant,
)
from ..program.modules import Class, External, Function
from ..sessions.classes import base_method, construct_session, own_method
from ..sessions.methods import METHODS, bound_to, open_session, session_method, transaction_method
from ..sessions.overwrites import dumped, fields_in, updated
from ..sessions.results import loader_option, query_method, result_method, statement_method
from ..templates.calls import rendered
from . import known
from .concurrency import coroutine, executor_method, is_coroutine, join, start_tasks, starts_tasks
from .containers import is_provider, provided
from .externals import call_external, configure
from .providing import called
from .responses import validate
from .unknown import unknown_call

if TYPE_CHECKING:
    from ..paths.flow import Flow

_ADDERS = frozenset({"append", "add", "insert", "extend", "appendleft", "update"})
_REMOVERS = frozenset({"remove", "pop", "clear", "discard"})


def evaluate_call(flow: Flow, node: ast.Call, state: State) -> Value:
    """Evaluate callee and arguments, then call."""
    callee = evaluate(flow, node.func, state)
    awaited = flow.awaited is node
    if starts_tasks(callee):
        return start_tasks(flow, callee, node, state)
    args: list[Value] = []
    for arg in node.args:
        args += (
            _spread(evaluate(flow, arg.value, state)) if isinstance(arg, ast.Starred) else (evaluate(flow, arg, state),)
        )
    keywords = tuple([(keyword.arg or "**", evaluate(flow, keyword.value, state)) for keyword in node.keywords])
    call = Call(node, tuple(args), keywords, awaited)
    _grow(flow, node, callee, call, state)
    if (template := rendered(flow, node, callee, call, state)) is not None:
        return template
    if not awaited and is_coroutine(callee):
        return coroutine(flow, callee, call, state)
    return call_value(flow, callee, call, state)


def _spread(value: Value) -> tuple[Value, ...]:
    """What `*value` gives: the members, or one that stands for all."""
    if isinstance(value, Tup):
        return value.items
    return (value.element if isinstance(value, Many) else UNKNOWN,)


def _grow(flow: Flow, node: ast.Call, callee: Value, call: Call, state: State) -> None:
    """`rows.append(order)`: the list's name now holds a list of orders."""
    if not (
        isinstance(callee, Bound) and isinstance(callee.owner, (Many, Tup)) and callee.name in _ADDERS and call.args
    ):
        return
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if isinstance(owner, ast.Name) and not (isinstance(callee.owner, Many) and isinstance(callee.owner.key, Path)):
        item = call.args[-1]
        state.marks -= {("empty", getattr(callee.owner, "key", None))}
        if callee.name in {"extend", "update"}:
            item = item.element if isinstance(item, Many) else UNKNOWN
        bind(
            flow,
            owner.id,
            appended(callee.owner, item, ("list", flow.module.name, node.lineno, node.col_offset)),
            state,
        )


def call_value(flow: Flow, callee: Value, call: Call, state: State) -> Value:
    """Call a value with evaluated arguments."""
    match callee:
        case Bound(owner=owner, name=name):
            return _method(flow, callee, owner, name, call, state)
        case Maker():
            return _make(flow, callee, call, state)
        case Ref(definition=External(name=name)) if (stated := flow.analyzer.providers.external(name)) is not None:
            return called(flow, stated, call, state)
        case Ref(definition=External(name=name)):
            mapping = flow.analyzer.fenced.mapping(name)
            return call_external(flow, name, call, state) if mapping is None else _created(flow, mapping, call, state)
        case Ref(definition=Class() as cls):
            return construct(flow, cls, call, state)
        case Ref(definition=Function() as function):
            return flow.analyzer.summaries.invoke(flow, function, None, call, state)
        case Closure(function=function, owner=owner):
            return flow.analyzer.summaries.invoke(flow, function, owner, call, state)
        case Wrapped():
            return flow.analyzer.injecting.wrapped(flow, callee, state)
        case Lambda(node=node):
            return _lambda(flow, node, call, state)
        case Partial(function=function, args=args, keywords=keywords):
            merged = Call(call.node, (*args, *call.args), (*keywords, *call.keywords), call.awaited)
            return call_value(flow, function, merged, state)
        case Sym(key=Path(base=base, attribute=name)):
            flow.note(state, SymbolCalled(base, name, call, call.node, flow.module))
            unknown_call(flow, call, state)
            return Sym(flow.key(call.node, "called"))
        case Ext() if is_provider(callee):
            return provided(flow, callee, call, state)
        case Cm() | Tup() | Attr():
            return callee
        case _:
            unknown_call(flow, call, state)
            return UNKNOWN


def _method(flow: Flow, bound: Bound, owner: Value, name: str, call: Call, state: State) -> Value:
    match owner:
        case Sess() if (own := own_method(flow, owner, name)) is not None:
            return flow.analyzer.summaries.invoke(flow, own, owner, call, state)
        case Bound(owner=Sess() as session, name="super"):
            return base_method(flow, session, name, call, state)
        case Sess():
            return (
                session_method(flow, owner, name, call, state) if name in METHODS else _other(owner, name, call, state)
            )
        case Query():
            return query_method(flow, owner, name, call, state)
        case Result():
            return result_method(flow, owner, name, state, call.node)
        case Stmt():
            return statement_method(flow, owner, name, call, state)
        case Option(options=options):
            return loader_option(name, call, options) if name != "options" else owner
        case Many() | Tup() | Dump():
            return _collection(flow, owner, name, call, state)
        case Maker():
            return _maker_method(flow, owner, name, call, state)
        case Engine():
            return _engine_method(flow, owner, name, call, state)
        case Obj(cls=cls) if name in known.SCHEMA_DUMPS:
            return validate(flow, cls, call, state)
        case Inst() | Obj():
            return _model_method(flow, owner, name, call, state)
        case Cm(kind="function"):
            return flow.analyzer.generators.method(flow, owner, name, state, call.node)
        case Ref(definition=Class() as cls) | Adapter(cls=cls):
            return _class_method(flow, cls, name, call, state)  # pyrefly: ignore[bad-argument-type]  # it does not narrow in an alternative
        case Cm():
            return transaction_method(flow, owner, name, call, state)
        case Task() if name == "result":
            return join(flow, owner, state)
        case Ext() | Bound():
            return executor_method(flow, bound, call, state)
        case _:
            unknown_call(flow, call, state)
            return UNKNOWN


def _other(session: Sess, name: str, call: Call, state: State) -> Value:
    if name == "execution_options" and autocommits(call):
        state.mark("autocommit", session.key)
    if name in {"bind_mapper", "bind_table"}:
        unsettle(state, session)
    return session if name in {"begin_twophase", "registry", "execution_options"} else UNKNOWN


def autocommits(call: Call) -> bool:
    """Whether the options given tell the database to keep each statement at once."""
    return call.keyword("isolation_level") == Const("AUTOCOMMIT")


def _collection(flow: Flow, owner: Many | Tup | Dump, name: str, call: Call, state: State) -> Value:
    """A method of a list; on a relationship's collection a change is a write to the instance."""
    if isinstance(owner, Dump):
        return fields_in(owner, name, flow.key(call.node, "fields"))
    if isinstance(owner, Many) and isinstance(owner.key, Path) and name in _ADDERS | _REMOVERS:
        known = state.life.instances.get(owner.key.base)
        if known is not None:
            item = call.args[0] if call.args else UNKNOWN
            write(flow, Inst(owner.key.base, known.mapping), owner.key.attribute, item, state, call.node)
        return UNKNOWN
    if name in {"pop", "popleft", "get", "__getitem__"} and isinstance(owner, Many):
        return owner.element
    return owner if name == "copy" else UNKNOWN


def _make(flow: Flow, maker: Maker, call: Call, state: State) -> Value:
    if maker.scoped:
        flow.analyzer.reach.opened(flow, maker.key)
        return flow.analyzer.registries.held(maker, state)
    if flow.analyzer.is_promised(maker.key):
        return Cm("promised", flow.analyzer.promised.session(flow.key(call.node, "promised"), is_async=maker.is_async))
    session = Sess(flow.key(call.node, "session"), maker.is_async)
    if (settings := flow.analyzer.sessions.get(maker.key)) is not None:
        flow.analyzer.sessions[session.key] = settings
    flow.analyzer.reach.bind(session.key, call.keyword("bind") or maker)
    expire = constant(call.keyword("expire_on_commit"), maker.expire_on_commit)
    autoflush = constant(call.keyword("autoflush"), maker.autoflush)
    bound = True if any(call.keyword(name) for name in ("bind", "binds", "**")) else maker.bound
    open_session(
        flow, session, state, call.node, expire=expire, autoflush=autoflush, bound=bound, autocommit=maker.autocommit
    )
    bound_to(session, call.keyword("bind") or UNKNOWN, state)
    return session


def _maker_method(flow: Flow, maker: Maker, name: str, call: Call, state: State) -> Value:
    if name == "begin":
        return Cm("maker-begin", maker, call)
    if name == "configure":
        configure(flow, maker, call, state)
    if name == "remove" and maker.scoped:
        return session_method(flow, flow.analyzer.registries.session(maker), "remove", call, state)
    return UNKNOWN


def _engine_method(flow: Flow, engine: Engine, name: str, call: Call, state: State) -> Value:
    if name in {"connect", "raw_connection"}:
        session = Sess(flow.key(call.node, "connection"), engine.is_async)
        flow.analyzer.reach.bind(session.key, engine)
        return open_session(flow, session, state, call.node, bound=True, autocommit=engine.autocommit)
    if name == "begin":
        maker = Maker(flow.key(call.node, "engine"), engine.is_async, bound=True)
        flow.analyzer.reach.bind(maker.key, engine)
        return Cm("engine-begin", maker, call)
    if name == "execution_options" and autocommits(call):
        return replace(engine, autocommit=True)
    return engine if name == "execution_options" else UNKNOWN


def _model_method(flow: Flow, owner: Inst | Obj, name: str, call: Call, state: State) -> Value:
    if isinstance(owner, Obj):
        return dumped(owner, name, call)
    cls = flow.analyzer.class_of(owner.mapping)
    method = cls.method(name) if cls else None
    if method is not None:
        return flow.analyzer.summaries.invoke(flow, method, owner, call, state)
    if name in {"model_dump", "dict", "json", "model_dump_json"}:
        shown(flow, owner, state, call.node)
    if name == "sqlmodel_update":
        updated(flow, owner, call.argument(0, "obj"), call, state)
    return UNKNOWN


def _class_method(flow: Flow, cls: Class, name: str, call: Call, state: State) -> Value:
    if name in {"model_validate", "from_orm", "parse_obj", "validate_python"}:
        return validate(flow, cls, call, state)
    return UNKNOWN


def construct(flow: Flow, cls: Class, call: Call, state: State) -> Value:
    """Instantiate a class of the project: a mapped instance, a session of a subclass, or an object of its own."""
    mapping = flow.analyzer.mapping_of(Ref(cls))
    if mapping is not None:
        return _created(flow, mapping, call, state)
    stated = flow.analyzer.providers.of(cls)
    if stated is not None:
        return called(flow, stated, call, state)
    kind = flow.analyzer.session_class(cls)
    if kind is not None:
        return construct_session(flow, cls, kind, call, state)
    if (call.keyword("only") or call.keyword("exclude")) and flow.analyzer.schemas.is_marshmallow(cls):
        return UNKNOWN
    obj = Obj(cls, flow.key(call.node, "object"))
    state.made |= {obj.key}
    init = cls.method("__init__")
    if init is not None:
        flow.analyzer.summaries.invoke(flow, init, obj, call, state)
        for name, value in (*((f"argument {number}", given) for number, given in enumerate(call.args)), *call.keywords):
            if instances_in(value) or isinstance(value, Obj):
                state.attrs.setdefault((obj.key, name), value)
    else:
        _dataclass_fields(flow, cls, obj, call, state)
    return obj


def _created(flow: Flow, mapping: Mapping, call: Call, state: State) -> Value:
    """A mapped class is instantiated."""
    inst = Inst(("new", *_key(flow, call)), mapping)
    written = frozenset(name for name, _ in call.keywords if name != "**")
    flow.emit(state, InstanceCreated(instance=inst.key, mapping=mapping, written=written, site=flow.site(call.node)))
    state.marks = frozenset(mark for mark in state.marks if mark[1] != inst.key)
    if isinstance(dump := call.keyword("**"), Dump):
        state.attrs[inst.key, "**"] = dump
    return inst


def _key(flow: Flow, call: Call) -> tuple[object, ...]:
    key = flow.key(call.node, "made")
    assert isinstance(key, tuple)
    return key


def _dataclass_fields(flow: Flow, cls: Class, obj: Obj, call: Call, state: State) -> None:
    names = [name for base in reversed(cls.mro) if isinstance(base, Class) for name in base.annotations]
    given = [*zip(names, call.args, strict=False), *call.keywords]
    for name, value in given:
        if value is not UNKNOWN:
            state.attrs[obj.key, name] = value
        for session in sessions_in(value):
            state.mark("stored", session.key)


def _lambda(flow: Flow, node: ast.Lambda, call: Call, state: State) -> Value:
    before = dict(flow.env(state))
    for argument, value in zip(node.args.args, call.args, strict=False):
        assign(flow, ast.Name(argument.arg, ast.Store()), value, state, node)
    result = evaluate(flow, node.body, state)
    state.envs[flow.frame] = before
    return result
