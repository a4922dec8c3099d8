"""How a statement can end, and which `except` clause catches which failure."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from ..program.modules import Class, External, Module
from .state import State
from .values import UNKNOWN, Value

ExitKind = Literal["next", "return", "raise", "break", "continue"]


@dataclass(slots=True)
class Exit:
    """One way in which a statement ends. `error` of a `raise`: `db` for what a flush or commit raises, `any` for what
    may come from anywhere, `cancel` for a cancellation, else the name of the class that the program raised."""

    kind: ExitKind
    state: State
    value: Value = UNKNOWN
    error: str = ""

    @property
    def leaves_by(self) -> Literal["return", "raise", "cancel"]:
        """How this way leaves a function."""
        return "return" if self.kind != "raise" else "cancel" if self.error == "cancel" else "raise"


MAX_EXITS, MAX_RAISES = 24, 12
"""So many exits are kept where there are more, and so many of them by a failure: failures come first, and go first."""


def merged(exits: list[Exit]) -> list[Exit]:
    """The exits without those that are alike in kind, error, value and state."""
    if len(exits) < 2:
        return exits
    kept: dict[object, Exit] = {}
    for exit in exits:
        kept.setdefault((exit.kind, exit.error, exit.value, exit.state.fingerprint()), exit).state.join(exit.state)
    found = list(kept.values())
    if len(found) <= MAX_EXITS:
        return found
    room = max(MAX_RAISES, MAX_EXITS - sum(exit.kind != "raise" for exit in found))
    raises = count()
    return [exit for exit in found if exit.kind != "raise" or next(raises) < room][:MAX_EXITS]


def after_turn(exits: Iterable[Exit]) -> tuple[list[State], list[State], list[Exit]]:
    """Where a turn of a loop leads: on to the next one, out by a `break`, or out of more than the loop."""
    following: list[State] = []
    stopped: list[State] = []
    leaving: list[Exit] = []
    for exit in exits:
        if exit.kind in {"next", "continue"}:
            following.append(exit.state)
        elif exit.kind == "break":
            stopped.append(exit.state)
        else:
            leaving.append(exit)
    return following, stopped, leaving


class Raised(Exception):
    """Unwinds the evaluation of an expression to its statement."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


_BROAD_DB = {"SQLAlchemyError", "DBAPIError", "DatabaseError", "StatementError"}
_NARROW_DB = {
    "IntegrityError", "OperationalError", "ProgrammingError", "DataError", "InternalError", "InvalidRequestError",
    "PendingRollbackError", "StaleDataError", "FlushError", "InterfaceError", "NoResultFound", "MultipleResultsFound",
}  # fmt: skip


def caught_by(module: Module, handler: ast.ExceptHandler, error: str) -> Literal["yes", "no", "maybe"]:
    """Whether an `except` clause catches a failure."""
    if handler.type is None:
        return "yes"
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    answers = [_caught_by(module, node, error) for node in types]
    return "yes" if "yes" in answers else "maybe" if "maybe" in answers else "no"


def _caught_by(module: Module, node: ast.expr, error: str) -> Literal["yes", "no", "maybe"]:
    definition = module.project.resolve_expr(module, node)
    tail = ast.unparse(node).rpartition(".")[2]
    if isinstance(definition, External):
        tail = definition.name.rpartition(".")[2]
    if tail == "BaseException":
        return "yes"
    if tail == "Exception":
        return "no" if error == "cancel" else "yes"
    if error == "cancel":
        return "yes" if tail == "CancelledError" else "no"
    if error == "db":
        return "yes" if tail in _BROAD_DB else "maybe" if tail in _NARROW_DB else "no"
    if error == "any":
        return "no" if tail in {"CancelledError", "KeyboardInterrupt", "SystemExit"} else "maybe"
    return _is_raised_class(module, error, tail, definition)


def _is_raised_class(module: Module, error: str, tail: str, definition: object) -> Literal["yes", "no", "maybe"]:
    if error.rpartition(".")[2] == tail:
        return "yes"
    raised = module.project.class_called(error)
    if raised is None:
        return "no"
    if isinstance(definition, Class):
        return "yes" if definition in raised.mro else "no"
    return "yes" if any(name.rpartition(".")[2] == tail for name in raised.externals()) else "no"
