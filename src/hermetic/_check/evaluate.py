"""What an expression evaluates to, and what happens on the way."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._lifecycle.records import AttributeRead
from .membership import is_within
from .modules import Class, External
from .results import announce, related
from .state import FieldSet, Path, State, ValueRead
from .values import (
    NONE,
    UNKNOWN,
    Adapter,
    Attr,
    Bound,
    Call,
    Closure,
    Cm,
    Const,
    Engine,
    Ext,
    Inst,
    Lambda,
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

_BUILTINS = frozenset(dir(builtins))


def evaluate(flow: Flow, node: ast.expr, state: State) -> Value:
    """The value of an expression on this path; may raise Raised, and may choose between branches."""
    handler = EXPRESSIONS.get(type(node))
    if handler is not None:
        return handler(flow, node, state)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            evaluate(flow, child, state)
    return UNKNOWN


def _constant(flow: Flow, node: ast.Constant, state: State) -> Value:
    value = node.value
    return Const(value) if value is None or isinstance(value, (bool, str, int)) else UNKNOWN


def _name(flow: Flow, node: ast.Name, state: State) -> Value:
    env = flow.env(state)
    if node.id in env:
        return env[node.id]
    if node.id in flow.shape.names:
        return UNKNOWN
    return flow.analyzer.names.free_name(flow, node.id)


def builtin(name: str) -> Value:
    return Ref(External(f"builtins.{name}")) if name in _BUILTINS else UNKNOWN


def _attribute(flow: Flow, node: ast.Attribute, state: State) -> Value:
    return read(flow, evaluate(flow, node.value, state), node.attr, state, node)


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
        case Sess(is_async=is_async, key=key):
            if name == "no_autoflush":
                return Cm("no-autoflush", owner)
            return Sess(key) if name == "sync_session" else Bound(owner, name)
        case Maker(scoped=True):
            flow.analyzer.reach.opened(flow, owner.key)
            return (
                read(flow, flow.analyzer.scoped(owner), name, state, node)
                if name not in {"remove", "configure"}
                else Bound(owner, name)
            )
        case Ext(type=type_name):
            return flow.analyzer.names.external_member(type_name, name) or Bound(owner, name)
        case Engine() if name == "sync_engine":
            return Engine(owner.key)
        case Engine() if name == "dispose":
            state.mark("disposed", owner.key)
            return Bound(owner, name)
        case (
            Many()
            | Query()
            | Stmt()
            | Adapter()
            | Result()
            | Maker()
            | Engine()
            | Bound()
            | Closure()
            | Attr()
            | Cm()
            | Task()
            | Tup()
            | Const()
        ):
            return Bound(owner, name)
        case _:
            return (
                Bound(owner, name) if name in {"options", "joinedload"} or type(owner).__name__ == "Option" else UNKNOWN
            )


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
    return Bound(owner, name) if method is not None else UNKNOWN


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
    field = flow.analyzer.fields.value(owner.cls, name, owner.key)
    if field is UNKNOWN:
        flow.note(state, ValueRead(owner.key, name, node, flow.module))
        return Sym(Path(owner.key, name))
    return field


def _remember(flow: Flow, owner: Obj, name: str, value: Value, state: State) -> Value:
    """An object keeps what its cached property gave at first."""
    from .targets import escape

    state.attrs[owner.key, name] = value
    flow.note(state, FieldSet(owner.key, name, value))
    escape(flow, value, state, flow.function.node if flow.function else ast.Pass(), stored=True)
    return value


def _subscript(flow: Flow, node: ast.Subscript, state: State) -> Value:
    owner = evaluate(flow, node.value, state)
    index = evaluate(flow, node.slice, state)
    match owner:
        case Many(element=element):
            return owner if isinstance(node.slice, ast.Slice) else element
        case Tup(items=items) if isinstance(index, Const) and isinstance(index.value, int):
            return items[index.value] if -len(items) <= index.value < len(items) else UNKNOWN
        case Sym(key=key):
            return Sym(Path(key, "*"))
        case Ref(definition=Class()):
            return owner
        case _:
            return UNKNOWN


def _display(flow: Flow, node: ast.List | ast.Tuple | ast.Set, state: State) -> Value:
    items = tuple(evaluate(flow, item, state) for item in node.elts)
    if any(isinstance(item, ast.Starred) for item in node.elts):
        return Many(items[0] if items else UNKNOWN, flow.key(node, "list"))
    return Tup(items) if items or isinstance(node, ast.Tuple) else Many(UNKNOWN, flow.key(node, "list"))


def _starred(flow: Flow, node: ast.Starred, state: State) -> Value:
    value = evaluate(flow, node.value, state)
    return value.element if isinstance(value, Many) else UNKNOWN


def _dict(flow: Flow, node: ast.Dict, state: State) -> Value:
    for key in node.keys:
        if key is not None:
            evaluate(flow, key, state)
    values = [evaluate(flow, value, state) for value in node.values]
    return Tup(tuple(values)) if any(isinstance(v, (Inst, Many, Sess, Engine, Maker, Obj)) for v in values) else UNKNOWN


def _await(flow: Flow, node: ast.Await, state: State) -> Value:
    from .concurrency import join

    with flow.awaiting(node.value):
        value = evaluate(flow, node.value, state)
    return join(flow, value, state) if isinstance(value, Task) else value


def _conditional(flow: Flow, node: ast.IfExp, state: State) -> Value:
    from .truth import split

    yes, no = split(flow, node.test, state.copy())
    sides = [(path, node.body) for path in yes[:1]] + [(path, node.orelse) for path in no[:1]]
    if not sides:
        return UNKNOWN
    path, branch = sides[flow.choose(len(sides)) if len(sides) > 1 else 0]
    take(state, path)
    return evaluate(flow, branch, state)


def take(state: State, other: State) -> None:
    """Let `state` go on as `other`."""
    for name in State.__slots__:
        setattr(state, name, getattr(other, name))


def _boolean(flow: Flow, node: ast.BoolOp, state: State) -> Value:
    """`a or b`, `a and b` as a value: which operand it is may be a choice."""
    from .truth import split

    is_or = isinstance(node.op, ast.Or)
    for operand in node.values[:-1]:
        yes, no = split(flow, operand, state.copy())
        stays, goes_on = (yes, no) if is_or else (no, yes)
        if stays and (not goes_on or flow.choose(2) == 0):
            take(state, stays[0])
            return evaluate(flow, operand, state) if not _calls(operand) else UNKNOWN
        if not goes_on:
            return UNKNOWN
        take(state, goes_on[0])
    return evaluate(flow, node.values[-1], state)


def _calls(node: ast.expr) -> bool:
    return any(isinstance(inner, (ast.Call, ast.Await)) for inner in ast.walk(node))


def _named(flow: Flow, node: ast.NamedExpr, state: State) -> Value:
    from .targets import bind

    value = evaluate(flow, node.value, state)
    bind(flow, node.target.id, value, state)
    return value


def _not(flow: Flow, node: ast.UnaryOp, state: State) -> Value:
    from .truth import asked, truth_of

    value = evaluate(flow, node.operand, state)
    if isinstance(node.op, ast.Not) and isinstance(value, Sess) and not _calls(node.operand):
        return asked(flow, node, state)
    truth = truth_of(value, state) if isinstance(node.op, ast.Not) else None
    return UNKNOWN if truth is None else Const(not truth)


def _compare(flow: Flow, node: ast.Compare, state: State) -> Value:
    values = [evaluate(flow, operand, state) for operand in (node.left, *node.comparators)]
    if (
        len(values) == 2
        and isinstance(node.ops[0], (ast.Is, ast.IsNot))
        and values[1] == NONE
        and isinstance(values[0], Const)
    ):
        return Const((values[0].value is None) == isinstance(node.ops[0], ast.Is))
    if (
        len(values) == 2
        and isinstance(node.ops[0], (ast.Is, ast.IsNot))
        and any(isinstance(value, Sess) for value in values)
    ):
        return _same_session(flow, node, values[0], values[1], state)
    if isinstance(node.ops[0], (ast.In, ast.NotIn)) and isinstance(values[0], Inst) and isinstance(values[1], Sess):
        answer = is_within(flow, values[0], values[1], state)
        is_not = isinstance(node.ops[0], ast.NotIn)
        return Const(answer.value != is_not) if isinstance(answer, Const) else UNKNOWN
    if len(values) == 2 and all(isinstance(value, Const) for value in values):
        same = values[0] == values[1]
        if isinstance(node.ops[0], (ast.Eq, ast.NotEq)):
            return Const(same == isinstance(node.ops[0], ast.Eq))
    return UNKNOWN


def _same_session(flow: Flow, node: ast.Compare, left: Value, right: Value, state: State) -> Value:
    """`session is None` kept in a name, or `db is session`: the path remembers which of both it was."""
    from .truth import asked

    is_same = isinstance(node.ops[0], ast.Is)
    if isinstance(node.comparators[0], ast.Constant):
        return asked(flow, node, state)
    if any(isinstance(value, Sess) and ("optional", value.key) in state.marks for value in (left, right)):
        return UNKNOWN
    if isinstance(right, Sess) and isinstance(left, (Sess, Const)):
        return Const((isinstance(left, Sess) and left.key == right.key) == is_same)
    return Const(not is_same) if isinstance(right, Const) or left == NONE else UNKNOWN


def _binary(flow: Flow, node: ast.BinOp, state: State) -> Value:
    left, right = evaluate(flow, node.left, state), evaluate(flow, node.right, state)
    if isinstance(left, Tup) and isinstance(right, Tup):
        return Tup((*left.items, *right.items))
    return left if isinstance(left, Many) else right if isinstance(right, Many) else UNKNOWN


def _call(flow: Flow, node: ast.Call, state: State) -> Value:
    from .calls import evaluate_call

    return evaluate_call(flow, node, state)


def _lambda(flow: Flow, node: ast.Lambda, state: State) -> Value:
    return Lambda(node)


def _comprehension(
    flow: Flow, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, state: State
) -> Value:
    from .comprehensions import comprehend

    return comprehend(flow, node, state)


def _formatted(flow: Flow, node: ast.FormattedValue, state: State) -> Value:
    value = evaluate(flow, node.value, state)
    if isinstance(value, Inst):
        shown(flow, value, state, node)
    return UNKNOWN


def shown(flow: Flow, value: Inst, state: State, node: ast.AST) -> None:
    """An instance turned into text reads what its `__str__` or `__repr__` reads."""
    cls = flow.analyzer.class_of(value.mapping)
    name = next((name for name in ("__str__", "__repr__") if cls and cls.method(name)), None)
    if name:
        touch(flow, value, name, state, node)


def _yield(flow: Flow, node: ast.Yield, state: State) -> Value:
    if node.value is not None:
        evaluate(flow, node.value, state)
    return UNKNOWN


EXPRESSIONS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.List: _display,
    ast.Tuple: _display,
    ast.Set: _display,
    ast.Starred: _starred,
    ast.Dict: _dict,
    ast.Await: _await,
    ast.IfExp: _conditional,
    ast.BoolOp: _boolean,
    ast.NamedExpr: _named,
    ast.UnaryOp: _not,
    ast.Compare: _compare,
    ast.BinOp: _binary,
    ast.Call: _call,
    ast.Lambda: _lambda,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _comprehension,
    ast.FormattedValue: _formatted,
    ast.Yield: _yield,
}
