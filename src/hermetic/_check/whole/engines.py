"""Engines: whether something keeps the one that a function built, and how often the function runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from ..._lifecycle.records import EngineCreated, Key
from ..calls import known
from ..paths.outcomes import Exit
from ..paths.state import State
from ..paths.values import Call, Closure, Engine, Lambda, Maker, Obj, Value, keys_in, parts
from ..program.modules import Function, Imported, Module
from ..program.traces import Remembered
from ..program.words import words_of
from .evidence import Built, Evidence

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow
    from .reach import Reach

_PREPARES = frozenset({
    "lifespan", "startup", "create_app", "initdb", "init_db", "run_migrations_online", "run_async_migrations",
    "run_migrations_offline", "upgrade", "downgrade", "pytest_configure", "pytest_sessionstart", "setup", "setup_module",
    "setup_class", "setup_method", "setUp", "setUpClass", "asyncSetUp",
})  # fmt: skip
_ONCE = _PREPARES | {"main", "__main__"}
_START_UP = frozenset({"lifespan", "startup", "on_startup"})
_START_UP_DECORATORS = frozenset({"on_event", "before_first_request", "before_server_start", "on_startup", "startup"})
_ONCE_DECORATORS = frozenset({"command", "fixture", "cli"}) | _START_UP_DECORATORS
_START_UP_METHODS = (("gunicorn.app.", "load"), ("django.apps.AppConfig", "ready"))
"""Methods that a server or framework calls when it starts, by how the name of their class's base begins."""
_BORROWERS = frozenset(
    {"sqlalchemy", "sqlmodel", "pandas", "polars", "geopandas", "alembic", "sqlalchemy_utils", "logging", "builtins"}
)
_BORROWING = frozenset({"create_all", "drop_all", "reflect", "create", "drop", "to_sql"})

CONFIGURED, STARTED_UP, RERUN = "configured", "started up", "rerun"
"""What one can rest on: how factories are bound, what runs at a start, and which modules run again and again."""


class Engines:
    """Collects the engines that nothing keeps where they were built; told when all callers are known."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._once: Remembered[Function, bool] = Remembered(analyzer.project.trace)

    @property
    def is_configured(self) -> bool:
        """Whether the project binds factories after they were made, by `configure(…)` or through `kw`."""
        self.analyzer.project.trace.inside.add((CONFIGURED,))
        return self.configures

    @property
    def configures(self) -> bool:
        """The same; whoever rests on the answer notes so."""
        return self.analyzer.surroundings.said("configured")

    def ended(self, flow: Flow, exits: list[Exit]) -> None:
        """A function, or a script's body, ends: note each engine built in it that is kept on none of its paths."""
        built = {record.engine: record for exit in exits if exit.kind != "raise" for record in _built(exit.state)}
        if not built:
            return
        kept: set[Key] = set()
        for exit in exits:
            kept |= held(exit.value, exit.state) | _with_held(set(exit.state.settled), exit.state)
        for engine, record in built.items():
            if engine not in kept:
                told = replace(record, place=flow.place, escapes=False)
                function = flow.function.ident if flow.function is not None else None
                self.analyzer.evidence.let_go.append(Built(told, flow.module.name, function))

    def tell(self, whole: Evidence, reach: Reach) -> None:
        """Tell of each engine that is built again and again."""
        for built in whole.let_go:
            if built.function is not None and reach.once(built.function):
                continue
            is_served = built.function is not None and reach.serves(built.function)
            place = "per-request" if is_served else built.record.place
            self.analyzer.outside(built.module).emit(State(), replace(built.record, place=place), "ended")

    def runs_once(self, function: Function) -> bool:
        """Whether a function runs once for a process: cached, a program's entry point, start-up code, or a test."""
        return self._once.get(function, partial(self._runs_once, function))

    def _runs_once(self, function: Function) -> bool:
        if any(name in known.CACHES for name in self.analyzer.decorators(function)) or _is_decorated(
            function, _ONCE_DECORATORS
        ):
            return True
        name = function.name
        if name in _ONCE or name.startswith("test_"):
            return not (name == "main" and self.is_rerun(function.module))
        if function.outer is not None and self.runs_once(function.outer):
            return True
        return self._is_started_up(name)

    def starts_up(self, function: Function) -> bool:
        """Whether a function, or one around it, is what an application runs when it starts."""
        name = function.name
        if name in _START_UP or self._is_started_up(name) or _is_decorated(function, _START_UP_DECORATORS):
            return True
        if function.cls is not None and any(
            name == method and any(base.startswith(home) for base in function.cls.externals())
            for home, method in _START_UP_METHODS
        ):
            return True
        return function.outer is not None and self.starts_up(function.outer)

    def prepares(self, function: Function) -> bool:
        """Whether a function prepares, at each start, what a program works on: its tables, its first rows."""
        return function.name in _PREPARES or self.starts_up(function)

    def _is_started_up(self, name: str) -> bool:
        self.analyzer.project.trace.inside.add((STARTED_UP, name))
        return name in self.started_up

    def noted(self, function: Function | None) -> tuple[str, ...]:
        """The note that a commit gets in such a function."""
        return ("once",) if function is not None and self.prepares(function) else ()

    @cached_property
    def started_up(self) -> frozenset[str]:
        """The names of functions that an application gets to run at its start."""
        project = self.analyzer.project
        return frozenset(name for module in project.modules.values() for name in words_of(project, module).started_up)

    def is_rerun(self, module: Module) -> bool:
        """Whether a module is a Streamlit script, whose body runs again at each interaction; imported ones run once."""
        module.note(RERUN)
        with self.analyzer.project.trace.apart():
            return self._is_rerun(module)

    def _is_rerun(self, module: Module) -> bool:
        if "streamlit" not in words_of(self.analyzer.project, module).speaks_of:
            return False
        return not any(
            module.name == target for other in self.analyzer.project.modules.values() for target in _imported(other)
        )


def _imported(module: Module) -> Iterator[str]:
    """The modules from which a module takes names."""
    yield from module.contents.stars
    for bound in module.contents.names.values():
        if isinstance(bound, Imported):
            yield bound.target
            yield f"{bound.target}.{bound.attribute}"


def lend(call: Call, what: str, state: State) -> None:
    """An engine is given to something unknown, which may keep it; those who only use it are known."""
    func = call.node.func if isinstance(call.node, ast.Call) else None
    if what.partition(".")[0] in _BORROWERS or (isinstance(func, ast.Attribute) and func.attr in _BORROWING):
        return
    for given in (*call.args, *(value for _, value in call.keywords)):
        for value in (given, *parts(given)):
            if isinstance(value, (Engine, Maker, Obj)):
                state.settled |= {value.key}


def _built(state: State) -> list[EngineCreated]:
    return [entry.event for entry in state.entries() if isinstance(entry.event, EngineCreated)]


def held(value: Value, state: State) -> set[Key]:
    """What others have hold of when a function ends: by the value returned, by objects not made in it, by a closure."""
    found = set(keys_in(value)) | {owner for owner, _ in state.attrs if owner not in state.made}
    if _hands_out_code(value):
        found |= {key for env in state.envs.values() for local in env.values() for key in keys_in(local)}
    return _with_held(found, state)


def _with_held(found: set[Key], state: State) -> set[Key]:
    """The keys with those of everything that hangs on them."""
    size = -1
    while size != len(found):
        size = len(found)
        found = found.union(*(keys_in(value) for (owner, _), value in state.attrs.items() if owner in found))
    return found


def _hands_out_code(value: Value) -> bool:
    """Whether a value is, or holds, a function that may use the names around it."""
    if isinstance(value, Lambda) or (isinstance(value, Closure) and value.function.outer is not None):
        return True
    return any(_hands_out_code(inner) for inner in parts(value))


def _is_decorated(function: Function, names: frozenset[str]) -> bool:
    nodes = (d.func if isinstance(d, ast.Call) else d for d in function.head.decorator_list)
    return any(isinstance(node, ast.Attribute) and node.attr in names for node in nodes)


def shares_threads(node: ast.AST) -> bool:
    """Whether `connect_args` switch the driver's own check off, which says that threads will share the database."""
    keywords = node.keywords if isinstance(node, ast.Call) else []
    args = next((keyword.value for keyword in keywords if keyword.arg == "connect_args"), None)
    if not isinstance(args, ast.Dict):
        return False
    pairs = zip(args.keys, args.values, strict=True)
    return any(
        isinstance(key, ast.Constant)
        and key.value == "check_same_thread"
        and isinstance(value, ast.Constant)
        and value.value is False
        for key, value in pairs
    )
