"""What the building of a SELECT says of the rows that it will bring: their order, their part, and how many an entity takes."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._lifecycle.schema import LoaderOption, Mapping, Relation
from ..._lifecycle.source import Fetch, Order, PageAsked, RelationsTaken, RowsFetched
from ..paths.state import State
from ..paths.values import NONE, Attr, Call, Const, Option, Ref, Result, Rows, Sess, Stmt, Tup, Value
from ..program.modules import Class
from ..program.nodes import walk

if TYPE_CHECKING:
    from ..paths.flow import Flow

ORDERINGS = frozenset({"asc", "desc", "nulls_first", "nulls_last", "nullsfirst", "nullslast"})
_JOINS = frozenset({"join", "outerjoin", "join_from", "outerjoin_from", "select_from"})
_BY_JOIN = frozenset({"joinedload", "contains_eager", "joined"})
_PLANS = frozenset({
    "joinedload", "selectinload", "subqueryload", "immediateload", "lazyload", "contains_eager", "raiseload", "noload",
})  # fmt: skip
_ELSEWHERE = frozenset({"any", "has", "select", "exists", "in_", "not_in", "notin_"})
_FIRST = frozenset({"first", "fetchone", "scalar"})
_ONE = frozenset({"one", "one_or_none", "scalar_one", "scalar_one_or_none"})
_ALL = frozenset({"all", "fetchall", "fetchmany", "iter", "partitions"})


def grown(flow: Flow, stmt: Stmt, name: str, call: Call, state: State) -> Rows:
    """What is known of the rows once a method of this name has built on a statement."""
    rows = stmt.rows
    match name:
        case "order_by":
            return _ordered(rows, call)
        case "limit" | "fetch" | "slice" | "offset":
            return _part(rows, name, call)
        case "distinct" | "group_by":
            return replace(rows, merged=True)
        case "yield_per":
            return replace(rows, streams=True)
        case "execution_options":
            return replace(rows, streams=rows.streams or call.keyword("yield_per") is not None)
        case "options":
            return replace(rows, is_told=rows.is_told and all(map(_is_option, call.args)))
        case "where" | "filter" | "having":
            equated = frozenset(_equated(flow, _nodes(call), state))
            return _conditions(flow, replace(rows, equated=rows.equated | equated), _nodes(call), state)
        case "filter_by":
            given = (
                {(stmt.mapping.name, word) for word, _ in call.keywords} if stmt.mapping and not rows.joined else set()
            )
            return replace(
                rows,
                filtered=rows.filtered | _targets(flow, rows),
                pinned=rows.pinned | given,
                equated=rows.equated | given,
            )
        case "from_statement":
            return replace(rows, is_told=False)
        case _ if name in _JOINS:
            return _joined(flow, rows, call, state)
        case _:
            return rows


def _ordered(rows: Rows, call: Call) -> Rows:
    """The rows under an ORDER BY; an expression that is no plain column is taken to tell them apart."""
    if call.args == (NONE,):
        return replace(rows, order="none", by=frozenset())
    columns = [arg for arg in call.args if isinstance(arg, Attr)]
    if rows.order == "total" or len(columns) < len(call.args) or not columns:
        return replace(rows, order="total")
    return replace(rows, order="partial", by=rows.by | {(column.mapping.name, column.name) for column in columns})


def _order(flow: Flow, stmt: Stmt) -> Order:
    """How far the ORDER BY tells rows apart that are alike in what the conditions ask for."""
    rows = stmt.rows
    owners = {stmt.mapping.name} if stmt.mapping is not None else {owner for owner, _ in rows.by}
    for mapping in filter(None, map(flow.analyzer.models.mapping, sorted(owners))):
        names = frozenset(name for owner, name in rows.by | rows.pinned if owner == mapping.name)
        if flow.analyzer.models.tells_apart(mapping, names):
            return "total"
    return rows.order


def _part(rows: Rows, name: str, call: Call) -> Rows:
    """What LIMIT and OFFSET ask for; an offset of 0 or None skips nothing, one drawn by chance is no page."""
    start = call.argument(0)
    if name in {"limit", "fetch"}:
        return replace(rows, limited=start != NONE)
    skips = start not in {NONE, Const(0)} and not any(map(_is_chance, _nodes(call)))
    return replace(rows, skips=skips, limited=rows.limited or name == "slice")


def _is_chance(node: ast.expr) -> bool:
    """Whether a number is drawn at random."""
    names = (getattr(inner, "id", None) or getattr(inner, "attr", None) for inner in walk(node))
    return any(name in {"rand", "random", "randint", "randrange", "randbelow"} for name in names)


def _is_option(value: Value) -> bool:
    return isinstance(value, Option) or (isinstance(value, Tup) and all(map(_is_option, value.items)))


def _nodes(call: Call) -> list[ast.expr]:
    return list(call.node.args) if isinstance(call.node, ast.Call) else []


def _conditions(flow: Flow, rows: Rows, nodes: Iterable[ast.expr], state: State) -> Rows:
    """The rows under further conditions: those between columns of two classes join them."""
    for node in nodes:
        if isinstance(node, ast.Constant):
            continue
        parts = _parts(node)
        if len(parts) > 1:
            pinned = rows.pinned
            rows = _conditions(flow, rows, parts, state)
            rows = replace(rows, pinned=pinned) if _is_either(node) else rows
            continue
        attributes = list(attributes_in(flow, node, state))
        found = {attribute.mapping.name for attribute in attributes}
        if not found:
            rows = replace(rows, is_told=False)
        elif len(found) > 1 and _is_equation(node):
            rows = replace(rows, joined=rows.joined | {("", name) for name in found})
        else:
            one = (
                {(a.mapping.name, a.name) for a in attributes} if len(attributes) == 1 and _is_equation(node) else set()
            )
            rows = replace(rows, filtered=rows.filtered | found, pinned=rows.pinned | one)
    return rows


def _parts(node: ast.expr) -> list[ast.expr]:
    """The conditions that are joined by `&`, `|`, `and_` and `or_`."""
    match node:
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr(), left=left, right=right):
            return [left, right]
        case ast.Call(func=ast.Name(id="and_" | "or_"), args=args):
            return [*args, *([ast.Constant(True)] * (len(args) == 1))]
        case ast.Call(func=ast.Attribute(attr="and_" | "or_"), args=args):
            return [*args, *([ast.Constant(True)] * (len(args) == 1))]
        case _:
            return [node]


def _is_either(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitOr)
    func = node.func if isinstance(node, ast.Call) else None
    return "or_" in {getattr(func, "attr", None), getattr(func, "id", None)}


def _equated(flow: Flow, nodes: Iterable[ast.expr], state: State) -> Iterator[tuple[str, str]]:
    """The columns that conditions, however they are joined, compare with one value each."""
    for node in (inner for outer in nodes for inner in ast.walk(outer)):
        if _is_equation(node):
            attributes = list(attributes_in(flow, node, state))
            if len(attributes) == 1:
                yield attributes[0].mapping.name, attributes[0].name


def _is_equation(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq)


def attributes_in(flow: Flow, node: ast.AST, state: State) -> Iterator[Attr]:
    """The attributes of mapped classes that an expression names, outside of the subqueries in it."""
    if isinstance(node, ast.Call):
        called = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
        if called in _ELSEWHERE:
            if isinstance(node.func, ast.Attribute):
                yield from attributes_in(flow, node.func.value, state)
            return
    if isinstance(node, ast.Attribute):
        mapping = flow.analyzer.mapping_of(_class_named(flow, node.value, state))
        if mapping is not None and (node.attr in mapping.columns or node.attr in mapping.relations):
            yield Attr(mapping, node.attr)
            return
    for child in ast.iter_child_nodes(node):
        yield from attributes_in(flow, child, state)


def _class_named(flow: Flow, node: ast.expr, state: State) -> Value:
    if isinstance(node, ast.Name) and node.id in flow.env(state):
        return flow.env(state)[node.id]
    definition = flow.module.project.resolve_expr(flow.module, node)
    return Ref(definition) if isinstance(definition, Class) else NONE


def _joined(flow: Flow, rows: Rows, call: Call, state: State) -> Rows:
    """The rows of a join: with a relationship, or with a class on a condition."""
    for value, node in zip(call.args, _nodes(call), strict=False):
        mapping = flow.analyzer.mapping_of(value)
        if mapping is not None:
            rows = replace(rows, joined=rows.joined | {("", mapping.name)})
        elif isinstance(value, Attr):
            rows = replace(rows, joined=rows.joined | {(value.mapping.name, value.name)})
        else:
            rows = _conditions(flow, rows, [node], state)
    return rows


def _targets(flow: Flow, rows: Rows) -> frozenset[str]:
    """The classes that are joined."""
    return frozenset(name if owner == "" else _target(flow, owner, name) for owner, name in rows.joined)


def _target(flow: Flow, owner: str, name: str) -> str:
    mapping = flow.analyzer.models.mapping(owner)
    relation = mapping.relations.get(name) if mapping is not None else None
    return relation.target if relation is not None else ""


def asked(flow: Flow, session: Sess, stmt: Stmt, state: State, node: ast.AST) -> None:
    """Tell what matters of a SELECT when it is sent."""
    if stmt.kind != "select":
        return
    rows, entity = stmt.rows, _short(stmt.mapping)
    subqueries = tuple(".".join(o.path) for o in stmt.options if o.kind == "subqueryload") if rows.limited else ()
    if stmt.identity is None and (rows.skips or subqueries):
        columns = stmt.mapping.columns if stmt.mapping is not None else {}
        keys = tuple(name for name, column in columns.items() if column.primary_key)
        page = PageAsked(
            session=session.key, entity=entity, order=_order(flow, stmt), skips=rows.skips, subqueries=subqueries, keys=keys,
            site=flow.site(node),
        )  # fmt: skip
        flow.emit(state, page)
    taken = [option.path for option in stmt.options if option.kind == "contains_eager"]
    if taken and stmt.mapping is not None:
        found = {path: relation for path in taken if (relation := _relation(flow, stmt.mapping, path))}
        _taken(flow, session, stmt, found, state, node)


def _taken(
    flow: Flow, session: Sess, stmt: Stmt, relations: dict[tuple[str, ...], tuple[Mapping, Relation]], state: State,
    node: ast.AST,
) -> None:  # fmt: skip
    """Tell of the relationships that a SELECT fills from its own rows."""
    rows = stmt.rows
    unjoined = [
        path
        for path, (owner, relation) in relations.items()
        if rows.is_told and not {(owner.name, relation.name), ("", relation.target)} & rows.joined
    ]
    filtered = [path for path, (_, relation) in relations.items() if relation.many and relation.target in rows.filtered]
    if relations:
        record = RelationsTaken(
            session=session.key,
            entity=_short(stmt.mapping),
            relations=tuple(map(".".join, relations)),
            unjoined=tuple(map(".".join, unjoined)),
            filtered=tuple(map(".".join, filtered)),
            repopulates=stmt.populate_existing,
            site=flow.site(node),
        )
        flow.emit(state, record)


def _relation(flow: Flow, mapping: Mapping, path: tuple[str, ...]) -> tuple[Mapping, Relation] | None:
    """The relationship at the end of a path, and the class that has it."""
    for name in path[:-1]:
        found = mapping.relations.get(name)
        target = flow.analyzer.models.mapping(found.target) if found is not None else None
        if target is None:
            return None
        mapping = target
    relation = mapping.relations.get(path[-1])
    return (mapping, relation) if relation is not None else None


def fetched(flow: Flow, result: Result, name: str, state: State, node: ast.AST) -> None:
    """Tell of a result whose entities take several of the rows that are fetched now."""
    stmt = result.stmt
    fetch = _fetch(name)
    if stmt.kind != "select" or stmt.mapping is None or fetch is None:
        return
    rows = stmt.rows
    collections = tuple(joined_collections(flow, stmt.mapping, stmt.options, is_told=rows.is_told))
    taken = tuple(
        path
        for path in collections
        if any(o.kind == "contains_eager" and o.path == tuple(path.split(".")) for o in stmt.options)
    )
    multiplied = () if rows.merged or stmt.entities > 1 else tuple(_multiplied(flow, stmt.mapping, rows, collections))
    if not collections and not multiplied:
        return
    targets = _targets(flow, rows)
    record = RowsFetched(
        session=result.session.key,
        entity=_short(stmt.mapping),
        fetch=fetch,
        collections=collections,
        taken=taken,
        multiplied=multiplied,
        limited=rows.limited or (result.is_legacy and name == "first"),
        filtered=not rows.is_told or bool(targets & rows.filtered) or stmt.identity is not None,
        is_unique=result.is_unique,
        is_legacy=result.is_legacy,
        streams=rows.streams,
        site=flow.site(node),
    )
    flow.emit(state, record)


def without_repeats(value: Value) -> Value:
    """What goes into a set or into the keys of a dict: owners that a join repeats come out once."""
    if not isinstance(value, Result):
        return value
    return replace(value, stmt=replace(value.stmt, rows=replace(value.stmt.rows, merged=True)))


def _fetch(name: str) -> Fetch | None:
    return (
        "first" if name in _FIRST else "one" if name in _ONE else "all" if name in _ALL or name == "__iter__" else None
    )


def joined_collections(
    flow: Flow,
    mapping: Mapping,
    options: tuple[LoaderOption, ...],
    seen: frozenset[str] = frozenset(),
    *,
    is_told: bool,
) -> Iterator[str]:
    """The collections that come in the same rows as the entity, by an option or by the mapping's own `lazy="joined"`."""
    is_told = is_told and not any(o.path == ("*",) and o.kind in _PLANS for o in options)
    seen |= {mapping.name}
    for name, relation in mapping.relations.items():
        plans = [o.kind for o in options if o.path == (name,) and o.kind in _PLANS]
        is_default = not plans
        if (is_default and not is_told) or (plans[-1] if plans else relation.lazy) not in _BY_JOIN:
            continue
        if is_default and relation.target in seen:
            continue
        if relation.many:
            yield name
        target = flow.analyzer.models.mapping(relation.target)
        if target is not None and len(seen) < 4:
            inner = tuple(LoaderOption(o.kind, o.path[1:]) for o in options if len(o.path) > 1 and o.path[0] == name)
            yield from (f"{name}.{below}" for below in joined_collections(flow, target, inner, seen, is_told=is_told))


def _multiplied(flow: Flow, mapping: Mapping, rows: Rows, collections: tuple[str, ...]) -> Iterator[str]:
    """The collections of the entity that are joined without being loaded: each member repeats the entity."""
    for owner, name in sorted(rows.joined):
        if owner == mapping.name and mapping.relations[name].many and name not in collections:
            yield name
        elif owner == "" and name != mapping.name:
            ways = [relation for relation in mapping.relations.values() if relation.target == name]
            if ways and all(relation.many and relation.name not in collections for relation in ways):
                yield ways[0].name


def _short(mapping: Mapping | None) -> str:
    return mapping.name.rpartition(".")[2] if mapping is not None else "row"
