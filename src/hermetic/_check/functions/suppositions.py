"""What a path takes for granted of its function's arguments, held against those of one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..._lifecycle.records import Key
from ..paths.state import Path, State, Supposed, Supposition
from ..paths.truth import truth_of
from ..paths.values import Const, Sess, Sym, Value


def rules_out(supposed: Iterable[Supposition], actual: Callable[[Key], Value | None], state: State) -> bool:
    """Whether the arguments, asked for by key, are known to be other than was supposed."""
    return any(_is_other(kind, actual(key), state) for kind, key in supposed)


def _is_other(kind: Supposed, value: Value | None, state: State) -> bool:
    if value is None:
        return False
    truth = truth_of(value, state)
    match kind:
        case "true":
            return truth is False
        case "false":
            return truth is True
        case "none":
            return truth is True or (isinstance(value, Const) and value.value is not None)
        case "some":
            return isinstance(value, Const) and value.value is None


def passed_on(supposed: Iterable[Supposition], actual: Callable[[Key], Value | None]) -> frozenset[Supposition]:
    """The same about the caller's own parameters, where it hands them on."""
    found = ((kind, actual(key)) for kind, key in supposed)
    return frozenset(
        (kind, value.key) for kind, value in found if isinstance(value, (Sym, Sess)) and is_parameter(value.key)
    )


def is_parameter(key: Key) -> bool:
    """Whether a key names a parameter, or what is reached from one."""
    while isinstance(key, Path):
        key = key.base
    return isinstance(key, tuple) and key[:1] == ("parameter",)
