"""What a provider that a model file states does to a path, said in records."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..._lifecycle.records import RolledBack
from ..paths.outcomes import Exit, Raised
from ..paths.state import State
from ..paths.values import UNKNOWN, Call, Cm, Maker, Provided, Ref, Sess, Value
from ..program.modules import External
from ..providers import Provider
from ..sessions.methods import close_session, commit, open_session

if TYPE_CHECKING:
    from ..paths.flow import Flow


def named(provider: Provider | None) -> Value | None:
    """What the name of a provider stands for by itself; None where only a call of it gives something."""
    if provider is None or provider.kind not in {"alias", "factory", "scoped"}:
        return None
    if provider.means is not None:
        return Ref(External(provider.means))
    is_scoped = provider.kind == "scoped"
    return Maker(
        ("provider", provider.name), provider.is_async, provider.expire_on_commit, bound=True, scoped=is_scoped
    )


def called(flow: Flow, provider: Provider, call: Call, state: State) -> Value:
    """What a call of a provider gives: a session that the caller has to close, or a block that has one."""
    if provider.kind in {"context", "dependency"}:
        return Cm("provided", Provided(provider), call)
    if provider.kind != "function":
        return UNKNOWN
    if provider.means is not None:
        return Ref(External(provider.means))
    session = opened(flow, provider, state, call.node)
    if provider.closes:
        state.held.pop(session.key, None)
    return session


def opened(flow: Flow, provider: Provider, state: State, node: ast.AST) -> Sess:
    """A session of a provider is opened at `node`."""
    session = Sess(flow.key(node, "session"), provider.is_async)
    return open_session(flow, session, state, node, expire=provider.expire_on_commit, bound=True)


def enter_provided(flow: Flow, cm: Value, state: State, node: ast.AST) -> Value:
    """The block of a provider begins; the provider holds the session."""
    assert isinstance(cm, Cm)
    if not isinstance(cm.subject, Provided):
        return UNKNOWN
    session = opened(flow, cm.subject.provider, state, node)
    state.held.pop(session.key, None)
    return session


def leave_provided(flow: Flow, provider: Provider, bound: Value, exit: Exit, node: ast.AST) -> None:
    """The block of a provider ends: work is committed or undone, as the provider does, and the session closed."""
    if not isinstance(bound, Sess):
        return
    notes = ("raising",) if exit.kind == "raise" else ()
    try:
        if notes and provider.commits:
            flow.emit(exit.state, RolledBack(session=bound.key, site=flow.site(node)), *notes)
        elif provider.commits:
            commit(flow, bound, exit.state, node, "block")
    except Raised:
        flow.emit(exit.state, RolledBack(session=bound.key, site=flow.site(node)), "raising")
        notes = ("raising",)
        raise
    finally:
        if provider.closes:
            close_session(flow, bound, exit.state, node, *notes)
