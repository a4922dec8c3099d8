"""The whole project under analysis: one place that knows every definition, and walks each function once."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from .._lifecycle.records import Key, ScopeLeft, SessionOpened
from .calls import known
from .functions.afterwards import Afterwards
from .functions.dependencies import Dependencies
from .functions.generators import Generators
from .functions.injecting import Injecting
from .functions.summaries import Summaries
from .models.index import Models
from .models.schemas import Schemas
from .paths.exit_stacks import ExitStacks
from .paths.fenced import Fenced
from .paths.flow import Flow
from .paths.names import Names
from .paths.outcomes import Exit
from .paths.retries import body_of
from .paths.state import State
from .paths.targets import changes_ended, sessions_in
from .paths.values import UNKNOWN, Call, Closure, Inst, Obj, Ref, Sess, Sym, Task, Tup, Value
from .program.annotations import Annotations
from .program.factories import Factories
from .program.fields import Fields, rekeyed
from .program.lines import Lines
from .program.modules import Class, External, Function, FunctionNode, Module, Project
from .program.nodes import walk_all
from .program.parameters import arguments_with_defaults, is_static
from .program.relevance import Relevance
from .program.settings import Settings
from .program.shapes import Shape, shape_of
from .program.surroundings import Surroundings
from .program.traces import Remembered
from .program.usage import Usage
from .providers import Providers
from .sessions.promised import Promised
from .templates.files import Template
from .templates.rendering import Templates
from .whole.engines import Engines
from .whole.evidence import Evidence, merged
from .whole.reach import Links, Reach
from .whole.registries import Registries
from .whole.sharing import Sharing
from .whole.unresolved import Unresolved
from .whole.witness import Witness
from .work.units import Units

if TYPE_CHECKING:
    from .._lifecycle.schema import Mapping

GENERATOR = "generator"
"""What one can rest on: whether a function is a generator."""


class Analyzer:
    """Answers what names and values are, and explores functions; everything is worked out once, when asked for."""

    def __init__(
        self, project: Project, providers: Providers | None = None, templates: Iterable[Template] = ()
    ) -> None:
        self.project = project
        self.providers = providers or Providers()
        self.models = Models(project)
        self.schemas = Schemas(project, self.models)
        self.units = Units(project.trace)
        self.witness = Witness(self)
        self.templates = Templates(self, templates)
        self.summaries = Summaries(self)
        self.generators = Generators(self)
        self.afterwards = Afterwards(self)
        self.promised = Promised(self)
        self.injecting = Injecting(self)
        self.fields = Fields(self)
        self.annotations = Annotations(self)
        self.dependencies = Dependencies(self)
        self.usage = Usage(self)
        self.factories = Factories(self)
        self.fenced = Fenced(self)
        self.exit_stacks = ExitStacks(self)
        self.engines = Engines(self)
        self.reach = Links(self)
        self.sharing = Sharing(self)
        self.registries = Registries(self)
        self.surroundings = Surroundings(project)
        self.names = Names(self)
        self.unresolved = Unresolved(self)
        self._named = {function.ident: function for function in project.functions()}
        self._classes = {cls.ident: cls for cls in project.classes()}
        self._walks: dict[Function, list[ast.AST]] = {}
        self._shapes: dict[Function, Shape] = {}
        self._decorators: Remembered[Function, tuple[str, ...]] = Remembered(project.trace)
        self.lines = Lines(project, self.templates.shelf)

    @cached_property
    def relevance(self) -> Relevance:
        """Which functions have to do with sessions."""
        with self.project.trace.apart():
            return Relevance(self)

    @property
    def evidence(self) -> Evidence:
        """What the unit at work has brought to light so far."""
        return self.units.current.evidence

    @property
    def sessions(self) -> dict[Key, Settings]:
        """What the unit at work knows of sessions and factories."""
        return self.units.current.evidence.settings

    def function_at(self, node: FunctionNode) -> Function | None:
        return self.project.function_at(node)

    def function_named(self, ident: str) -> Function:
        return self._named[ident]

    def class_named(self, ident: str) -> Class:
        return self._classes[ident]

    def placed(self, ident: str) -> str:
        """The name of a function with its line; other names stay as they are."""
        found = self._named.get(ident)
        return ident if found is None else f"{found.qualname}:{found.line}"

    def has(self, ident: str) -> bool:
        """Whether there is a function or class of this name."""
        return ident in self._named or ident in self._classes

    def walk(self, function: Function) -> list[ast.AST]:
        """Every node of a function's body, nested definitions included."""
        body = function.node.body
        if function not in self._walks:
            self._walks[function] = walk_all(body)
        return self._walks[function]

    def mapping_of(self, value: Value) -> Mapping | None:
        """The mapping of a mapped class given as a value."""
        if not isinstance(value, Ref):
            return None
        if isinstance(value.definition, External):
            return self.fenced.mapping(value.definition.name)
        return self.models.of(value.definition)

    def class_of(self, mapping: Mapping) -> Class | None:
        """The class behind a mapping; None for one that a document only speaks of."""
        return self.models.cls(mapping) if self.models.mapping(mapping.name) is mapping else None

    def session_class(self, cls: Class) -> bool | None:
        """Whether a class of the project is an async session class; None when it is no session class."""
        return next((kind for name in cls.externals() if (kind := known.session_kind(name)) is not None), None)

    def session_kind(self, value: Value) -> bool | None:
        match value:
            case Ref(definition=External(name=name)):
                return known.session_kind(name)
            case Ref(definition=Class() as cls):
                return self.session_class(cls)
            case _:
                return None

    def annotated(self, node: ast.expr, module: Module, key: Key, *, borrowed: bool = True) -> Value:
        return self.annotations.value(node, module, key)

    def rekeyed(self, value: Value, key: Key) -> Value:
        if isinstance(value, Sess):
            self.sessions[key] = self.sessions.get(value.key, Settings(value.is_async))
        return rekeyed(value, key)

    def same_settings(self, session: Sess, twin: Sess, source: Evidence | None = None) -> None:
        """Another session is made as one is that `source` knows, by default the unit at work."""
        known = (source or self.evidence).settings
        self.sessions[twin.key] = known.get(session.key, Settings(session.is_async))

    def is_awaited(self, key: Key) -> None:
        """The session under this key was seen to be async."""
        self.sessions[key] = replace(self.sessions.get(key, Settings()), is_async=True)

    def of_class(self, session: Sess, cls: Class) -> None:
        """A session is one of a class of the project."""
        self.sessions[session.key] = replace(self.sessions.get(session.key, Settings(session.is_async)), cls=cls.ident)

    def received(self, key: Key) -> SessionOpened:
        """The opening of a session that was made elsewhere."""
        found = self.sessions.get(key) or Settings()
        expires = (
            found.expire_on_commit if found.expire_on_commit is not None else self.factories.expires(found.is_async)
        )
        return SessionOpened(
            session=key, is_async=found.is_async, expire_on_commit=expires, autoflush=found.autoflush, received=True
        )

    def expiry_is_assumed(self, key: Key) -> bool:
        """Whether nothing in sight says if this session expires what it holds on commit."""
        found = self.sessions.get(key)
        return found is not None and found.expire_on_commit is None and self.factories.is_assumed(found.is_async)

    def is_promised(self, key: Key) -> bool:
        """Whether only a return annotation says that there is a session under this key."""
        found = self.sessions.get(key)
        return found is not None and found.is_promised

    def is_property(self, function: Function) -> bool:
        return not known.PROPERTIES.isdisjoint(self.decorators(function))

    def is_cached_property(self, function: Function) -> bool:
        return "functools.cached_property" in self.decorators(function)

    def is_context_manager(self, function: Function) -> bool:
        return not known.CONTEXT_MANAGERS.isdisjoint(self.decorators(function))

    def is_fixture(self, function: Function) -> bool:
        """Whether pytest runs a function; it resumes a generator after a failed test as after a good one."""
        return not known.FIXTURES.isdisjoint(self.decorators(function))

    def is_generator(self, function: Function) -> bool:
        """Whether a call of a function runs nothing of it; all that is known of it who asks only this."""
        function.module.note(GENERATOR, function.ident)
        with self.project.trace.apart():
            return self.shape(function).is_generator

    def shape(self, function: Function) -> Shape:
        """What the syntax of a function tells, worked out once."""
        body = function.node.body
        if function not in self._shapes:
            self._shapes[function] = shape_of(body)
        return self._shapes[function]

    def decorators(self, function: Function) -> tuple[str, ...]:
        """The dotted names of a function's decorators, from the top."""
        return self._decorators.get(function, lambda: tuple(self._decorating(function)))

    def _decorating(self, function: Function) -> Iterator[str]:
        for decorator in function.head.decorator_list:
            node = decorator.func if isinstance(decorator, ast.Call) else decorator
            definition = self.project.resolve_expr(function.module, node)
            if isinstance(definition, External):
                yield definition.name
            elif definition is None and isinstance(node, ast.Name):
                yield "property" if node.id == "property" else f"builtins.{node.id}"

    def frame(
        self, function: Function, caller: Flow, on_yield: Callable[[State, Value], list[Exit]] | None = None
    ) -> Flow:
        """A frame for a function's body run in line with its caller."""
        frame = Flow(
            self, function.module, function, on_loop=caller.on_loop, place=caller.place,
            depth=caller.depth + 1, on_yield=on_yield, guarded=caller.guarded, threaded=caller.threaded,
        )  # fmt: skip
        frame.told_at = caller.told_at
        return frame

    def arguments(self, function: Function, owner: Value | None, call: Call) -> Iterator[tuple[str, Value]]:
        """The parameters of a function with the values of one call."""
        args = function.head.args
        positional = [argument.arg for argument in (*args.posonlyargs, *args.args)]
        if owner is not None and function.cls is not None and positional and not is_static(function):
            yield positional[0], owner
            positional = positional[1:]
        yield from zip(positional, call.args, strict=False)
        yield from ((name, value) for name, value in call.keywords if name != "**")

    def defaults(self, function: Function, call: Call) -> Iterator[tuple[str, Value]]:
        """The constants that parameters fall back on; none for a call whose arguments cannot be counted."""
        node = call.node
        if isinstance(node, ast.Call) and any(isinstance(arg, ast.Starred) for arg in node.args):
            return
        if any(name == "**" for name, _ in call.keywords):
            return
        for argument, default in arguments_with_defaults(function):
            if isinstance(default, ast.Constant):
                yield argument.arg, self.names.static(function.module, default)

    def bind_arguments(self, flow: Flow, closure: Closure, call: Call, state: State) -> None:
        """Put the values of a call into a new frame; parameters that got none keep what their annotation says."""
        function = closure.function
        given = dict(self.arguments(function, closure.owner, call))
        env = flow.env(state)
        for argument, default in arguments_with_defaults(function):
            if argument.arg in given:
                env[argument.arg] = given[argument.arg]
            elif isinstance(default, ast.Constant):
                env[argument.arg] = self.names.static(function.module, default)
            else:
                env[argument.arg] = self.parameter(function, argument)

    def parameter(self, function: Function, argument: ast.arg) -> Value:
        """What a parameter holds, for a function looked at by itself."""
        key: Key = ("parameter", function.qualname, argument.arg)
        first = [*function.head.args.posonlyargs, *function.head.args.args][:1]
        if function.cls is not None and first and first[0] is argument:
            return self._self(function, function.cls, key)
        if argument.annotation is not None:
            found = self.annotated(argument.annotation, function.module, key)
            if found is not UNKNOWN:
                return self._settled(found)
        kind = self.usage.session(argument.arg, self.walk(function), function.module)
        return Sym(key) if kind is None else self._settled(Sess(key, kind))

    def _settled(self, value: Value) -> Value:
        """The value; of a session, the unit at work knows its kind from now on."""
        if isinstance(value, Sess):
            self.sessions.setdefault(value.key, Settings(value.is_async))
        return value

    def _self(self, function: Function, cls: Class, key: Key) -> Value:
        decorators = {getattr(d, "id", "") for d in function.head.decorator_list}
        if "staticmethod" in decorators:
            return Sym(key)
        if "classmethod" in decorators:
            return Ref(cls)
        mapping = self.models.mapping(cls)
        if mapping is not None:
            return Inst(key, mapping)
        kind = self.session_class(cls)
        return Obj(cls, key) if kind is None else Sess(key, kind)

    def explore(self, function: Function) -> list[Exit]:
        """Walk every path of a function; what its hazards see is kept, and its exits are given."""
        is_entry = self.dependencies.is_entry(function)
        flow = Flow(
            self, function.module, function, on_loop=function.is_async, place="per-request" if is_entry else "per-call"
        )
        if self.dependencies.runs_in_thread(function):
            self.evidence.threads.add(function.ident)
        self.sharing.by_default(function)
        state = State()
        env = flow.env(state)
        for argument, default in arguments_with_defaults(function):
            value = self.parameter(function, argument)
            env[argument.arg] = value
            if isinstance(value, Sess):
                self._settled(value)
                state.life.apply(self.received(value.key))
                is_none = isinstance(default, ast.Constant) and default.value is None
                if is_none or (argument.annotation is not None and self.annotations.is_optional(argument.annotation)):
                    state.mark("optional", value.key)
        exits = self.dependencies.run(flow, function, state, lambda path: self._body(flow, function, path))
        for exit in exits:
            self._ended(flow, exit)
            changes_ended(flow, exit)
        self.engines.ended(flow, exits)
        self.sharing.by_cache(function, exits)
        self.registries.ended(function, exits)
        return exits

    def _body(self, flow: Flow, function: Function, state: State) -> list[Exit]:
        exits = body_of(flow, function, state)
        self.dependencies.respond(flow, function, exits)
        return exits

    def _ended(self, flow: Flow, exit: Exit) -> None:
        """A function ends: sessions still in its hands, and not handed on, are left behind."""
        kept = {session.key for session in sessions_in(exit.value)} if exit.kind == "return" else set()
        for key in list(exit.state.held):
            if key not in kept and ("stored", key) not in exit.state.marks:
                self.left(flow, exit.state, key, exit.leaves_by)
        for record in exit.state.tasks.values() if exit.kind != "raise" and not isinstance(exit.value, Task) else ():
            flow.emit(exit.state, record)

    def left(self, flow: Flow, state: State, key: Key, by: Literal["return", "raise", "cancel", "loop"]) -> None:
        notes = ("shared",) if ("shared", key) in state.marks else ()
        flow.emit(state, ScopeLeft(session=key, by=by, site=state.held[key].site), *notes)

    def returned(self, flow: Flow, value: Value, state: State, node: ast.Return) -> Value:
        state.returned = node
        return Tup(()) if ("empty", getattr(value, "key", None)) in state.marks else value

    def explore_module(self, module: Module) -> None:
        """Walk a module's own statements; a module nested beyond Python's own limit is left alone."""
        for cls in module.classes:
            self.sharing.by_class(cls)
        is_rerun = self.engines.is_rerun(module)
        flow = Flow(self, module, None, place="per-request" if is_rerun else "once")
        try:
            exits = flow.block(module.tree.body, [State()])
        except RecursionError:
            self.units.give_up()
            return
        if is_rerun:
            self.engines.ended(flow, exits)

    def outside(self, module: str) -> Flow:
        """A frame for what is told of a module apart from any path."""
        return Flow(self, self.project.modules[module], None, place="once")

    def tell(self, whole: Evidence) -> Evidence:
        """What shows only when the whole program has been seen, together with what was known of it."""
        reach = Reach(self, whole)
        self.sharing.tell(whole, reach)
        self.engines.tell(whole, reach)
        self.registries.tell(whole, reach)
        reach.tell_threaded()
        return merged([self.evidence], whole)
