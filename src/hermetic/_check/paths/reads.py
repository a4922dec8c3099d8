"""What an attribute of a value is, and what reading it does."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..._lifecycle.records import AttributeRead
from ..calls.known import SCHEMA_DUMPS
from ..sessions.overwrites import DUMPS, is_form
from ..sessions.results import announce, related
from ..sessions.rowsets import ORDERINGS
from .state import FieldSet, Path, State, ValueRead
from .targets import escape
from .values import (
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
    Maker,
    Many,
    Obj,
    Query,
    Ref,
    Result,
    Sess,
    Stmt,
    Sym,
    Task,
    Tup,
    Value,
)

if TYPE_CHECKING:
    from .flow import Flow


_WITH_METHODS = (Dump, Many, Query, Stmt, Adapter, Result, Maker, Engine, Bound, Closure, Attr, Cm, Task, Tup, Const)


def read(flow: Flow, owner: Value, name: str, state: State, node: ast.AST) -> Value:
    """The attribute `name` of a value."""
    match owner:
        case Inst():
            return read_mapped(flow, owner, name, state, node)
        case Obj():
            return _read_object(flow, owner, name, state, node)
        case Ref(definition=definition):
            return flow.analyzer.names.member(definition, name)
        case Sym(key=key):
            known = state.attrs.get((key, name))
            if known is not None:
                return known
            flow.note(state, ValueRead(key, name, node, flow.module))
            return Sym(Path(key, name))
        case Sess(key=key):
            if name == "no_autoflush":
                return Cm("no-autoflush", owner)
            return Sess(key) if name == "sync_session" else Bound(owner, name)
        case Maker(scoped=True):
            return _read_registry(flow, owner, name, state, node)
        case Ext(members=members) if name in dict(members):
            return dict(members)[name]
        case Attr() if name in ORDERINGS:
            return owner
        case Ext(type=type_name):
            return flow.analyzer.names.external_member(type_name, name) or Bound(owner, name)
        case Engine() if name == "sync_engine":
            return Engine(owner.key)
        case Engine() if name == "dispose":
            state.settled |= {owner.key}
            return Bound(owner, name)
        case _ if isinstance(owner, _WITH_METHODS):
            return Bound(owner, name)
        case _:
            return (
                Bound(owner, name) if name in {"options", "joinedload"} or type(owner).__name__ == "Option" else UNKNOWN
            )


def _read_registry(flow: Flow, owner: Maker, name: str, state: State, node: ast.AST) -> Value:
    """A method of a registry: its own, or one of the session that it holds here."""
    flow.analyzer.reach.opened(flow, owner.key)
    if name == "remove":
        flow.analyzer.registries.removed(flow, owner)
    if name in {"remove", "configure"}:
        return Bound(owner, name)
    return read(flow, flow.analyzer.registries.session(owner), name, state, node)


def read_mapped(flow: Flow, owner: Inst, name: str, state: State, node: ast.AST) -> Value:
    """An attribute of a mapped instance: a column, a relationship, a property of the class, or a method."""
    mapping = owner.mapping
    if name in mapping.columns:
        flow.emit(state, AttributeRead(instance=owner.key, attribute=name, site=flow.site(node)))
        return UNKNOWN
    relation = mapping.relations.get(name)
    if relation is None:
        return _read_property(flow, owner, name, state, node)
    if relation.lazy in {"dynamic", "write_only"}:
        return UNKNOWN
    effect = flow.emit(state, AttributeRead(instance=owner.key, attribute=name, site=flow.site(node)))
    target = flow.analyzer.models.mapping(relation.target)
    if target is None:
        return UNKNOWN
    child = related(owner, name, target, relation.many)
    known = state.life.instances.get(owner.key)
    if (
        known is not None
        and known.session is not None
        and (child.key not in state.life.instances or effect == "emits-sql")
    ):
        is_async = state.life.sessions[known.session].is_async if known.session in state.life.sessions else False
        announce(flow, child, Sess(known.session, is_async), (), state, node, depth=2)
        state.mark("lazy", child.key)
    return (
        Many(child, Path(owner.key, name), rows=True, session=known.session if known else None)
        if relation.many
        else child
    )


def _read_property(flow: Flow, owner: Inst, name: str, state: State, node: ast.AST) -> Value:
    cls = flow.analyzer.class_of(owner.mapping)
    method = cls.method(name) if cls else None
    if method is not None and flow.analyzer.is_property(method):
        touch(flow, owner, name, state, node)
        return UNKNOWN
    return Bound(owner, name) if method is not None or name == "sqlmodel_update" else UNKNOWN


def touch(flow: Flow, owner: Inst, name: str, state: State, node: ast.AST) -> None:
    """Read the attributes that a property or method of a mapped class touches."""
    for path in sorted(flow.analyzer.models.property_reads(owner.mapping, name)):
        follow(flow, owner, path, state, node)


def follow(flow: Flow, owner: Value, path: tuple[str, ...], state: State, node: ast.AST) -> None:
    """Read a path of attributes, over each member of a collection on the way."""
    for name in path:
        if isinstance(owner, Many):
            owner = owner.element
        if not isinstance(owner, Inst) or (name not in owner.mapping.columns and name not in owner.mapping.relations):
            return
        owner = read_mapped(flow, owner, name, state, node)


def _read_object(flow: Flow, owner: Obj, name: str, state: State, node: ast.AST) -> Value:
    known = state.attrs.get((owner.key, name))
    if known is not None:
        return known
    method = owner.cls.method(name)
    if method is not None:
        if flow.analyzer.is_property(method):
            found = flow.call_value(Closure(method, owner), Call(node), state)
            return _remember(flow, owner, name, found, state) if flow.analyzer.is_cached_property(method) else found
        return Closure(method, owner)
    is_dump = name in SCHEMA_DUMPS and flow.analyzer.schemas.is_marshmallow(owner.cls)
    if is_dump or (name in DUMPS and is_form(flow, owner)):
        return Bound(owner, name)
    field = flow.analyzer.fields.value(owner.cls, name, owner.key)
    if field is UNKNOWN:
        flow.note(state, ValueRead(owner.key, name, node, flow.module))
        return Sym(Path(owner.key, name))
    return field


def _remember(flow: Flow, owner: Obj, name: str, value: Value, state: State) -> Value:
    """An object keeps what its cached property gave at first."""
    state.attrs[owner.key, name] = value
    flow.note(state, FieldSet(owner.key, name, value))
    escape(flow, value, state, flow.function.node if flow.function else ast.Pass(), stored=True)
    return value


def shown(flow: Flow, value: Inst, state: State, node: ast.AST) -> None:
    """An instance turned into text reads what its `__str__` or `__repr__` reads."""
    cls = flow.analyzer.class_of(value.mapping)
    name = next((name for name in ("__str__", "__repr__") if cls and cls.method(name)), None)
    if name:
        touch(flow, value, name, state, node)
