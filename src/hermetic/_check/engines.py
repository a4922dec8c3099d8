"""Engines: whether something keeps the one that a function built, and how often the function runs."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from .._lifecycle.records import EngineCreated, Key
from . import known
from .modules import Function, Module
from .outcomes import Exit
from .state import Path, State
from .values import Call, Closure, Lambda, Value, engines_in, keys_in, parts

if TYPE_CHECKING:
    from .analyzer import Analyzer
    from .flow import Flow

_ONCE = frozenset({
    "main", "__main__", "lifespan", "startup", "create_app", "run_migrations_online", "run_async_migrations",
    "run_migrations_offline", "upgrade", "downgrade", "pytest_configure", "pytest_sessionstart", "setup", "setup_module",
    "setup_class", "setup_method", "setUp", "setUpClass", "asyncSetUp",
})  # fmt: skip
_ONCE_DECORATORS = frozenset({
    "command", "fixture", "on_event", "cli", "before_first_request", "before_server_start", "on_startup", "startup",
})  # fmt: skip
_BORROWERS = frozenset({"sqlalchemy", "sqlmodel", "pandas", "polars", "geopandas", "alembic", "sqlalchemy_utils", "logging", "builtins"})
_BORROWING = frozenset({"create_all", "drop_all", "reflect", "create", "drop", "to_sql"})


class Engines:
    """Collects the engines that nothing keeps where they were built; told when all callers are known."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._let_go: list[tuple[EngineCreated, Function | None, Module]] = []

    def ended(self, flow: Flow, exit: Exit) -> None:
        """A function, or a script's body, ends: note each engine built on this path that nothing keeps."""
        built = [] if exit.kind == "raise" else self.built(exit.state)
        if not built:
            return
        kept = self.kept(flow.function, exit.value, exit.state) | settled(exit.state)
        for record in built:
            if record.engine not in kept:
                self._let_go.append((replace(record, place=flow.place, escapes=False), flow.function, flow.module))

    def built(self, state: State) -> list[EngineCreated]:
        return [entry.event for entry in state.entries() if isinstance(entry.event, EngineCreated)]

    def kept(self, function: Function | None, value: Value, state: State) -> set[Key]:
        """What the caller has hold of when a function ends: by the value returned, by its arguments, by a closure."""
        kept = set(keys_in(value)) | {key for name, key in state.marks if name == "escaped"}
        if function is not None and _hands_out_code(value):
            kept |= {key for env in state.envs.values() for local in env.values() for key in keys_in(local)}
        size = -1
        while size != len(kept):
            size = len(kept)
            for (owner, _), held in state.attrs.items():
                if owner in kept or _is_given(owner):
                    kept |= set(keys_in(held))
        return kept

    def tell(self) -> None:
        """Tell of each engine that is built again and again."""
        for record, function, module in self._let_go:
            if function is not None and self.analyzer.reach.once(function):
                continue
            is_served = function is not None and self.analyzer.reach.serves(function)
            place = "per-request" if is_served else record.place
            self.analyzer.outside(module).emit(State(), replace(record, place=place), "ended")

    def runs_once(self, function: Function) -> bool:
        """Whether a function runs once for a process: cached, a program's entry point, start-up code, or a test."""
        if any(name in known.CACHES for name in self.analyzer.decorators(function)) or _is_command(function):
            return True
        name = function.name
        if name in _ONCE or name.startswith("test_"):
            return not (name == "main" and self.is_rerun(function.module))
        if function.outer is not None and self.runs_once(function.outer):
            return True
        pattern = rf"\b(lifespan|on_startup|startup)\s*=\s*\[?\s*{re.escape(name)}\b"
        return any(re.search(pattern, module.file.text) for module in self.analyzer.project.modules.values())

    def is_rerun(self, module: Module) -> bool:
        """Whether a module is a Streamlit script, whose body runs again at each interaction; imported ones run once."""
        if not re.search(r"^\s*(import|from) streamlit\b", module.file.text, re.MULTILINE):
            return False
        return not self.analyzer.relevance.is_imported(module)


def lend(call: Call, what: str, state: State) -> None:
    """An engine is given to something unknown, which may keep it; those who only use it are known."""
    func = call.node.func if isinstance(call.node, ast.Call) else None
    if what.partition(".")[0] in _BORROWERS or (isinstance(func, ast.Attribute) and func.attr in _BORROWING):
        return
    for value in (*call.args, *(value for _, value in call.keywords)):
        for engine in engines_in(value):
            state.mark("escaped", engine.key)


def settled(state: State) -> set[Key]:
    """The engines of a path that were disposed of."""
    return {key for name, key in state.marks if name == "disposed"}


def _is_given(key: Key) -> bool:
    """Whether an object came from outside: an argument, or what hangs on one."""
    while isinstance(key, Path):
        key = key.base
    return isinstance(key, tuple) and key[:1] in {("parameter",), ("global",)}


def _hands_out_code(value: Value) -> bool:
    """Whether a value is, or holds, a function that may use the names around it."""
    if isinstance(value, Lambda) or (isinstance(value, Closure) and value.function.outer is not None):
        return True
    return any(_hands_out_code(inner) for inner in parts(value))


def _is_command(function: Function) -> bool:
    names = (d.func if isinstance(d, ast.Call) else d for d in function.node.decorator_list)
    return any(isinstance(node, ast.Attribute) and node.attr in _ONCE_DECORATORS for node in names)
