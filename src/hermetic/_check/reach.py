"""Which functions run in threads or for each request, by who calls whom, and which engines they talk to."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from .._lifecycle.records import EngineCreated, Key
from . import known
from .modules import External, Function, Module
from .state import State
from .values import Engine, Maker, Value

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .flow import Flow


class Reach:
    """The calls of a whole program, without their paths; filled while functions are walked, asked at the end."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._hops: dict[Function, bool] = {}
        self._callers: dict[Function, set[Function]] = {}
        self._callees: dict[Function, set[Function]] = {}
        self._by_modules: set[Function] = set()
        self._threads: set[Function] = set()
        self._binds: dict[Key, Key] = {}
        self._talks: dict[Function, set[Key]] = {}
        self._threaded: set[Key] = set()
        self._engines: dict[Key, tuple[EngineCreated, Module]] = {}

    def called(self, flow: Flow, function: Function) -> None:
        """The function at work calls another one, or hands it to a thread."""
        if flow.threaded:
            self._threads.add(function)
        if flow.function is None:
            self._by_modules.add(function)
        else:
            self._callers.setdefault(function, set()).add(flow.function)
            self._callees.setdefault(flow.function, set()).add(function)

    def hops(self, function: Function) -> bool:
        """Whether a decorator, of the project or from outside, lets a plain function run in a thread."""
        if function.is_async or not function.node.decorator_list:
            return False
        if function not in self._hops:
            names = (d.func if isinstance(d, ast.Call) else d for d in function.node.decorator_list)
            found = (function.module.project.resolve_expr(function.module, name) for name in names)
            self._hops[function] = any(self._is_hop(definition) for definition in found)
        return self._hops[function]

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

    def in_thread(self, function: Function) -> None:
        """Something outside the program calls a function in a thread."""
        self._threads.add(function)

    def built(self, flow: Flow, record: EngineCreated) -> None:
        self._engines[record.engine] = record, flow.module

    def bind(self, key: Key, source: Value) -> None:
        """A factory or session is made of an engine, or of another factory."""
        if isinstance(source, Engine):
            self._binds[key] = source.key
        elif isinstance(source, Maker) and source.key in self._binds:
            self._binds[key] = self._binds[source.key]

    def engine_of(self, key: Key) -> Key | None:
        return self._binds.get(key)

    def opened(self, flow: Flow, session: Key) -> None:
        """A session is opened here: from now on the function at work talks to its engine."""
        engine = self._binds.get(session)
        if engine is None:
            return
        if flow.threaded:
            self._threaded.add(engine)
        elif flow.function is not None:
            self._talks.setdefault(flow.function, set()).add(engine)

    def serves(self, function: Function) -> bool:
        """Whether requests, threads or tools of a server reach a function."""
        return any(self._is_served(caller) for caller in _closure([function], self._callers))

    def once(self, function: Function) -> bool:
        """Whether a function runs once for a process, as far as its callers are seen."""
        once, stack, seen = self.analyzer.engines.runs_once, [function], set[object]()
        while stack:
            found = stack.pop()
            if found in seen or once(found):
                continue
            seen.add(found)
            callers = self._callers.get(found, set()) - {found}
            if self._is_served(found) or not (callers or found in self._by_modules):
                return False
            if found in self._by_modules and self.analyzer.engines.is_rerun(found.module):
                return False
            stack += callers
        return True

    def _is_served(self, function: Function) -> bool:
        is_entry = self.analyzer.dependencies.is_entry(function) and not self.analyzer.engines.runs_once(function)
        return is_entry or function in self._threads

    def tell_threaded(self) -> None:
        """Tell again of each engine that threads talk to."""
        threaded = self._threaded.union(
            *(self._talks.get(function, ()) for function in _closure(self._threads, self._callees))
        )
        for engine, (record, module) in self._engines.items():
            if engine in threaded:
                self.analyzer.outside(module).emit(State(), replace(record, shares_threads=True), "threads")


def _closure(start: Iterable[Function], links: dict[Function, set[Function]]) -> set[Function]:
    found: set[Function] = set()
    stack = list(start)
    while stack:
        function = stack.pop()
        if function not in found:
            found.add(function)
            stack += links.get(function, ())
    return found
