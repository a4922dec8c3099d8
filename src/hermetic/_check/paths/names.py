"""What names stand for: the variables of modules, what is imported, the members of classes."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from ..calls import known
from ..calls.providing import named
from ..program.modules import Class, Definition, External, Function, Global, Module, imported_names
from ..program.parameters import arguments_with_defaults
from ..program.settings import Settings
from .evaluate import evaluate
from .flow import Flow
from .outcomes import Raised
from .state import State
from .values import NONE, UNKNOWN, Attr, Bound, Closure, Engine, Ext, Maker, Query, Ref, Sess, Stmt, Value

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..work.units import Unit, UnitKey

_BUILTINS = frozenset(dir(builtins))


class Names:
    """Answers what the names of the project and the members of what they stand for are; each is worked out once."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer
        self._bound: dict[Function, dict[str, ast.AST]] = {}

    def free_name(self, flow: Flow, name: str) -> Value:
        """A name that the function at work does not bind itself."""
        outer = flow.function.outer if flow.function else None
        while outer is not None:
            found = self._local_of(outer, name)
            if found is not UNKNOWN:
                return found
            outer = outer.outer
        definition = self.analyzer.project.resolve(flow.module, name)
        if definition is None:
            found = builtin(name)
            return found if found is not UNKNOWN else self.analyzer.fenced.name(flow.module, name)
        value = self.value_of(definition)
        self.analyzer.sharing.reached(value, flow.function)
        return value

    def _local_of(self, outer: Function, name: str) -> Value:
        """What a name of an enclosing function holds, as far as one assignment tells."""
        match self._binders(outer).get(name):
            case ast.arg() as argument:
                return self.analyzer.parameter(outer, argument)
            case ast.Assign(value=value):
                return self.static(outer.module, value)
            case ast.FunctionDef() | ast.AsyncFunctionDef() as node:
                function = self.analyzer.function_at(node)
                return Closure(function) if function else UNKNOWN
            case ast.ImportFrom() | ast.Import() as node:
                targets = (target for bound, target in imported_names(outer.module, node) if bound == name)
                definition = self.analyzer.project.imported(outer.module, next(targets))
                return self.value_of(definition) if definition else UNKNOWN
            case _:
                return UNKNOWN

    def _binders(self, outer: Function) -> dict[str, ast.AST]:
        """The parameter or first statement of a function that binds each name; written down once."""
        nodes = self.analyzer.walk(outer)
        found = self._bound.get(outer)
        if found is None:
            found = dict[str, ast.AST]((argument.arg, argument) for argument, _ in arguments_with_defaults(outer))
            self._bound[outer] = found
            for node in nodes:
                match node:
                    case ast.Assign(targets=[ast.Name(id=name)]):
                        found.setdefault(name, node)
                    case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                        found.setdefault(name, node)
                    case ast.ImportFrom() | ast.Import():
                        for name, _ in imported_names(outer.module, node):
                            found.setdefault(name, node)
                    case _:
                        continue
        return found

    def value_of(self, definition: Definition) -> Value:
        """A definition as a value; a module's variable is evaluated once."""
        match definition:
            case External(name=name):
                return self.external(name)
            case Function():
                return Closure(definition)
            case Global() if (stated := named(self.analyzer.providers.of(definition))) is not None:
                return stated
            case Global():
                unit = self.unit(definition)
                self.analyzer.evidence.take_over(unit.evidence)
                return cast(Value, unit.value)
            case _:
                return Ref(definition)

    def unit(self, variable: Global) -> Unit:
        """The unit of a module's variable; its value is what the variable holds."""
        work = partial(self._global, variable, variable.value)
        return self.analyzer.units.ask(self.key(variable), work, UNKNOWN)

    def key(self, variable: Global) -> UnitKey:
        """What the unit of a variable is called: by the place of its value, since a name may be given two."""
        place = variable.value or variable.annotation
        at = f"{variable.name}:{place.lineno}:{place.col_offset}" if place is not None else variable.name
        return "variable", variable.module.name, at

    def external(self, name: str) -> Value:
        """A name from outside of the project: what a provider says of it, or the name itself."""
        return named(self.analyzer.providers.external(name)) or Ref(External(name))

    def _global(self, definition: Global, value: ast.expr | None) -> Value:
        state = State()
        found = self.static(definition.module, value, state) if value is not None else UNKNOWN
        if found in {UNKNOWN, NONE}:
            found = self._set_by_functions(definition, state) or found
        if definition.annotation is not None and (found in {UNKNOWN, NONE} or found == Ext(known.CONTEXT_VARIABLE)):
            key = ("global", definition.module.name, definition.name)
            found = self.analyzer.annotated(definition.annotation, definition.module, key)
        if isinstance(found, Sess) and not (isinstance(found.key, tuple) and found.key[0] == "scoped"):
            twin = Sess(("global", definition.module.name, definition.name), found.is_async)
            self.analyzer.sessions[twin.key] = self.analyzer.sessions.get(found.key, Settings(found.is_async))
            found = twin
        self.analyzer.sharing.by_module(definition, found, state)
        return found

    def _set_by_functions(self, definition: Global, state: State) -> Value | None:
        """What the functions that declare a name `global` put there: rather sessions and engines than what stands in for them."""
        first: Value | None = None
        for function in definition.module.functions:
            if definition.name not in self.analyzer.shape(function).global_names:
                continue
            for node in self.analyzer.walk(function):
                match node:
                    case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == definition.name:
                        found = self.static(definition.module, value, state)
                        if isinstance(found, Sess | Maker | Engine):
                            return found
                        first = found if first is None and found not in {UNKNOWN, NONE} else first
                    case _:
                        continue
        return first

    def static(
        self, module: Module, node: ast.expr, state: State | None = None, around: Mapping[str, Value] | None = None
    ) -> Value:
        """The value of an expression evaluated once, apart from any path; `around` holds names that stand around it."""
        flow = Flow(self.analyzer, module, None, place="once", depth=6)
        state = state or State()
        flow.env(state).update(around or {})
        with self.analyzer.witness.silent():
            try:
                return evaluate(flow, node, state)
            except Raised:
                return UNKNOWN

    def member(self, definition: Definition, name: str) -> Value:
        """`module.name`, `Class.name`, `package.name`."""
        if isinstance(definition, External):
            return self.analyzer.fenced.member(definition.name, name) or self.external(f"{definition.name}.{name}")
        if isinstance(definition, Class):
            mapping = self.analyzer.models.mapping(definition)
            if mapping is not None and (name in mapping.columns or name in mapping.relations):
                return Attr(mapping, name)
            if mapping is not None and name == "query":
                return Query(Stmt("select", mapping), Sess(("scoped", "flask"), False))
            if name in definition.values:
                return self._of_class(definition, name)
            method = definition.method(name)
            return Closure(method) if method is not None else Bound(Ref(definition), name)
        found = self.analyzer.project.member(definition, name)
        return self.value_of(found) if found is not None else UNKNOWN

    def _of_class(self, cls: Class, name: str, asked: frozenset[str] = frozenset()) -> Value:
        """What a name in the body of a class stands for there, where other names of that body are at hand."""
        node, state = cls.values[name], State()
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} & cls.values.keys()
        around = {each: self._of_class(cls, each, asked | {name}) for each in sorted(used - asked - {name})}
        return self.static(cls.module, node, state, around)

    def external_member(self, type_name: str, name: str) -> Value | None:
        """An attribute of an external object that has a meaning of its own: Flask-SQLAlchemy's `db.session`."""
        stated = named(self.analyzer.providers.external(f"{type_name}.{name}"))
        if stated is not None:
            return stated
        if type_name == known.FLASK_SQLALCHEMY:
            if name == "session":
                return Sess(("scoped", "flask"))
            if name in known.FLASK_QUERIES:
                return Bound(Sess(("scoped", "flask")), known.FLASK_QUERIES[name])
            if name == "engine":
                return Engine(("scoped", "flask-engine"))
            home = "sqlalchemy.orm." if name in known.LOADER_OPTIONS else "sqlalchemy."
            return Ref(External(home + name))
        return None


def builtin(name: str) -> Value:
    return Ref(External(f"builtins.{name}")) if name in _BUILTINS else UNKNOWN
