"""The scope of a call of a tool, resource or prompt of FastMCP: committed before its result is sent."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Generic, get_args, get_origin
from weakref import WeakSet

from fastmcp import FastMCP
from fastmcp.server.middleware import CallNext, Middleware, MiddlewareContext

from .._scopes.scope import at
from .._where import Site
from ..errors import PoisonedUnit, ScopeError
from ._loops import Visit
from ._requests import TOKEN, Lender, S, called_from


class Host(Generic[S]):
    """A Database in a server; its verbs are for `Depends`."""

    def __init__(self, db: Lender[S], attached: Site) -> None:
        self._db = db
        self._attached = attached
        self._visit: ContextVar[Visit[S] | None] = ContextVar("visit", default=None)
        self._failed: ContextVar[list[BaseException]] = ContextVar("failed")

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[S]:
        """`Depends(host.begin)`: the session of the call's unit of work, one for the tool and all its dependencies.

        It takes a connection when it is used first. It commits before the result is sent, so a failed commit is an error
        of the call, and rolls back when an exception leaves the tool. A tool that this one calls joins in.
        """
        async with self._call() as visit:
            yield await visit.begin(self._site())

    @asynccontextmanager
    async def read(self) -> AsyncIterator[S]:
        """`Depends(host.read)`: the session of a read scope, or of the unit of work when that was asked for before."""
        async with self._call() as visit:
            yield await visit.read(self._site())

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[Visit[S]]:
        """What belongs to the call; whoever asks for it first ends it."""
        visit = self._visit.get()
        if visit is not None and not visit.is_over:
            try:
                yield visit
            except BaseException as error:
                self._failed.get().append(error)
                raise
            return
        visit = Visit(self._db)
        tokens = self._visit.set(visit), self._failed.set([])
        try:
            yield visit
            self._check_sound()
        except BaseException as error:
            await visit.end(error)
            raise
        else:
            await visit.end(None)
        finally:
            visit.is_over = True
            self._visit.reset(tokens[0])
            self._failed.reset(tokens[1])

    def _site(self) -> Site:
        """Where the call is seen: at the function of the component."""
        return _current.get() or self._attached

    def _check_sound(self) -> None:
        """Raise PoisonedUnit when a call inside of this one failed, and this one went on as if it had not."""
        failed = self._failed.get()
        if failed:
            raise PoisonedUnit(
                "A tool that was called by this one failed, and what it had written is in the same unit of work.\n"
                "  Let its error leave this tool, or call it where no session was asked for."
            ) from failed[0]


class Loud(Middleware):
    """Refuses a component whose dependency FastMCP would hand over as a generator, and knows which one is called."""

    def __init__(self) -> None:
        self._sound: WeakSet[Callable[..., object]] = WeakSet()

    async def on_call_tool(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Look at a tool before it is called. Any: what a message holds is the client's."""
        return await self._pass(await _server(context).get_tool(context.message.name), context, call_next)

    async def on_get_prompt(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Look at a prompt before it is made. Any: what a message holds is the client's."""
        return await self._pass(await _server(context).get_prompt(context.message.name), context, call_next)

    async def on_read_resource(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Look at a resource before it is read. Any: what a message holds is the client's."""
        server, uri = _server(context), str(context.message.uri)
        component = await server.get_resource(uri) or await server.get_resource_template(uri)
        return await self._pass(component, context, call_next)

    async def _pass(self, component: object, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Go on, if the function of the component is sound. Any: the result is the component's."""
        function = getattr(component, "fn", None)
        code = getattr(function, "__code__", None)
        if function is None or code is None:
            return await call_next(context)
        if function not in self._sound:
            refuse_generators(function, (code, 0))
            self._sound.add(function)
        token = _current.set((code, 0))
        try:
            return await call_next(context)
        finally:
            _current.reset(token)


class Carrying(Middleware):
    """Lets a client carry in the metadata of its calls what the replicas are to have when it reads again."""

    def __init__(self, db: Lender[Any]) -> None:  # Any: of whichever session class
        self._db = db
        self._is_inside: ContextVar[bool] = ContextVar("is_inside", default=False)

    async def on_request(self, context: MiddlewareContext[Any], call_next: CallNext[Any, Any]) -> Any:
        """Begin a call with what its client carries; what a tool calls belongs to its call. Any: of whichever method."""
        if self._is_inside.get() or context.method not in ("tools/call", "resources/read", "prompts/get"):
            return await call_next(context)
        token = self._is_inside.set(True)
        try:
            carried = self._db.carry(brought(context))
            result = await call_next(context)
        finally:
            self._is_inside.reset(token)
        given = carried.token() if carried is not None else ""
        if given:
            result.meta = {**(result.meta or {}), TOKEN: given}
        return result


def brought(context: MiddlewareContext[Any]) -> str:  # Any: what a message holds is the client's
    """The token in a call's metadata, or ""; they are a dictionary in FastMCP 4, and a model in 3."""
    request = context.fastmcp_context.request_context if context.fastmcp_context is not None else None
    meta: Any = request.meta if request is not None else None  # Any: the one or the other
    told = meta.get(TOKEN) if isinstance(meta, dict) else (getattr(meta, "model_extra", None) or {}).get(TOKEN)
    return told if isinstance(told, str) else ""


_current: ContextVar[Site | None] = ContextVar("current", default=None)


def _server(context: MiddlewareContext[Any]) -> FastMCP[Any]:
    """The server that is called. Any: what its lifespan gives."""
    assert context.fastmcp_context is not None
    return context.fastmcp_context.fastmcp


def refuse_generators(function: Callable[..., object], used_at: Site) -> None:
    """Raise ScopeError for a dependency that is a bare generator, in a function or in what it depends on.

    FastAPI would run it up to its `yield`; FastMCP hands over the generator itself, without a word.
    """
    for name, parameter in inspect.signature(function).parameters.items():
        given = [parameter.default]
        if get_origin(parameter.annotation) is not None:
            given.extend(get_args(parameter.annotation)[1:])
        for factory in (getattr(each, "factory", None) for each in given):
            if not callable(factory):
                continue
            if inspect.isasyncgenfunction(factory) or inspect.isgeneratorfunction(factory):
                raise ScopeError(
                    f"{at(used_at)}: {name} would be the generator that {factory.__name__}() makes, not what it yields: "
                    f"FastMCP runs context managers only.\n"
                    f"  Decorate {factory.__name__} with @asynccontextmanager, or use Depends(host.begin)."
                )
            refuse_generators(factory, used_at)


def attach(server: FastMCP[Any], db: Lender[S]) -> Host[S]:  # Any: what its lifespan gives
    """Let the tools, resources and prompts of a server have sessions of a database."""
    server.add_middleware(Loud())
    if db.carries:
        server.add_middleware(Carrying(db))
    return Host(db, called_from())
