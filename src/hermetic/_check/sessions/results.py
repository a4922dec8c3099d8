"""Statements as they are built, and what running them brings into a session."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._lifecycle.records import Executed, InstanceLoaded, Key, LookedUp
from ..._lifecycle.schema import LoaderOption, Mapping
from ..calls.known import locks_by_name
from ..paths.state import Path, State
from ..paths.values import (
    UNKNOWN,
    Attr,
    Call,
    Cm,
    Const,
    Dump,
    Inst,
    Many,
    Option,
    Query,
    Ref,
    Result,
    Sess,
    Stmt,
    Tup,
    Value,
)
from .identity import held, key_of_get, key_of_where, remember
from .overwrites import fields_in, update_built
from .rowsets import asked, fetched, grown

if TYPE_CHECKING:
    from ..paths.flow import Flow

EAGER_OPTIONS = frozenset({"joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager"})
EAGER_LAZY = frozenset({"joined", "selectin", "subquery", "immediate"})
_ONE = frozenset({"first", "one", "one_or_none", "scalar", "scalar_one", "scalar_one_or_none", "fetchone"})
_LIST = frozenset({"all", "fetchall", "partitions", "fetchmany", "to_list", "yield_per", "unique", "columns", "tuples"})
_NEVER_NONE = frozenset({"one", "scalar_one"})


def select(flow: Flow, call: Call) -> Stmt:
    """`select(Order)`, `select(Order, Customer)`, `select(Order.id)`, `session.query(…)`."""
    mappings = [flow.analyzer.mapping_of(value) for value in call.args]
    first = mappings[0] if mappings else None
    return Stmt("select", first if len(mappings) == 1 or first else None, entities=max(1, len(mappings)))


def statement_method(flow: Flow, stmt: Stmt, name: str, call: Call, state: State) -> Value:
    """A method that builds on a statement; any other keeps the statement as it is."""
    built = _built(flow, stmt, name, call)
    if name == "values":
        update_built(flow, stmt, call.keyword("**") or call.argument(0), call, state)
    return replace(built, rows=grown(flow, stmt, name, call, state)) if isinstance(built, Stmt) else built


def _built(flow: Flow, stmt: Stmt, name: str, call: Call) -> Value:
    match name:
        case "options":
            found = tuple(option for value in _flat(call.args) if isinstance(value, Option) for option in value.options)
            return replace(stmt, options=(*stmt.options, *found))
        case "execution_options":
            populate = call.keyword("populate_existing")
            return replace(stmt, populate_existing=stmt.populate_existing or populate is not None)
        case "with_for_update":
            return replace(stmt, for_update=True)
        case "values" if stmt.kind == "update" and _changes_nothing(call):
            return replace(stmt, for_update=True)
        case "populate_existing":
            return replace(stmt, populate_existing=True)
        case "limit" | "fetch" | "slice" | "offset":
            single = name in {"limit", "fetch"} and call.argument(0) == Const(1)
            return replace(stmt, limited=True, single=single or (stmt.single and name == "offset"))
        case "where" | "filter" | "filter_by":
            return replace(stmt, identity=key_of_where(call.node, stmt.mapping) or stmt.identity)
        case "order_by":
            return replace(stmt, ordered=True)
        case "on_conflict_do_nothing" | "on_conflict_do_update" | "on_duplicate_key_update" | "prefix_with":
            return replace(stmt, kind="upsert") if stmt.kind == "insert" else stmt
        case "with_only_columns" | "with_entities" | "add_columns":
            return replace(stmt, mapping=None)
        case "subquery" | "cte" | "alias" | "scalar_subquery" | "exists" | "label" | "lateral" | "as_scalar":
            return UNKNOWN
        case "returning":
            return replace(select(flow, call), kind=stmt.kind)
        case _:
            return stmt


def _changes_nothing(call: Call) -> bool:
    """Whether an UPDATE gives columns the values that they have, as one does to lock a row on any database."""
    return bool(call.keywords) and all(isinstance(value, Attr) and value.name == name for name, value in call.keywords)


def _flat(values: tuple[Value, ...]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        match value:
            case Tup(items=items):
                found += _flat(items)
            case Many(element=element):
                found.append(element)
            case _:
                found.append(value)
    return found


def loader_option(kind: str, call: Call, before: tuple[LoaderOption, ...] = ()) -> Value:
    """`selectinload(Order.items)`, or the same chained onto another option."""
    base = before[-1].path if before else ()
    if base and before[-1].kind in {"load_only", "defer", "undefer"}:
        base = base[:-1]
    names = [name for value in call.args for name in _names(value)]
    if kind == "load_only" or kind in {"defer", "undefer"}:
        added = tuple(LoaderOption(kind, (*base, name)) for name in names)  # type: ignore[arg-type]
        return Option((*before, *added))
    path = (*base, *names) if names else (*base, "*")
    steps = tuple(LoaderOption(kind, path[: len(base) + index]) for index in range(1, len(path) - len(base) + 1))  # type: ignore[arg-type]
    return Option((*before, *steps))


def _names(value: Value) -> list[str]:
    match value:
        case Attr(name=name):
            return [name]
        case _ if getattr(value, "value", None) == "*":
            return ["*"]
        case _:
            return []


def run(flow: Flow, session: Sess, stmt: Stmt, state: State, node: ast.AST, name: str) -> Value:
    """Execute a statement on a session by the method `name`; gives its result."""
    writes, inserts = stmt.kind in {"insert", "upsert", "update", "delete"}, stmt.kind == "insert"
    record = Executed(
        session=session.key,
        writes=writes,
        inserts=inserts,
        locks=stmt.locks or locks_by_name(node),
        locks_rows=stmt.for_update,
        site=flow.site(node),
    )
    flow.query(state, record, node, name)
    key = flow.key(node, "rows")
    asked(flow, session, stmt, state, node)
    state.marks -= {("empty", key)}
    result = Result(stmt, session, name in {"scalars", "stream_scalars", "exec"} and stmt.entities == 1, key)
    if name == "scalar":
        return result_method(flow, replace(result, scalars=True), "first", state, node)
    if name in {"exec", "scalars", "execute", "stream", "stream_scalars"} and stmt.mapping is not None:
        announce(flow, _element(result), session, stmt.options, state, node, stmt)
    return result


def page(flow: Flow, session: Sess, call: Call, state: State) -> Value:
    """Flask-SQLAlchemy's `db.paginate(select(…))`: a part of the rows, its entities made unique."""
    given = call.argument(0, "select")
    stmt = replace(given, rows=replace(given.rows, skips=True)) if isinstance(given, Stmt) else Stmt("other")
    result = run(flow, session, stmt, state, call.node, "scalars")
    return replace(result, is_unique=True) if isinstance(result, Result) else result


def _element(result: Result) -> Inst:
    assert result.stmt.mapping is not None
    return Inst((*_as_tuple(result.key), "*"), result.stmt.mapping)


def _as_tuple(key: Key) -> tuple[object, ...]:
    return key if isinstance(key, tuple) else (key,)


def announce(
    flow: Flow,
    inst: Inst,
    session: Sess,
    options: tuple[LoaderOption, ...],
    state: State,
    node: ast.AST,
    stmt: Stmt | None = None,
    depth: int = 0,
    *,
    is_held: bool = False,
) -> None:
    """Tell the lifecycle that an instance came, with what its options and mapping bring along."""
    if depth == 0 and not is_held:
        forget(state, inst.key)
    record = InstanceLoaded(
        session=session.key,
        instance=inst.key,
        mapping=inst.mapping,
        options=options,
        populate_existing=bool(stmt and stmt.populate_existing),
        locked=bool(stmt and stmt.for_update),
        shared=_shared(inst.mapping, stmt) if stmt is not None and not depth else frozenset(),
        site=flow.site(node),
    )
    flow.emit(state, record, "related" if depth else "query")
    if depth >= 3:
        return
    for name, relation in inst.mapping.relations.items():
        asked = [option for option in options if option.path[:1] == (name,) or option.path == ("*",)]
        eager = any(option.kind in EAGER_OPTIONS and len(option.path) == 1 for option in asked)
        if not eager and not (relation.lazy in EAGER_LAZY and not any(len(o.path) == 1 for o in asked)):
            continue
        target = flow.analyzer.models.mapping(relation.target)
        if target is not None:
            inner = tuple(LoaderOption(o.kind, o.path[1:]) for o in asked if len(o.path) > 1)
            announce(flow, related(inst, name, target, relation.many), session, inner, state, node, stmt, depth + 1)


def _shared(mapping: Mapping, stmt: Stmt) -> frozenset[str]:
    """The relationships to one whose columns the statement compares with one value each."""
    columns = {name for owner, name in stmt.rows.equated if owner == mapping.name}
    to_one = (relation for relation in mapping.relations.values() if not relation.many) if columns else ()
    return frozenset(relation.name for relation in to_one if relation.keys and columns.issuperset(relation.keys))


def forget(state: State, key: Key) -> None:
    """Drop an instance and what was reached through it, when the same line loads afresh."""
    for known in [known for known in state.life.instances if known == key or _is_below(known, key)]:
        state.forget(known)
    state.marks = frozenset(mark for mark in state.marks if mark[1] != key)


def _is_below(key: Key, base: Key) -> bool:
    while isinstance(key, Path):
        key = key.base
        if key == base:
            return True
    return False


def related(inst: Inst, name: str, target: Mapping, many: bool) -> Inst:
    """The instance, or the one that stands for all, behind a relationship."""
    key = Path(inst.key, name)
    return Inst(Path(key, "*"), target) if many else Inst(key, target)


def result_method(flow: Flow, result: Result, name: str, state: State, node: ast.AST) -> Value:
    """A method of a result: rows, instances, one of them."""
    stmt = result.stmt
    if name in {"scalars"}:
        return replace(result, scalars=True)
    if name == "unique":
        return replace(result, is_unique=True)
    if name in {"yield_per", "columns", "tuples", "execution_options", "partitions"}:
        return result
    if name in {"mappings", "keys", "rowcount", "close"}:
        return UNKNOWN
    if stmt.mapping is None or stmt.kind == "text":
        return UNKNOWN
    fetched(flow, result, name, state, node)
    is_scalar = result.scalars or name in {"scalar", "scalar_one", "scalar_one_or_none"}
    if name in {"all", "fetchall", "fetchmany"}:
        return (
            Tup((_row(result, is_scalar),))
            if stmt.single
            else Many(_row(result, is_scalar), result.key, rows=True, session=result.session.key)
        )
    if name in _ONE:
        one = _one(flow, result.session, Inst((*_as_tuple(result.key), "1"), stmt.mapping), stmt, state, node)
        return one if is_scalar else Tup((one, *([UNKNOWN] * (stmt.entities - 1))))
    return UNKNOWN


def _one(flow: Flow, session: Sess, new: Inst, stmt: Stmt, state: State, node: ast.AST) -> Inst:
    """The instance that a query for one row brings: the one that the session holds already, or a new one."""
    known = held(flow, state, session, stmt.mapping, stmt.identity)
    announce(flow, known or new, session, stmt.options, state, node, stmt, is_held=known is not None)
    remember(state, session, known or new, stmt.identity)
    return known or new


def _row(result: Result, is_scalar: bool) -> Value:
    if result.stmt.mapping is None:
        return UNKNOWN
    element = _element(result)
    return element if is_scalar else Tup((element, *([UNKNOWN] * (result.stmt.entities - 1))))


def query_method(flow: Flow, query: Query, name: str, call: Call, state: State) -> Value:
    """A method of a legacy `session.query(…)`."""
    stmt, session = query.stmt, query.session
    scalars = stmt.entities == 1
    if name in {"all", "one", "first", "one_or_none", "scalar", "__iter__"}:
        record = Executed(session=session.key, locks_rows=stmt.for_update, site=flow.site(call.node))
        flow.query(state, record, call.node, name)
        asked(flow, session, stmt, state, call.node)
        result = Result(stmt, session, scalars, flow.key(call.node, "rows"), is_legacy=True)
        state.marks -= {("empty", result.key)}
        if name == "all" and stmt.mapping is not None:
            announce(flow, _element(result), session, stmt.options, state, call.node, stmt)
        return result_method(flow, result, name, state, call.node)
    if name == "get":
        return get(flow, session, stmt.mapping, stmt.options, state, call)
    if name in {"count"}:
        flow.query(state, Executed(session=session.key, site=flow.site(call.node)), call.node, name)
        return UNKNOWN
    if name in {"update", "delete"}:
        update_built(flow, stmt, call.argument(0, "values"), call, state)
        flow.emit(state, Executed(session=session.key, writes=True, site=flow.site(call.node)), name)
        return UNKNOWN
    if name in {"paginate"}:
        flow.query(state, Executed(session=session.key, site=flow.site(call.node)), call.node, name)
        asked(flow, session, replace(stmt, rows=replace(stmt.rows, skips=True)), state, call.node)
        return UNKNOWN
    if name in {"get_or_404", "first_or_404", "one_or_404"}:
        return get(flow, session, stmt.mapping, stmt.options, state, call)
    if name in {"with_session"}:
        return query
    if name == "exists":
        return UNKNOWN
    built = statement_method(flow, stmt, name, call, state)
    return Query(built, session) if isinstance(built, Stmt) else built


def get(
    flow: Flow, session: Sess, mapping: Mapping | None, options: tuple[LoaderOption, ...], state: State, call: Call
) -> Value:
    """`session.get(Order, 1)`: one instance or None, from memory where the session holds it."""
    locks, populates = (call.keyword(name) is not None for name in ("with_for_update", "populate_existing"))
    key = key_of_get(call.node)
    known = held(flow, state, session, mapping, key)
    if known is not None and not locks and not populates:
        flow.emit(state, LookedUp(session=session.key, instance=known.key, site=flow.site(call.node)))
        return known
    record = Executed(session=session.key, autoflushes=False, locks_rows=locks, site=flow.site(call.node))
    flow.query(state, record, call.node, "get")
    if mapping is None:
        return UNKNOWN
    stmt = Stmt("select", mapping, options, for_update=locks, populate_existing=populates, identity=key)
    return _one(flow, session, Inst(flow.key(call.node, "get"), mapping), stmt, state, call.node)


def members(flow: Flow, value: Value, state: State, node: ast.AST) -> Value:
    """What iterating over a value goes over."""
    if isinstance(value, Result):
        fetched(flow, value, "iter", state, getattr(node, "iter", node))
    match value:
        case Many(key=key) if ("empty", key) in state.marks:
            return Tup(())
        case Result(stmt=stmt) if stmt.single:
            return Tup((_row(value, value.scalars),))
        case Result(stmt=stmt) if stmt.mapping is not None:
            return Many(_row(value, value.scalars), value.key, rows=True, session=value.session.key)
        case Query():
            return query_method(flow, value, "all", Call(node), state)
        case Dump():
            return fields_in(value, "keys", flow.key(node, "fields"))
        case Cm(kind="function"):
            return UNKNOWN
        case Ref():
            return UNKNOWN
        case _:
            return value
