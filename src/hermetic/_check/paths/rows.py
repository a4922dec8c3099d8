"""What the body of a loop does with the member it is at, told from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..._lifecycle.records import Key
from ..program.nodes import bound_names, walk
from ..program.remembered import remembered


@dataclass(frozen=True, slots=True)
class Row:
    """The member of a loop that a frame is at: the names that stand for it, and the session that brought it.

    `once` holds the lines that run for one member only, because the loop ends there.
    """

    names: frozenset[str]
    session: Key | None = None
    once: tuple[range, ...] = ()

    def feeds(self, node: ast.AST, session: Key) -> bool:
        """Whether a query that `node` sends on `session` asks for something of this member."""
        return self.session in {None, session} and any(
            isinstance(inner, ast.Name) and inner.id in self.names for inner in walk(node)
        )

    def is_last(self, line: int) -> bool:
        """Whether the loop ends with the member that this line is about."""
        return any(line in lines for lines in self.once)


@remembered
def row_names(loop: ast.For | ast.AsyncFor) -> frozenset[str]:
    """The loop's own variables, and the names that its body computes from them."""
    names = set(bound_names(loop.target))
    assignments = [node for statement in loop.body for node in walk(statement) if isinstance(node, ast.Assign)]
    for node in assignments:
        if any(isinstance(inner, ast.Name) and inner.id in names for inner in walk(node.value)):
            names.update(name for target in node.targets for name in bound_names(target))
    return frozenset(names)


BATCHES = frozenset({"batched", "chunked", "ichunked", "sliced"})
"""What itertools and more_itertools call a function that gives many members at a time."""


@remembered
def goes_in_batches(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether each turn is about many members: a `range` with a step of its own, or what gives members in batches."""
    match loop.iter:
        case ast.Call(func=ast.Name("range"), args=[_, _, step]):
            return not (isinstance(step, ast.Constant) and step.value == 1) and not isinstance(step, ast.UnaryOp)
        case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)):
            return name in BATCHES
    return False


@remembered
def ends_at_first(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether the body leaves the loop at its first member, whatever that is."""
    goes_on = any(isinstance(node, ast.Continue) for statement in loop.body for node in walk(statement))
    return not goes_on and leaves(loop.body)


@remembered
def last_lines(loop: ast.For | ast.AsyncFor) -> tuple[range, ...]:
    """The lines of the branches that leave the loop: they run for the one member that was looked for."""
    return tuple(_last_lines(loop.body, inside=False))


def _last_lines(body: Sequence[ast.stmt], *, inside: bool) -> Iterable[range]:
    for statement in body:
        if isinstance(statement, ast.If):
            for branch in (statement.body, statement.orelse):
                if branch and leaves(branch) and not (inside and isinstance(branch[-1], ast.Break)):
                    yield range(branch[0].lineno, (branch[-1].end_lineno or branch[-1].lineno) + 1)
                yield from _last_lines(branch, inside=inside)
        elif isinstance(statement, ast.For | ast.AsyncFor | ast.While):
            yield from _last_lines(statement.body, inside=True)
        elif isinstance(statement, ast.With | ast.AsyncWith | ast.Try):
            yield from _last_lines(statement.body, inside=inside)


def leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether no path through these statements reaches what follows them."""
    match body[-1] if body else None:
        case ast.Return() | ast.Break() | ast.Raise():
            return True
        case ast.If(body=yes, orelse=no):
            return leaves(yes) and leaves(no)
        case ast.With(body=inner) | ast.AsyncWith(body=inner):
            return leaves(inner)
        case _:
            return False


def is_member(instance: Key, members: frozenset[Key]) -> bool:
    """Whether an instance is one of these, or is reached from one through relationships."""
    while instance not in members:
        base = getattr(instance, "base", None)
        if base is None:
            return False
        instance = base
    return True
