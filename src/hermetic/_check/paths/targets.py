"""What an assignment does: to names, to attributes of instances and objects, to containers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..._lifecycle.records import Added, AttributeWritten, Key, Merged, SessionShared
from ..program.conditions import names_of
from ..sessions.identity import rebound
from .evaluate import evaluate
from .remarks import says_what_goes_on
from .state import FieldSet, Path, State
from .values import (
    UNKNOWN,
    Bound,
    Const,
    Engine,
    Ext,
    Inst,
    Maker,
    Many,
    Obj,
    Ref,
    Sess,
    Sym,
    Tup,
    Value,
    keys_in,
    parts,
)

if TYPE_CHECKING:
    from .flow import Flow
    from .outcomes import Exit


def assign(flow: Flow, target: ast.expr, value: Value, state: State, source: ast.AST) -> None:
    """Bind `value` to an assignment target."""
    match target:
        case ast.Name(id=name):
            bind(flow, name, value, state)
        case ast.Attribute():
            set_attribute(flow, target, evaluate(flow, target.value, state), value, state)
        case ast.Subscript():
            owner = evaluate(flow, target.value, state)
            evaluate(flow, target.slice, state)
            escape(flow, value, state, target, is_user_state(owner))
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for index, element in enumerate(elements):
                assign(flow, element, _item(value, index, len(elements)), state, source)
        case ast.Starred(value=inner):
            assign(flow, inner, UNKNOWN, state, source)
        case _:
            pass


def _item(value: Value, index: int, count: int) -> Value:
    if isinstance(value, Tup) and len(value.items) == count:
        return value.items[index]
    return UNKNOWN


def bind(flow: Flow, name: str, value: Value, state: State) -> None:
    """Let a local name hold `value`; what was known of conditions that mention it is forgotten."""
    if (value is UNKNOWN and name in flow.shape.names) or (
        isinstance(value, Const) and name not in flow.shape.flags and not isinstance(value.value, str)
    ):
        flow.env(state).pop(name, None)
    else:
        flow.env(state)[name] = value
    if flow.is_global(name):
        escape(flow, value, state, flow.function.node if flow.function else ast.Pass())
    rebound(state, name)
    if state.facts:
        state.facts = {text: known for text, known in state.facts.items() if name not in names_of(text)}


def set_attribute(flow: Flow, target: ast.expr, owner: Value, value: Value, state: State, name: str = "") -> None:
    """Set an attribute of a value; a session stored on an object leaves the function's hands."""
    name = name or getattr(target, "attr", "")
    match owner:
        case Inst():
            write(flow, owner, name, value, state, target)
        case Sess(key=key) if name in {"bind", "binds"}:
            flow.analyzer.reach.bind(key, value)
            unsettle(state, owner)
        case Obj(key=key) | Sym(key=key):
            state.attrs[key, name] = value
            flow.note(state, FieldSet(key, name, value))
            escape(flow, value, state, target, stored=True)
        case Ref() | Ext() | Bound():
            escape(flow, value, state, target, is_user_state(owner))
        case _:
            escape(flow, value, state, target)


def unsettle(state: State, session: Sess) -> None:
    """Whether a session has an engine cannot be told any longer."""
    known = state.life.sessions.get(session.key)
    if known is not None and known.bound is False:
        state.life.change_session(session.key, bound=None)


def write(flow: Flow, owner: Inst, name: str, value: Value, state: State, node: ast.AST) -> None:
    """Set a mapped attribute; a new instance reached through a relationship joins its owner's session."""
    if name not in owner.mapping.columns and name not in owner.mapping.relations:
        return
    relative = "computed" in flow.notes
    record = AttributeWritten(instance=owner.key, attribute=name, relative=relative, site=flow.site(node))
    effect = flow.emit(state, record, *_grounds(flow, owner, value, state))
    if effect == "loses-write":
        state.mark("changed-detached", owner.key)
    known = state.life.instances.get(owner.key)
    if known is not None and known.session is not None and says_what_goes_on(flow, name, node):
        state.mark("announced", known.session)
    if name in owner.mapping.relations and known is not None and known.session is not None:
        for inner in instances_in(value):
            status = state.life.instances.get(inner.key)
            if status is not None and status.status == "transient":
                flow.emit(state, Added(session=known.session, instance=inner.key, site=flow.site(node)), "cascade")


def _grounds(flow: Flow, owner: Inst, value: Value, state: State) -> Iterator[str]:
    """Notes on what a write rests on: a literal, a test of the instance's attributes, a version counter, an entry."""
    if isinstance(value, Const):
        yield "constant"
    if flow.analyzer.models.is_versioned(owner.mapping):
        yield "versioned"
    if flow.analyzer.surroundings.locks_by_name(flow.module):
        yield "locks-by-name"
    if flow.analyzer.surroundings.is_strict:
        yield "strict"
    if flow.analyzer.surroundings.serves_many:
        yield "served"
    if flow.function is not None and flow.analyzer.dependencies.is_entry(flow.function):
        yield "entry"
    for name, tested in state.marks:
        if name == "tested" and isinstance(tested, tuple) and tested[0] == owner.key:
            yield f"tested {tested[1]}"


def changes_ended(flow: Flow, exit: Exit) -> None:
    """A path ends: tell of the changes to detached instances that no session took in afterwards."""
    state = exit.state
    changed = {key for name, key in state.marks if name == "changed-detached"}
    if not changed or exit.kind == "raise":
        return
    writes: dict[Key | None, AttributeWritten] = {}
    for record in state.records():
        if isinstance(record, AttributeWritten):
            writes[record.instance] = record
        elif isinstance(record, Added | Merged):
            writes.pop(record.instance if isinstance(record, Added) else record.source, None)
    escaped = {key for name, key in state.marks if name in {"escaped", "shared"}}
    for key in changed.intersection(writes) - escaped - _given_back(exit):
        known = state.life.instances.get(key)
        if known is not None and known.status == "detached":
            flow.emit(state, writes[key], "ended")


def _given_back(exit: Exit) -> set[Key]:
    """The keys of what a function returns, and of what the objects that it returns hold."""
    found: set[Key] = set()
    new = set(keys_in(exit.value))
    while new:
        found |= new
        held = [value for (owner, _), value in exit.state.attrs.items() if owner in new]
        new = {key for value in held for key in keys_in(value)} - found
    return found


def instances_in(value: Value) -> list[Inst]:
    """Every mapped instance that a value holds."""
    found = [value] if isinstance(value, Inst) else []
    for inner in parts(value):
        found += instances_in(inner)
    return found


def sessions_in(value: Value) -> list[Sess]:
    """Every session that a value holds."""
    found = [value] if isinstance(value, Sess) else []
    for inner in parts(value):
        found += sessions_in(inner)
    return found


def escape(
    flow: Flow, value: Value, state: State, node: ast.AST, user_state: bool = False, *, stored: bool = False
) -> None:
    """A value leaves the function's hands: whoever got it closes its session."""
    for session in sessions_in(value):
        if user_state:
            flow.emit(state, SessionShared(session=session.key, how="user-state", site=flow.site(node)))
        state.held.pop(session.key, None)
        state.mark("stored" if stored else "escaped", session.key)
    for instance in instances_in(value):
        state.mark("escaped", instance.key)
    _hand_over(value, state)


def _hand_over(value: Value, state: State) -> None:
    """A value is in other hands: they may keep the engines in it."""
    if isinstance(value, (Engine, Maker, Obj)) or (isinstance(value, Sym) and not isinstance(value.key, Path)):
        state.settled |= {value.key}
    for inner in parts(value):
        _hand_over(inner, state)


def is_user_state(owner: Value) -> bool:
    """Whether a container outlives a run of the program's page: `st.session_state`."""
    return isinstance(owner, Ref) and getattr(owner.definition, "name", "") == "streamlit.session_state"


def delete(flow: Flow, target: ast.expr, state: State) -> None:
    """`del name`."""
    if isinstance(target, ast.Name):
        bind(flow, target.id, UNKNOWN, state)


def joined(first: Value, second: Value, key: object) -> Value:
    """One value that stands for either, as the element of a collection."""
    if first == second or second is UNKNOWN:
        return first
    return second if first is UNKNOWN else first if not isinstance(second, Inst) else second


def appended(value: Value, item: Value, key: tuple[object, ...]) -> Value:
    """The collection after an item joined it."""
    if isinstance(value, Many):
        return Many(joined(value.element, item, value.key), value.key, value.rows, value.session)
    if isinstance(value, Tup):
        element: Value = UNKNOWN
        for known in (*value.items, item):
            element = joined(element, known, key)
        return Many(element, key)
    return value
