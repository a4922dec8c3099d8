"""Which names and conditions a function may still ask for after each of its statements.

Paths that differ only in what nobody asks for any more are one path.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from .conditions import conditions_in, names_of
from .nodes import bound_names, walk

Wanted: TypeAlias = frozenset[str]
"""Names, and the texts of conditions as they are remembered."""
_TURNS = 2
"""What a turn of a loop leaves for the next one shows in the second of these at the latest."""


class After(NamedTuple):
    """What is asked for where a statement leads to when it is done, when it failed, and at each turn of a loop."""

    done: Wanted
    failed: Wanted
    turn: Wanted = frozenset()


@dataclass(frozen=True, slots=True)
class _Ways:
    """What is asked for where a statement can go besides the next one."""

    failed: Wanted
    left: Wanted
    stopped: Wanted
    again: Wanted

    @property
    def all(self) -> Wanted:
        return self.failed | self.left | self.stopped | self.again


def afterwards(body: Sequence[ast.stmt], conditions: Wanted, always: Wanted) -> dict[ast.stmt, After]:
    """What a function still asks for after each statement of its body.

    `conditions` are those worth remembering, `always` the names that somebody else may ask for at any time.
    """
    backwards = _Backwards(conditions)
    backwards.block(body, always, _Ways(always, always, always, always))
    return backwards.after


class _Backwards:
    """Goes through a function from its end; each step gives what is asked for before it."""

    def __init__(self, conditions: Wanted) -> None:
        self.after: dict[ast.stmt, After] = {}
        self._conditions = conditions
        self._used: dict[ast.AST, Wanted] = {}
        self._about = {text: names_of(text) for text in conditions}

    def block(self, body: Sequence[ast.stmt], wanted: Wanted, ways: _Ways) -> Wanted:
        for statement in reversed(body):
            wanted = self._statement(statement, wanted, ways)
        return wanted

    def _statement(self, node: ast.stmt, wanted: Wanted, ways: _Ways) -> Wanted:
        done = _leads_to(node, wanted, ways)
        self.after[node] = After(done, ways.failed)
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                before = self.block(body, wanted, ways) | self.block(orelse, wanted, ways) | self._uses(test)
            case ast.While() | ast.For() | ast.AsyncFor():
                before = self._loop(node, wanted, ways)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                # A context manager may swallow a failure.
                inside = self.block(body, wanted, replace(ways, failed=ways.failed | wanted))
                before = inside.union(*(self._uses(item) for item in items))
            case ast.Try() | ast.TryStar():
                before = self._try(node, wanted, ways)
            case ast.Match(subject=subject, cases=cases):
                sides = (self.block(case.body, wanted, ways) | self._uses(case.pattern) for case in cases)
                guards = (self._uses(case.guard) for case in cases if case.guard)
                before = wanted.union(self._uses(subject), *sides, *guards)
            case _:
                before = self._without(done, _rebound(node)) | self._uses(node)
        return before | ways.failed

    def _loop(self, node: ast.While | ast.For | ast.AsyncFor, wanted: Wanted, ways: _Ways) -> Wanted:
        ended = self.block(node.orelse, wanted, ways)
        if isinstance(node, ast.While):
            asked, bound = self._uses(node.test), frozenset[str]()
        else:
            asked, bound = self._uses(node.target), frozenset(bound_names(node.target))
        again = ended | asked
        for _ in range(_TURNS):
            turn = self.block(node.body, again, replace(ways, stopped=wanted, again=again))
            again |= self._without(turn, bound)
        self.after[node] = self.after[node]._replace(turn=again)
        return again if isinstance(node, ast.While) else again | self._uses(node.iter)

    def _try(self, node: ast.Try | ast.TryStar, wanted: Wanted, ways: _Ways) -> Wanted:
        if node.finalbody:
            wanted = self.block(node.finalbody, wanted | ways.all, ways)
            ways = _Ways(wanted, wanted, wanted, wanted)
        caught = ways.failed
        for handler in node.handlers:
            caught |= self.block(handler.body, wanted, ways)
            caught |= self._uses(handler.type) if handler.type else frozenset()
        otherwise = self.block(node.orelse, wanted, ways)
        return self.block(node.body, otherwise, replace(ways, failed=caught)) | caught

    def _without(self, wanted: Wanted, bound: Wanted) -> Wanted:
        """What is asked for before names are bound: not they, nor what was known of conditions on what they held."""
        if not bound:
            return wanted
        gone = {text for text, names in self._about.items() if names & bound}
        return wanted - bound - gone

    def _uses(self, node: ast.AST) -> Wanted:
        """The names that are read in a node, and the conditions that are asked for there."""
        found = self._used.get(node)
        if found is None:
            inner = walk(node)
            names = {name.id for name in inner if isinstance(name, ast.Name) and not isinstance(name.ctx, ast.Store)}
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
            if self._conditions:
                names |= self._conditions.intersection(conditions_in(node, inner))
            found = self._used[node] = frozenset(names)
        return found


def _leads_to(node: ast.stmt, wanted: Wanted, ways: _Ways) -> Wanted:
    """What is asked for where a statement goes when it is done."""
    match node:
        case ast.Return():
            return ways.left
        case ast.Raise():
            return ways.failed
        case ast.Break():
            return ways.stopped
        case ast.Continue():
            return ways.again
        case _:
            return wanted


def _rebound(node: ast.stmt) -> Wanted:
    """The names that hold something else after a statement, whatever they held."""
    match node:
        case ast.Assign(targets=targets):
            return frozenset(name for target in targets for name in bound_names(target))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()) | ast.AugAssign(target=ast.Name(id=name)):
            return frozenset((name,))
        case _:
            return frozenset()
