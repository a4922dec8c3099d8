"""What a web framework gives a function: sessions from dependencies, the route it serves, its response model."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ..calls.announcing import responded
from ..calls.containers import injected, is_provider
from ..calls.providing import called
from ..calls.responses import respond
from ..paths.outcomes import Exit
from ..paths.state import State
from ..paths.targets import sessions_in
from ..paths.values import UNKNOWN, Call, Closure, Cm, Ext, Ref, Value
from ..paths.withs import enter
from ..program.modules import Class, External, Function, Global, Module
from ..program.nodes import in_string
from ..program.parameters import arguments_with_defaults
from ..providers import Provider

if TYPE_CHECKING:
    from ..analyzer import Analyzer
    from ..paths.flow import Flow

_VERBS = frozenset(
    {"get", "post", "put", "patch", "delete", "head", "options", "api_route", "route", "websocket", "trace"}
)
_TOOLS = frozenset(
    {"tool", "resource", "prompt", "task", "shared_task", "actor", "job", "command", "callback", "on_event"}
)


class Dependencies:
    """Knows which functions a framework calls, and with what."""

    def __init__(self, analyzer: Analyzer) -> None:
        self.analyzer = analyzer

    def of(self, function: Function) -> Iterator[tuple[str, Value, bool]]:
        """The parameters that `Depends(provider)` fills, with their providers, and whether these outlive the response."""
        for argument, default in arguments_with_defaults(function):
            call = self._depends(default, function.module) or self._annotated(argument.annotation, function.module)
            if call is None:
                continue
            module, node = call
            if node.args:
                yield argument.arg, self.analyzer.names.static(module, node.args[0]), _outlives_response(node)

    def _depends(self, node: ast.expr | None, module: Module) -> tuple[Module, ast.Call] | None:
        if not isinstance(node, ast.Call):
            return None
        definition = module.project.resolve_expr(module, node.func)
        name = definition.name if isinstance(definition, External) else ""
        is_depends = name.rpartition(".")[2] in {"Depends", "Security", "Provide"}
        return (module, node) if is_depends else None

    def _annotated(self, node: ast.expr | None, module: Module, depth: int = 0) -> tuple[Module, ast.Call] | None:
        """The `Depends(…)` inside `Annotated[Session, Depends(get_db)]`, or in an alias of it."""
        if node is None or depth > 4:
            return None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = in_string(node, node.value)
            except (SyntaxError, ValueError):
                return None
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            found = (self._depends(item, module) for item in node.slice.elts[1:])
            return next((call for call in found if call is not None), None)
        if isinstance(node, (ast.Name, ast.Attribute)):
            definition = module.project.resolve_expr(module, node)
            if isinstance(definition, Global) and definition.value is not None:
                return self._annotated(definition.value, definition.module, depth + 1)
        return None

    def provider(self, value: Value) -> Function | None:
        """The function of the project behind a provider."""
        if isinstance(value, Closure):
            return value.function
        if isinstance(value, Ref) and isinstance(value.definition, Function):
            return value.definition
        return None

    def run(self, flow: Flow, function: Function, state: State, body: Callable[[State], list[Exit]]) -> list[Exit]:
        """Run a function's body inside its yield dependencies, as the framework would."""
        is_route = self.route(function) is not None
        given = [(name, provider, is_late and is_route) for name, provider, is_late in self.of(function)]
        # What outlives the response surrounds what ends before it, whatever the order of the parameters.
        early, late = [each for each in given if not each[2]], [each for each in given if each[2]]

        def responds(path: State) -> list[Exit]:
            return self.analyzer.afterwards.happens(flow, self._inside(flow, early, path, body))

        return self._inside(flow, late, state, responds)

    def _inside(
        self, flow: Flow, pending: list[tuple[str, Value, bool]], state: State, body: Callable[[State], list[Exit]]
    ) -> list[Exit]:
        if not pending:
            return body(state)
        (name, provider, is_late), rest = pending[0], pending[1:]
        if isinstance(provider, Ext) and is_provider(provider):
            flow.env(state)[name] = injected(flow, provider, state)
            return self._inside(flow, rest, state, body)
        function = self.provider(provider)
        stated = self.analyzer.providers.of(function or getattr(provider, "definition", None))
        if stated is not None:
            return self._stated(flow, stated, name, state, lambda path: self._inside(flow, rest, path, body))
        if function is None and flow.function is not None:
            self.analyzer.unresolved.injected(flow.function, name, flow.env(state).get(name, UNKNOWN), provider)
        if function is None or (flow.env(state).get(name, UNKNOWN) is UNKNOWN and isinstance(provider, Class)):
            return self._inside(flow, rest, state, body)

        def bound(path: State, value: Value) -> list[Exit]:
            if value is not UNKNOWN:
                flow.env(path)[name] = value
            exits = self._inside(flow, rest, path, body)
            if is_late and self.analyzer.is_generator(function):
                responded(flow, function, exits)
            return exits

        call = Call(function.node)
        if self.analyzer.is_generator(function) or self.analyzer.is_context_manager(function):
            return self.analyzer.generators.run(flow, provider, call, state, bound, on_loop=function.is_async)
        if function not in self.analyzer.relevance:
            return self._inside(flow, rest, state, body)
        with nullcontext() if function.is_async else flow.in_thread():
            provided = flow.once(state, lambda trial: flow.call_value(provider, call, trial))
        return bound(provided.state, provided.value) if provided.kind == "next" else []

    def _stated(
        self, flow: Flow, provider: Provider, name: str, state: State, body: Callable[[State], list[Exit]]
    ) -> list[Exit]:
        """Run a function's body with the session of a provider that a model file states."""
        assert flow.function is not None
        call = Call(flow.function.node)
        given = called(flow, provider, call, state)

        def bound(path: State, value: Value) -> list[Exit]:
            for session in sessions_in(value):
                path.held.pop(session.key, None)
            flow.env(path)[name] = value
            return body(path)

        return enter(flow, given, state, call.node, bound) if isinstance(given, Cm) else bound(state, given)

    def route(self, function: Function) -> ast.Call | None:
        """The decorator call that makes a function serve requests: `@app.get("/orders")`."""
        for decorator in function.head.decorator_list:
            match decorator:
                case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Constant(value=str() as path), *_]) if (
                    attr in _VERBS
                ):
                    if path.startswith(("/", "{")) or path == "":
                        return decorator
                case _:
                    continue
        return None

    def runs_in_thread(self, function: Function) -> bool:
        """Whether a server calls a plain function in a thread of its pool."""
        if function.is_async:
            return False
        if self.route(function) is not None:
            return True
        decorators = (d.func if isinstance(d, ast.Call) else d for d in function.head.decorator_list)
        owners = (
            d.value for d in decorators if isinstance(d, ast.Attribute) and d.attr in {"tool", "resource", "prompt"}
        )
        found = (self.analyzer.names.static(function.module, owner) for owner in owners)
        return any(isinstance(value, Ext) and value.type.startswith("fastmcp.") for value in found)

    def is_entry(self, function: Function) -> bool:
        """Whether a framework calls this function for each request, message or run."""
        if self.route(function) is not None:
            return True
        for decorator in function.head.decorator_list:
            node = decorator.func if isinstance(decorator, ast.Call) else decorator
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            if name in _TOOLS:
                return True
        return False

    def response(self, function: Function) -> tuple[Class, ...]:
        """The response models of a route, from `response_model=` or the return annotation; several for a union."""
        route = self.route(function)
        if route is None:
            return ()
        given = next((keyword.value for keyword in route.keywords if keyword.arg == "response_model"), None)
        annotation = given if given is not None else function.head.returns
        found = self.analyzer.schemas.response(annotation, function.module) if annotation is not None else None
        return found[0] if found is not None else ()

    def respond(self, flow: Flow, function: Function, exits: list[Exit]) -> None:
        """What the framework reads of a returned instance, after the endpoint and before its dependencies exit."""
        models = [cls for cls in self.response(function) if self.analyzer.models.mapping(cls) is None]
        for exit in exits:
            if exit.kind == "return" and exit.state.returned is not None:
                for cls in models:
                    respond(flow, cls, exit.value, exit.state, exit.state.returned, "route")


def _outlives_response(depends: ast.Call) -> bool:
    """Whether what stands after a dependency's `yield` runs when the response has left: not under `scope="function"`."""
    scope = next((keyword.value for keyword in depends.keywords if keyword.arg == "scope"), None)
    is_fastapi = ast.unparse(depends.func).rpartition(".")[2] != "Provide"
    return is_fastapi and (scope is None or (isinstance(scope, ast.Constant) and scope.value == "request"))
