"""Providers of dependency-injector's containers: which sessions they make, and which of them all callers share."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, cast

from ..paths.state import Site, State, site_of
from ..paths.targets import sessions_in
from ..paths.values import UNKNOWN, Call, Cm, Const, Ext, Obj, Partial, Sess, Value

if TYPE_CHECKING:
    from ..paths.flow import Flow

HOME = "dependency_injector.providers."
PROVIDER = "dependency_injector.provider"
WIRED = "dependency_injector.wiring.Provide"
_EACH_TIME = frozenset({"Factory", "Callable", "Coroutine", "ContextLocalSingleton"})
_ONCE = frozenset({"Singleton", "ThreadSafeSingleton", "Resource"})


def declared(flow: Flow, name: str, call: Call) -> Value:
    """`providers.Factory(Repository, session=session)`: what it gives shows when it is called."""
    kind = name.removeprefix(HOME)
    if kind not in _EACH_TIME | _ONCE or not call.args:
        return UNKNOWN
    made = Partial(call.args[0], call.args[1:], call.keywords)
    place, site = Const(flow.key(call.node, "provider")), Const(site_of(call.node, flow.module))
    return Ext(
        PROVIDER,
        (
            ("once", Const(kind in _ONCE)),
            ("made", made),
            ("place", place),
            ("site", site),
            ("module", Const(flow.module.name)),
        ),
    )


def is_provider(value: Value) -> bool:
    """Whether a value is the provider of a container."""
    return isinstance(value, Ext) and value.type == PROVIDER


def provided(flow: Flow, provider: Ext, call: Call, state: State) -> Value:
    """What a provider gives: something new, or the one thing that all get."""
    is_once = dict(provider.members)["once"] == Const(True)
    return _shared(flow, provider, call, state) if is_once else _made(flow, provider, call, state)


def _made(flow: Flow, provider: Ext, call: Call, state: State) -> Value:
    made = cast(Partial, dict(provider.members)["made"])
    args = tuple(_given(flow, value, call, state) for value in (*made.args, *call.args))
    keywords = tuple((name, _given(flow, value, call, state)) for name, value in (*made.keywords, *call.keywords))
    return flow.call_value(made.function, Call(call.node, args, keywords, call.awaited), state)


def injected(flow: Flow, provider: Ext, state: State) -> Value:
    """What a parameter gets from a provider; who closes a session that is in it cannot be told."""
    given = provided(flow, provider, Call(flow.function.head if flow.function is not None else ast.Pass()), state)
    for session in sessions_in(given):
        state.held.pop(session.key, None)
    return given


def _given(flow: Flow, value: Value, call: Call, state: State) -> Value:
    if isinstance(value, Ext) and is_provider(value):
        return provided(flow, value, Call(call.node), state)
    return value


def _shared(flow: Flow, provider: Ext, call: Call, state: State) -> Value:
    """One thing for all: a session of it is within the reach of every caller."""
    members = dict(provider.members)
    place = cast(Const, members["place"])
    trial = state.copy()
    with flow.silent():
        value = _made(flow, provider, call, trial)
        if isinstance(value, Cm) and value.kind == "function" and value.call is not None:
            value = flow.analyzer.generators.first(flow, value.subject, value.call, trial, call.node)
    held = sessions_in(value) or [
        session
        for (key, _), inner in trial.attrs.items()
        for session in sessions_in(inner)
        if key == getattr(value, "key", None)
    ]
    if held and not all(_is_kept_elsewhere(session) for session in held):
        sharing, key = flow.analyzer.sharing, ("global", place.value)
        home = flow.analyzer.project.modules[str(cast(Const, members["module"]).value)]
        sharing.keep(key, "singleton", "a container", cast(Site, cast(Const, members["site"]).value), home)
        sharing.used(key, flow.function)
    if isinstance(value, Sess):
        session = Sess(("global", place.value), value.is_async)
        flow.analyzer.same_settings(value, session)
        return session
    if isinstance(value, Obj):
        state.attrs.update({place: inner for place, inner in trial.attrs.items() if place[0] == value.key})
    return value


def _is_kept_elsewhere(session: Sess) -> bool:
    """Whether a session is one of a registry, or told of where it is made."""
    return isinstance(session.key, tuple) and session.key[:1] in {("scoped",), ("global",)}
