"""Tells what runs at an application's start alone, where a cost that grows with the rows or holds a connection is paid once."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from ..._catalogue import catalogue
from ..program.modules import Function
from .enclosing import Enclosing
from .evidence import Evidence
from .mentions import Mentions

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.state import Site


def eased(whole: Evidence, analyzer: Analyzer) -> Evidence:
    """The evidence, in which what is a matter of cost is only possible where nothing but the application's start runs it."""
    start = _StartUp(whole, analyzer)
    costs = {slug for slug, hazard in catalogue().items() if hazard.is_cost}
    sights = {
        key: replace(sight, confidence="possible")
        if sight.slug in costs and sight.confidence != "possible" and start.alone_runs(sight.site)
        else sight
        for key, sight in whole.sights.items()
    }
    return replace(whole, sights=sights)


class _StartUp:
    """The callers of a whole program, followed back to what an application runs when it starts."""

    def __init__(self, whole: Evidence, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._whole = whole
        self._walked: dict[str, set[str | None]] = {}
        for caller, callee in whole.called:
            self._walked.setdefault(callee, set()).add(caller)
        self._mentions = Mentions(analyzer)
        self._callers: dict[Function, set[Function | None]] = {}
        self._enclosing = Enclosing(analyzer)

    def alone_runs(self, site: Site) -> bool:
        """Whether every known way to a site begins at the start of the application, and none goes through a `while`."""
        function = self._enclosing.function(site)
        stack, seen = [function], set[Function]()
        while stack:
            found = stack.pop()
            if found is None or self._may_run_again(found):
                return False
            if found in seen or self._analyzer.engines.starts_up(found):
                continue
            seen.add(found)
            callers = self._calling(found)
            if not callers:
                return False
            stack += callers
        return True

    def _calling(self, function: Function) -> set[Function | None]:
        """Who calls or names a function, tests aside; None stands for a module's body."""
        if function not in self._callers:
            named = self._analyzer.function_named
            walked = {named(caller) if caller else None for caller in self._walked.get(function.ident, ())}
            found = (walked | set(self._mentions.of(function))) - {function}
            self._callers[function] = {one for one in found if one is None or one.module.file.role != "test"}
        return self._callers[function]

    def _may_run_again(self, function: Function) -> bool:
        """Whether a request or a thread begins here too, or a job that repeats itself."""
        if self._analyzer.dependencies.is_entry(function) and not self._analyzer.engines.starts_up(function):
            return True
        return function.ident in self._whole.threads or _repeats(function.node.body)


def _repeats(body: list[ast.stmt]) -> bool:
    """Whether statements hold a `while`, those of nested functions aside."""
    stack: list[ast.AST] = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.While):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            stack += ast.iter_child_nodes(node)
    return False
