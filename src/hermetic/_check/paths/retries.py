"""Which loops and decorators run a unit of work again when it failed, and what is told of it when they do."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..._lifecycle.records import Committed, Record, RolledBack
from ..._lifecycle.source import AttemptBegan, Retried
from ..program.modules import Class, External, Function, Module
from ..program.nodes import walk
from .outcomes import Exit
from .rows import leaves
from .state import Site, State

if TYPE_CHECKING:
    from .flow import Flow

_DOUBTFUL = frozenset({
    "", "BaseException", "Exception", "SQLAlchemyError", "DBAPIError", "OperationalError", "InterfaceError", "DatabaseError",
    "StatementError",
})  # fmt: skip
_BLOCKS = frozenset({"tenacity.Retrying", "tenacity.AsyncRetrying", "stamina.retry_context"})
_COUNTS = frozenset({"range", "count", "itertools.count"})


@dataclass(frozen=True, slots=True)
class Retry:
    """What repeats a unit of work: `errors` are those after which it does, "" for any; `is_block` when they pass through
    a context manager of each attempt's own."""

    what: str
    errors: tuple[str, ...]
    is_block: bool = False

    @property
    def is_doubtful(self) -> bool:
        """Whether it also goes on after an error that may come when the commit has taken effect."""
        return any(error in _DOUBTFUL for error in self.errors)


def attempt(
    flow: Flow, node: ast.For | ast.AsyncFor | ast.While, state: State, body: Callable[[State], list[Exit]]
) -> list[Exit]:
    """Run the body of a loop; where each turn is another attempt at the same work, tell when one follows a failure."""
    retry = retry_loop(flow.module, node)
    if retry is None:
        return body(state)
    flow.emit(state, AttemptBegan(what=retry.what, site=flow.site(node)))
    mark = ("attempt", flow.key(node, "retry"))
    state.marks |= {mark}
    exits = body(state)
    for exit in exits:
        exit.state.marks = frozenset(one for one in exit.state.marks if one != mark and one[0] != "in-doubt")
        if exit.kind in {"next", "continue"} or (retry.is_block and exit.kind == "raise"):
            tell_retried(flow, retry, exit.state, after_failure=not retry.is_block)
    return exits


def body_of(flow: Flow, function: Function, state: State) -> list[Exit]:
    """Run the body of a function; where a decorator runs it again, tell when that follows a commit."""
    retry = retry_decorator(function)
    if retry is None:
        return flow.block(function.node.body, [state])
    flow.emit(state, AttemptBegan(what=retry.what, site=flow.site(function.node)))
    exits = flow.block(function.node.body, [state])
    for exit in exits:
        tell_retried(flow, retry, exit.state, after_failure=False)
    return exits


def note_doubt(state: State, record: Record) -> None:
    """Keep a path on which the commit of an attempt failed apart from those that failed before it."""
    if isinstance(record, Committed) and record.fails and any(name == "attempt" for name, _ in state.marks):
        state.mark("in-doubt", record.session)


def tell_retried(flow: Flow, retry: Retry, state: State, *, after_failure: bool) -> None:
    """The unit of work since the last `AttemptBegan` is about to be run again."""
    unit: list[Record] = []
    for record in reversed(list(state.records())):
        if isinstance(record, AttemptBegan):
            break
        unit.append(record)
    commit = next((r for r in unit if isinstance(r, Committed) and not r.nested), None)
    is_doubtful = commit is not None and retry.is_doubtful and (commit.fails or not after_failure)
    undone = next((r for r in unit if isinstance(r, RolledBack) and not r.nested), None)
    found = commit if is_doubtful else undone
    if isinstance(found, Committed | RolledBack) and isinstance(found.site, Site):
        told = Retried(
            session=found.session, what=retry.what, is_doubtful=is_doubtful, errors=retry.errors, site=found.site
        )
        flow.emit(state, told)


def retry_loop(module: Module, node: ast.For | ast.AsyncFor | ast.While) -> Retry | None:
    """What a loop repeats on, if success leaves it and a caught failure does not; None for any other loop."""
    if isinstance(node, ast.For | ast.AsyncFor) and isinstance(node.iter, ast.Call):
        name = _named(module, node.iter.func)
        if name in _BLOCKS:
            errors = _decorated(module, name, node.iter)
            return Retry(name, errors, is_block=True) if errors else None
        if name not in _COUNTS:
            return None
    elif not isinstance(node, ast.While):
        return None
    tried = next(_tries(node.body), None)
    if tried is None or not _is_left_on_success(node, tried):
        return None
    errors = tuple(error for handler in tried.handlers if _goes_on(handler) for error in _caught(module, handler))
    return Retry("this loop", errors) if errors else None


def _tries(body: Sequence[ast.stmt]) -> Iterator[ast.Try]:
    """The `try` statements of a loop's own turn."""
    for statement in body:
        if isinstance(statement, ast.Try):
            if statement.handlers:
                yield statement
            yield from _tries(statement.body)
        elif isinstance(statement, ast.With | ast.AsyncWith | ast.If):
            yield from _tries(statement.body)


def _is_left_on_success(loop: ast.For | ast.AsyncFor | ast.While, tried: ast.Try) -> bool:
    """Whether the loop ends once the work was done, by a jump or by the flag that it tests."""
    if leaves(tried.body) or leaves(tried.orelse) or leaves(loop.body):
        return True
    if not isinstance(loop, ast.While) or isinstance(loop.test, ast.Constant):
        return False
    tested = {node.id for node in walk(loop.test) if isinstance(node, ast.Name)}
    done = [*tried.body, *tried.orelse]
    flags = (node.targets[0] for node in done if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant))
    return any(isinstance(flag, ast.Name) and flag.id in tested for flag in flags)


def _goes_on(handler: ast.ExceptHandler) -> bool:
    """Whether a handler lets the loop try again without looking at the error."""
    if leaves(handler.body):
        return False
    tests = (
        node.test for statement in handler.body for node in walk(statement) if isinstance(node, ast.If | ast.IfExp)
    )
    named = (node for test in tests for node in walk(test) if isinstance(node, ast.Name))
    return not any(node.id == handler.name for node in named)


def _caught(module: Module, handler: ast.ExceptHandler) -> Iterator[str]:
    if handler.type is None:
        yield ""
        return
    yield from _errors(module, handler.type)


def _errors(module: Module, node: ast.expr) -> Iterator[str]:
    """The short names of the classes of errors in an expression; the classes of the project itself are left out."""
    for one in node.elts if isinstance(node, ast.Tuple | ast.List) else [node]:
        found = module.project.resolve_expr(module, one)
        if not isinstance(found, Class | Function):
            yield _named(module, one).rpartition(".")[2]


def _named(module: Module, node: ast.expr) -> str:
    definition = module.project.resolve_expr(module, node)
    return definition.name if isinstance(definition, External) else ast.unparse(node)


def retry_decorator(function: Function) -> Retry | None:
    """What a decorator repeats a function on; None without one, and for one that looks at the error itself."""
    for decorator in function.head.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        name = _named(function.module, call.func if call is not None else decorator)
        errors = _decorated(function.module, name, call)
        if errors:
            return Retry(f"@{name}", errors)
    return None


def _decorated(module: Module, name: str, call: ast.Call | None) -> tuple[str, ...]:
    """The errors on which a retry of this name repeats; none where it is no retry, or asks a function."""
    words = {word.arg: word.value for word in call.keywords if word.arg} if call is not None else {}
    args = call.args if call is not None else []
    match name:
        case "tenacity.retry" | "tenacity.Retrying" | "tenacity.AsyncRetrying":
            return _on_types(module, words["retry"]) if "retry" in words else ("Exception",)
        case "backoff.on_exception" if len(args) > 1 and "giveup" not in words:
            return tuple(_errors(module, args[1]))
        case "retrying.retry" if not {"retry_on_exception", "retry_on_result"} & words.keys():
            return ("Exception",)
        case "retry.retry" | "retry.api.retry":
            return (
                tuple(_errors(module, words.get("exceptions") or args[0]))
                if words.get("exceptions") or args
                else ("Exception",)
            )
        case "stamina.retry" | "stamina.retry_context" if "on" in words or args:
            return tuple(_errors(module, words.get("on") or args[0]))
        case _ if "autoretry_for" in words:
            return tuple(_errors(module, words["autoretry_for"]))
        case _:
            return ()


def _on_types(module: Module, node: ast.expr) -> tuple[str, ...]:
    """The errors of `retry_if_exception_type(…)`."""
    if not isinstance(node, ast.Call) or not _named(module, node.func).endswith("retry_if_exception_type"):
        return ()
    return tuple(_errors(module, node.args[0])) if node.args else ("Exception",)
