"""What each kind of statement does to a path."""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from ..program.modules import Class, Function, imported_names
from ..program.nodes import walk
from ..program.remembered import remembered
from ..sessions.methods import leave_half_done
from ..templates.parts import Part
from .evaluate import evaluate
from .forgetting import begin_turns
from .loops import iterate
from .outcomes import Exit, after_turn, caught_by, merged
from .retries import attempt
from .state import HANDLED, Around, State, distinct, unlike
from .targets import assign, bind, delete
from .truth import split
from .values import UNKNOWN, Closure, Value
from .withs import enter_all

if TYPE_CHECKING:
    from .flow import Flow


_ENDINGS = frozenset({"close", "aclose", "rollback", "remove", "dispose", "next", "anext", "__exit__", "__aexit__"})


@remembered
def can_fail(node: ast.AST) -> bool:
    """Whether a statement calls or awaits anything (other failures are programming errors, not paths).

    A `close()` or `rollback()` that fails is no path of its own: what could be done about it?
    """
    if isinstance(node, ast.Expr):
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if (
            isinstance(call, ast.Call)
            and (getattr(call.func, "attr", None) or getattr(call.func, "id", "")) in _ENDINGS
        ):
            return False
    return any(isinstance(inner, (ast.Call, ast.Await, ast.Yield)) for inner in walk(node))


def _expression(flow: Flow, node: ast.Expr, state: State) -> list[Exit]:
    if isinstance(node.value, ast.Yield):
        return _yielded(flow, node, node.value, None, state)
    flow.discarded = node.value.value if isinstance(node.value, ast.Await) else node.value
    return flow.simple(node, state, lambda trial: evaluate(flow, node.value, trial))


def _assign(flow: Flow, node: ast.Assign, state: State) -> list[Exit]:
    if isinstance(node.value, ast.Yield):
        return _yielded(flow, node, node.value, node.targets[0], state)

    def action(trial: State) -> Value:
        value = flow.analyzer.registries.kept(flow, evaluate(flow, node.value, trial), node.targets[0])
        for target in node.targets:
            with flow.noting(*(("computed",) if _goes_on_from(target, node.value) else ())):
                assign(flow, target, value, trial, node.value)
        return value

    return flow.simple(node, state, action)


def _goes_on_from(target: ast.expr, value: ast.expr) -> bool:
    """Whether a new value is the old one with something done to it: `order.total = order.total + fee`."""
    if not isinstance(target, ast.Attribute):
        return False
    match value:
        case ast.BinOp():
            parts: list[ast.expr | None] = [value.left, value.right]
        case ast.Dict(keys=keys, values=values):
            parts = [inner for key, inner in zip(keys, values, strict=True) if key is None]
        case ast.List(elts=elements):
            parts = [element.value for element in elements if isinstance(element, ast.Starred)]
        case _:
            return False
    old = ast.unparse(target)
    return any(
        part is not None and (ast.unparse(part).strip("()").split(" or ")[0] == old or _goes_on_from(target, part))
        for part in parts
    )


def _ann_assign(flow: Flow, node: ast.AnnAssign, state: State) -> list[Exit]:
    if node.value is None:
        return [Exit("next", state)]
    source = node.value

    def action(trial: State) -> Value:
        value = flow.analyzer.registries.kept(flow, evaluate(flow, source, trial), node.target)
        if value is UNKNOWN:
            value = flow.analyzer.annotated(node.annotation, flow.module, flow.key(node, "ann"), borrowed=True)
        assign(flow, node.target, value, trial, source)
        return value

    return flow.simple(node, state, action)


def _aug_assign(flow: Flow, node: ast.AugAssign, state: State) -> list[Exit]:
    def action(trial: State) -> Value:
        read = ast.copy_location(_as_load(node.target), node.target)
        evaluate(flow, read, trial)
        value = evaluate(flow, node.value, trial)
        with flow.noting("computed"):
            assign(flow, node.target, UNKNOWN, trial, node.value)
        return value

    return flow.simple(node, state, action)


def _as_load(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.Name(name, ast.Load())
        case ast.Attribute(value=value, attr=attr):
            return ast.Attribute(
                value, attr, ast.Load(), end_lineno=target.end_lineno, end_col_offset=target.end_col_offset
            )
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value, index, ast.Load())
        case _:
            return ast.Constant(None)


def _return(flow: Flow, node: ast.Return, state: State) -> list[Exit]:
    if node.value is None:
        return [Exit("return", state)]
    source = node.value
    return flow.simple(
        node, state, lambda trial: flow.analyzer.returned(flow, evaluate(flow, source, trial), trial, node), "return"
    )


def _delete(flow: Flow, node: ast.Delete, state: State) -> list[Exit]:
    for target in node.targets:
        delete(flow, target, state)
    return [Exit("next", state)]


def _assert(flow: Flow, node: ast.Assert, state: State) -> list[Exit]:
    yes, _ = split(flow, node.test, state)
    return [Exit("next", found) for found in yes] or [Exit("next", state)]


def _raise(flow: Flow, node: ast.Raise, state: State) -> list[Exit]:
    if node.exc is None:
        return [Exit("raise", state, error=flow.handling[-1] if flow.handling else "any")]
    source = node.exc
    exits = flow.branches(state, lambda trial: evaluate(flow, source, trial))
    error = error_name(flow, source)
    return [Exit("raise", exit.state, error=exit.error or error) for exit in exits]


def error_name(flow: Flow, node: ast.expr) -> str:
    """The class that a `raise` names; "any" for a variable."""
    if isinstance(node, ast.Call):
        node = node.func
    definition = flow.module.project.resolve_expr(flow.module, node)
    if definition is None:
        return getattr(node, "id", "any") if isinstance(node, ast.Name) and node.id[:1].isupper() else "any"
    return definition.qualname if isinstance(definition, (Class, Function)) else definition.name


def _if(flow: Flow, node: ast.If, state: State) -> list[Exit]:
    yes, no = split(flow, node.test, state)
    exits = [*flow.block(node.body, yes), *flow.block(node.orelse, no)]
    if flow.may_fail(state) and can_fail(node.test):
        exits.append(Exit("raise", state, error="any"))
    return exits


def _while(flow: Flow, node: ast.While, state: State) -> list[Exit]:
    begin_turns(flow, node, state)
    around, state.loop = state.loop, (*state.loop, Around("while", flow.key(node, "loop")))
    entered, left = split(flow, node.test, state)
    exits: list[Exit] = []
    done = list(left)
    begun: set[Hashable] = set()
    for _ in range(2):
        entered = unlike(distinct(entered), begun)
        begun |= {trial.fingerprint() for trial in entered}
        turns = (_turn(flow, node, trial) for trial in entered)
        again, stopped, leaving = after_turn(merged([exit for turn in turns for exit in turn]))
        done += stopped
        exits += leaving
        entered = []
        for after in distinct(again):
            yes, no = split(flow, node.test, after)
            entered += yes
            done += no
    if not done:
        done = entered
    for path in (*done, *(exit.state for exit in exits)):
        path.loop = around
    return [*exits, *flow.block(node.orelse, distinct(done))]


def _for(flow: Flow, node: ast.For | ast.AsyncFor, state: State) -> list[Exit]:
    exits: list[Exit] = []
    for exit in flow.simple(node.iter, state, lambda trial: evaluate(flow, node.iter, trial)):  # type: ignore[arg-type]
        if exit.kind == "next":
            begin_turns(flow, node, exit.state)
            exits += iterate(flow, node.target, exit.value, exit.state, partial(_turn, flow, node), node)
        else:
            exits.append(exit)
    done = [exit.state for exit in exits if exit.kind == "next"]
    return [*(exit for exit in exits if exit.kind != "next"), *flow.block(node.orelse, distinct(done))]


def _turn(flow: Flow, node: ast.For | ast.AsyncFor | ast.While, state: State) -> list[Exit]:
    return attempt(flow, node, state, lambda trial: flow.block(node.body, [trial]))


def _with(flow: Flow, node: ast.With | ast.AsyncWith, state: State) -> list[Exit]:
    body = flow.analyzer.exit_stacks.body(flow, node)
    return enter_all(flow, node.items, state, lambda trial: flow.block(body, [trial]))


def _try(flow: Flow, node: ast.Try, state: State) -> list[Exit]:
    flow.guarded += 1
    with flow.noting(*(("undone",) if any(_undoes(flow, handler) for handler in node.handlers) else ())):
        exits = flow.block(node.body, [state])
    flow.guarded -= 1
    has_end = bool(node.finalbody)
    flow.guarded += has_end
    results = flow.block(node.orelse, distinct([exit.state for exit in exits if exit.kind == "next"]))
    for exit in merged(exits):
        if exit.kind == "raise":
            results += _handled(flow, node.handlers, exit)
        elif exit.kind != "next":
            results.append(exit)
    flow.guarded -= has_end
    if not has_end:
        return results
    after: list[Exit] = []
    for exit in merged(results):
        if exit.kind == "raise":
            leave_half_done(exit.state)
        with flow.noting("finally", *(("raising",) if exit.kind == "raise" else ())):
            finals = flow.block(node.finalbody, [exit.state])
        after += [Exit(exit.kind, f.state, exit.value, exit.error) if f.kind == "next" else f for f in finals]
    return after


def _undoes(flow: Flow, handler: ast.ExceptHandler) -> bool:
    """Whether a handler lets something of the project's own run before it raises: it cleans up after the failure."""
    if not isinstance(handler.body[-1], ast.Raise):
        return False
    cls = flow.function.cls if flow.function is not None else None
    for node in (node for statement in handler.body[:-1] for node in walk(statement)):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if cls and cls.method(name):
                return True
            case ast.Call(func=func):
                if isinstance(flow.module.project.resolve_expr(flow.module, func), Function):
                    return True
    return False


def _handled(flow: Flow, handlers: Sequence[ast.ExceptHandler], exit: Exit) -> list[Exit]:
    results: list[Exit] = []
    for handler in handlers:
        answer = caught_by(flow.module, handler, exit.error)
        if answer == "no":
            continue
        state = exit.state.copy()
        state.mark(*HANDLED)
        if handler.name:
            bind(flow, handler.name, UNKNOWN, state)
        flow.handling.append(exit.error)
        results += flow.block(handler.body, [state])
        flow.handling.pop()
        if answer == "yes":
            return results
    return [*results, exit]


def _match(flow: Flow, node: ast.Match, state: State) -> list[Exit]:
    exits: list[Exit] = []
    for exit in flow.simple(ast.Expr(node.subject), state, lambda trial: evaluate(flow, node.subject, trial)):
        if exit.kind != "next":
            exits.append(exit)
            continue
        for case in node.cases:
            exits += flow.block(case.body, [exit.state.copy()])
        last = node.cases[-1]
        if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
            exits.append(exit)
    return exits


def _definition(flow: Flow, node: ast.FunctionDef | ast.AsyncFunctionDef, state: State) -> list[Exit]:
    function = flow.analyzer.function_at(node)
    if function is not None:
        flow.env(state)[node.name] = Closure(function)
    return [Exit("next", state)]


def _import(flow: Flow, node: ast.Import | ast.ImportFrom, state: State) -> list[Exit]:
    for name, bound in imported_names(flow.module, node):
        definition = flow.module.project.imported(flow.module, bound)
        if definition is not None:
            flow.env(state)[name] = flow.analyzer.names.value_of(definition)
    return [Exit("next", state)]


def _yielded(flow: Flow, node: ast.stmt, source: ast.Yield, target: ast.expr | None, state: State) -> list[Exit]:
    exits: list[Exit] = []
    given = source.value
    for exit in flow.branches(state, lambda trial: evaluate(flow, given, trial) if given is not None else UNKNOWN):
        if exit.kind != "next":
            exits.append(exit)
            continue
        if flow.on_yield is None:
            if flow.may_fail(exit.state) and not (flow.function and flow.analyzer.is_fixture(flow.function)):
                exits.append(Exit("raise", exit.state.copy(), error="any"))
                if exit.state.held and flow.function is not None and flow.function.is_async:
                    exits.append(Exit("raise", exit.state.copy(), error="cancel"))
            resumed = [Exit("next", exit.state)]
        else:
            resumed = [_resumed(result) for result in flow.on_yield(exit.state, exit.value)]
        for result in resumed:
            if target is not None and result.kind == "next":
                assign(flow, target, UNKNOWN, result.state, source)
            exits.append(result)
    return exits


def _resumed(result: Exit) -> Exit:
    """A generator goes on after its `with` body left by `return`, `break` or `continue`; how it left is kept."""
    if result.kind == "raise":
        return result
    result.state.pending = (*result.state.pending, (result.kind, result.value))
    return Exit("next", result.state)


def _stop(kind: Literal["break", "continue"]) -> Callable[[Flow, ast.stmt, State], list[Exit]]:
    return lambda _flow, _node, state: [Exit(kind, state)]


def _template(flow: Flow, node: Part, state: State) -> list[Exit]:
    """A piece of a template, on the way through another one."""
    return flow.analyzer.templates.part(flow, node, state)


STATEMENTS: dict[type[ast.stmt], Callable[..., list[Exit]]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _ann_assign,
    ast.AugAssign: _aug_assign,
    ast.Return: _return,
    ast.Delete: _delete,
    ast.Assert: _assert,
    ast.Raise: _raise,
    ast.If: _if,
    ast.While: _while,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Match: _match,
    ast.FunctionDef: _definition,
    ast.AsyncFunctionDef: _definition,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Break: _stop("break"),
    ast.Continue: _stop("continue"),
    Part: _template,
}
