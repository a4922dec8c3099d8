"""Where the values of a whole form are written over an instance or a row, those that nobody filled in among them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._lifecycle.records import InstanceCreated
from ..._lifecycle.schema import Mapping
from ..._lifecycle.source import FieldsOverwritten, HowOverwritten
from ..models.annotated import called
from ..paths.state import State
from ..paths.values import UNKNOWN, Call, Const, Dump, FieldName, Inst, Many, Obj, Stmt, Tup, Value
from ..program.modules import Class

if TYPE_CHECKING:
    from ..paths.flow import Flow

DUMPS = frozenset({"model_dump", "dict"})
_NARROWED = frozenset({"include", "exclude_none", "exclude_defaults", "**"})
_SET = frozenset({"model_fields_set", "__fields_set__", "fields_set"})


def is_form(flow: Flow, value: Value) -> bool:
    """Whether a value is an instance of a response or request model."""
    return isinstance(value, Obj) and bool(flow.analyzer.schemas.fields(value.cls))


def dumped(owner: Obj, name: str, call: Call) -> Value:
    """`payload.model_dump()`: a value for each field, or for those that were given."""
    if name not in DUMPS or any(word in _NARROWED for word, _ in call.keywords):
        return UNKNOWN
    given_only = call.keyword("exclude_unset")
    return Dump(owner.cls, given_only=given_only is not None and given_only != Const(False))


def fields_in(dump: Dump, name: str, key: object) -> Value:
    """What going over a dump, or a view of it, gives."""
    field = FieldName(dump)
    match name:
        case "items":
            return Many(Tup((field, UNKNOWN)), ("items", key))
        case "keys" | "__iter__":
            return Many(field, ("keys", key))
        case "copy":
            return dump
        case _:
            return UNKNOWN


def set_by_name(flow: Flow, owner: Inst, name: FieldName, call: Call, state: State) -> None:
    """`setattr(order, field, value)` for each field of a form."""
    if not _is_guarded(flow, call.node):
        overwritten(flow, owner.mapping, name.dump, "setattr", call, state, owner)


def updated(flow: Flow, owner: Inst, given: Value, call: Call, state: State) -> None:
    """SQLModel's `hero.sqlmodel_update(…)` with a form or its dump."""
    if isinstance(given, Obj):
        given = Dump(given.cls) if is_form(flow, given) else UNKNOWN
    if isinstance(given, Dump):
        overwritten(flow, owner.mapping, given, "sqlmodel_update", call, state, owner)


def update_built(flow: Flow, stmt: Stmt, given: Value | None, call: Call, state: State) -> None:
    """`update(Order).values(**payload.model_dump())`."""
    if stmt.kind in {"update", "select"} and isinstance(given, Dump) and stmt.mapping is not None:
        overwritten(flow, stmt.mapping, given, "update", call, state)


def merged(flow: Flow, source: Inst, call: Call, state: State) -> None:
    """`session.merge(…)` of an instance that was just made from a form, or whose class fills in what nobody gave."""
    created = next((r for r in state.records() if isinstance(r, InstanceCreated) and r.instance == source.key), None)
    known = state.life.instances.get(source.key)
    dump = state.attrs.get((source.key, "**"))
    if created is None or known is None or known.status != "transient" or not isinstance(dump, Dump):
        return
    if not dump.given_only:
        overwritten(flow, source.mapping, dump, "merge", call, state)
        return
    cls = flow.analyzer.class_of(source.mapping)
    if cls is None or "sqlmodel" not in flow.analyzer.models.lineages.of(cls).roots:
        return
    always = set(_fields(flow, dump.cls)) - set(optional(flow, dump.cls))
    filled = _columns(source.mapping, set(optional(flow, cls)) - created.written - always)
    _tell(
        flow, source.mapping, filled, state, call, FieldsOverwritten(entity=_short(cls), form=_short(cls), how="merge")
    )


def overwritten(
    flow: Flow, mapping: Mapping, dump: Dump, how: HowOverwritten, call: Call, state: State, owner: Inst | None = None
) -> None:
    """Every column of which the form has a default is written, whether the form was given it or not."""
    verb = _verb(flow)
    if dump.given_only or verb in {"put", "post"}:
        return
    fields = _columns(mapping, set(_fields(flow, dump.cls)))
    defaults = _columns(mapping, set(optional(flow, dump.cls)))
    record = FieldsOverwritten(
        entity=mapping.name.rpartition(".")[2],
        form=_short(dump.cls),
        how=how,
        is_partial=verb == "patch" or fields == defaults,
        instance=owner.key if owner is not None else None,
    )
    _tell(flow, mapping, defaults, state, call, record)


def _tell(
    flow: Flow, mapping: Mapping, columns: tuple[str, ...], state: State, call: Call, record: FieldsOverwritten
) -> None:
    if columns:
        flow.emit(state, replace(record, columns=columns, site=flow.site(call.node)))


def _columns(mapping: Mapping, names: set[str]) -> tuple[str, ...]:
    """Those of the names that are columns outside of the key, in the order of the mapping."""
    return tuple(name for name, column in mapping.columns.items() if name in names and not column.primary_key)


def _fields(flow: Flow, cls: Class) -> Iterator[str]:
    yield from flow.analyzer.schemas.fields(cls) or ()


def optional(flow: Flow, cls: Class) -> Iterator[str]:
    """The fields of a model that have a value when nobody gives one."""
    classes = flow.analyzer.models.lineages.of(cls).classes
    for name in _fields(flow, cls):
        home = next((one for one in classes if name in one.annotations), None)
        value = home.values.get(name) if home is not None else None
        if home is not None and value is not None and _is_default(home, value):
            yield name


def _is_default(home: Class, value: ast.expr) -> bool:
    if not isinstance(value, ast.Call) or called(home.module, value.func) != "Field":
        return not (isinstance(value, ast.Constant) and value.value is ...)
    words = {word.arg for word in value.keywords}
    first = value.args[0] if value.args else None
    is_given = first is not None and not (isinstance(first, ast.Constant) and first.value is ...)
    return is_given or bool({"default", "default_factory"} & words)


def _verb(flow: Flow) -> str:
    """The HTTP method of the route that a function is."""
    decorators = flow.function.head.decorator_list if flow.function is not None else []
    names = (getattr(one.func, "attr", "") for one in decorators if isinstance(one, ast.Call))
    return next((name for name in names if name in {"patch", "put", "post"}), "")


def _is_guarded(flow: Flow, node: ast.AST) -> bool:
    """Whether the loop around a `setattr` looks at the value, or at which fields are to be written."""
    value = ast.unparse(node.args[2]) if isinstance(node, ast.Call) and len(node.args) > 2 else ""
    if flow.function is None or not value.isidentifier():
        return not value.endswith("]")
    nodes = flow.analyzer.walk(flow.function)
    if any(isinstance(one, ast.Attribute) and one.attr in _SET for one in nodes):
        return True
    loops = (one for one in nodes if isinstance(one, ast.For | ast.AsyncFor))
    around = (loop for loop in loops if any(inner is node for inner in ast.walk(loop)))
    tests = [one.test for loop in around for one in ast.walk(loop) if isinstance(one, ast.If | ast.IfExp)]
    return any(_chooses(inner, value) for test in tests for inner in ast.walk(test))


def _chooses(node: ast.AST, value: str) -> bool:
    """Whether a condition is about the value, or about membership in a set that is not spelled out."""
    if isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
        return not all(isinstance(one, ast.Set | ast.Tuple | ast.List) for one in node.comparators)
    return isinstance(node, ast.Name) and node.id == value


def _short(cls: Class) -> str:
    return cls.qualname.rpartition(".")[2]
