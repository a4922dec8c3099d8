"""What a path need not remember any more, so that it is one with other paths that differ in nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..._lifecycle.records import Key
from ..program.liveness import After, Wanted
from ..sessions.identity import remembered
from .outcomes import Exit
from .state import Path, State
from .values import Cm, Engine, Ext, Inst, Maker, Sess, Value, keys_in, parts

if TYPE_CHECKING:
    from .flow import Flow

_JUMPS = (ast.Return, ast.Break, ast.Continue, ast.Raise)


def forget(flow: Flow, exit: Exit, node: ast.stmt, after: After) -> None:
    """Let a path forget the names, conditions and objects that nobody asks for where an exit of a statement leads to."""
    if exit.kind == "raise":
        wanted = after.failed
    elif exit.kind == "next" or isinstance(node, _JUMPS):
        wanted = after.done
    else:
        return
    _forget_names(flow, exit.state, wanted)
    if exit.state.made and exit.state.attrs and len(exit.state.envs) == 1:
        _forget_objects(exit.state, exit.value)


def begin_turns(flow: Flow, loop: ast.stmt, state: State) -> None:
    """Let a path that comes to a loop forget what none of its turns asks for, nor anybody after it."""
    after = flow.shape.after.get(loop)
    if after is not None:
        _forget_names(flow, state, after.turn)


def _forget_names(flow: Flow, state: State, wanted: Wanted) -> None:
    """Let a path forget all names and conditions but these."""
    env = flow.env(state)
    for name in env.keys() - wanted:
        if not _lasts(env[name], state):
            del env[name]
    if state.facts and (gone := (state.facts.keys() & flow.shape.conditions) - wanted):
        state.facts = {text: known for text, known in state.facts.items() if text not in gone}


def _lasts(value: Value, state: State) -> bool:
    """Whether a name keeps its value alive for others: an engine, a session, or an instance that one finds again by its key."""
    return isinstance(value, (Engine, Maker, Sess)) or (isinstance(value, Inst) and remembered(state, value))


def _forget_objects(state: State, result: Value) -> None:
    """Forget the attributes of the path's own objects that no name leads to."""
    own = {owner for owner, _ in state.attrs if _root(owner) in state.made or owner in state.made}
    if not own:
        return
    reached: set[Key] = set(_reached(result))
    for env in state.envs.values():
        for value in env.values():
            reached.update(_reached(value))
    for _, value in state.pending:
        reached.update(_reached(value))
    size = -1
    while size != len(reached):
        size = len(reached)
        for (owner, _), value in state.attrs.items():
            if owner not in own or _is_reached(owner, reached):
                reached.update(_reached(value))
    lost = {owner for owner in own if not _is_reached(owner, reached)}
    if lost:
        state.attrs = {at: value for at, value in state.attrs.items() if at[0] not in lost or _holds(value)}


def _is_reached(owner: Key, reached: set[Key]) -> bool:
    """Whether an object, or one that it hangs on, is reached."""
    while owner not in reached:
        if not isinstance(owner, Path):
            return False
        owner = owner.base
    return True


def _root(owner: Key) -> Key:
    while isinstance(owner, Path):
        owner = owner.base
    return owner


def _reached(value: Value) -> Iterator[Key]:
    """The keys of all that a value leads to, the arguments of a generator that was not entered yet among them."""
    yield from keys_in(value)
    for inner in (value, *parts(value)):
        if isinstance(inner, Cm) and inner.call is not None:
            for given in (*inner.call.args, *(each for _, each in inner.call.keywords)):
                yield from _reached(given)
        elif isinstance(inner, Ext):
            for _, member in inner.members:
                yield from _reached(member)


def _holds(value: Value) -> bool:
    """Whether there is a session, an instance or an engine in a value."""
    return isinstance(value, (Sess, Inst, Engine, Maker)) or any(map(_holds, parts(value)))
