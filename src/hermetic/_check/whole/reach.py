"""Which functions run in threads or for each request, by who calls whom, and which engines they talk to."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..._lifecycle.records import EngineCreated, Key
from ..calls import known
from ..paths.row_locks import holds_rows
from ..paths.state import State
from ..paths.values import Engine, Maker, Value
from ..program.modules import External, Function, Module
from ..program.traces import Remembered
from .evidence import Built, Evidence

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow


class Links:
    """Notes who calls whom and who talks to which engine, without the paths on which they do."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._hops: Remembered[Function, bool] = Remembered(analyzer.project.trace)

    def called(self, flow: Flow, function: Function, state: State) -> None:
        """The function at work calls another one, or hands it to a thread."""
        evidence = self.analyzer.evidence
        if flow.threaded:
            evidence.threads.add(function.ident)
        pair = (flow.function.ident if flow.function is not None else None, function.ident)
        evidence.called.add(pair)
        if holds_rows(state):
            evidence.locking.add(pair)

    def hops(self, function: Function) -> bool:
        """Whether a decorator, of the project or from outside, lets a plain function run in a thread."""
        if function.is_async or not function.head.decorator_list:
            return False
        return self._hops.get(function, partial(self._is_decorated, function))

    def _is_decorated(self, function: Function) -> bool:
        names = (d.func if isinstance(d, ast.Call) else d for d in function.head.decorator_list)
        found = (function.module.project.resolve_expr(function.module, name) for name in names)
        return any(self._is_hop(definition) for definition in found)

    def _is_hop(self, definition: object) -> bool:
        if isinstance(definition, External):
            return definition.name in known.THREAD_HOPS
        if not isinstance(definition, Function):
            return False
        called = (node.func for node in self.analyzer.walk(definition) if isinstance(node, ast.Call))
        return any(self._goes_to_thread(definition.module, name) for name in called)

    def _goes_to_thread(self, module: Module, name: ast.expr) -> bool:
        found = module.project.resolve_expr(module, name)
        if isinstance(found, External):
            return found.name in known.THREAD_HOPS
        return isinstance(name, ast.Attribute) and name.attr == "run_in_executor"

    def built(self, flow: Flow, record: EngineCreated) -> None:
        self.analyzer.evidence.engines[record.engine] = Built(record, flow.module.name)

    def bind(self, key: Key, source: Value) -> None:
        """A factory or session is made of an engine, or of another factory."""
        binds = self.analyzer.evidence.binds
        if isinstance(source, Engine):
            binds[key] = source.key
        elif isinstance(source, Maker) and source.key in binds:
            binds[key] = binds[source.key]

    def opened(self, flow: Flow, session: Key) -> None:
        """A session is opened here: from now on the function at work talks to its engine."""
        evidence = self.analyzer.evidence
        engine = evidence.binds.get(session)
        if engine is None:
            return
        if flow.threaded:
            evidence.threaded.add(engine)
        elif flow.function is not None:
            evidence.talks.add((flow.function.ident, engine))


class Reach:
    """The calls of a whole program, once all of them are known; functions go by name."""

    def __init__(self, analyzer: Analyzer, whole: Evidence) -> None:
        self.analyzer = analyzer
        self._whole = whole
        self._callers: dict[str, set[str]] = {}
        self._callees: dict[str, set[str]] = {}
        self._by_modules: set[str] = set()
        for caller, callee in whole.called:
            if caller is None:
                self._by_modules.add(callee)
            else:
                self._callers.setdefault(callee, set()).add(caller)
                self._callees.setdefault(caller, set()).add(callee)

    def serves(self, function: str) -> bool:
        """Whether requests, threads or tools of a server reach a function."""
        return any(self._is_served(caller) for caller in _closure([function], self._callers))

    def once(self, function: str) -> bool:
        """Whether a function runs once for a process, as far as its callers are seen."""
        engines, stack, seen = self.analyzer.engines, [function], set[str]()
        while stack:
            found = stack.pop()
            definition = self.analyzer.function_named(found)
            if found in seen or engines.runs_once(definition):
                continue
            seen.add(found)
            callers = self._callers.get(found, set()) - {found}
            if self._is_served(found) or not (callers or found in self._by_modules):
                return False
            if found in self._by_modules and engines.is_rerun(definition.module):
                return False
            stack += callers
        return True

    def below(self, function: str) -> set[str]:
        """A function, with all that it leads to."""
        return _closure([function], self._callees)

    def _is_served(self, function: str) -> bool:
        definition = self.analyzer.function_named(function)
        is_entry = self.analyzer.dependencies.is_entry(definition) and not self.analyzer.engines.runs_once(definition)
        return is_entry or function in self._whole.threads

    def tell_threaded(self) -> None:
        """Tell again of each engine that threads talk to."""
        served = _closure(self._whole.threads, self._callees)
        threaded = self._whole.threaded | {engine for function, engine in self._whole.talks if function in served}
        for engine, built in self._whole.engines.items():
            if engine in threaded:
                record = replace(built.record, shares_threads=True)
                self.analyzer.outside(built.module).emit(State(), record, "threads")


def _closure(start: Iterable[str], links: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    stack = list(start)
    while stack:
        function = stack.pop()
        if function not in found:
            found.add(function)
            stack += links.get(function, ())
    return found
