"""Session classes of the project: what their own methods add to SQLAlchemy's, or put in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..paths.state import State
from ..paths.values import UNKNOWN, Bound, Call, Const, Sess, Value
from ..program.modules import Class, Function
from .methods import close_session, open_session, session_method

if TYPE_CHECKING:
    from ..paths.flow import Flow


def own_method(flow: Flow, session: Sess, name: str) -> Function | None:
    """The method of this name that a session's class has in the project."""
    settings = flow.analyzer.sessions.get(session.key)
    cls = settings.cls if settings is not None else None
    return flow.analyzer.class_named(cls).method(name) if cls is not None and flow.analyzer.has(cls) else None


def construct_session(flow: Flow, cls: Class, is_async: bool, call: Call, state: State) -> Sess:
    """`ShopSession(engine)`."""
    session = Sess(flow.key(call.node, "session"), is_async)
    flow.analyzer.of_class(session, cls)
    expire = call.keyword("expire_on_commit")
    bound = (
        True
        if call.args or any(call.keyword(name) for name in ("bind", "binds", "**"))
        else None
        if finds_bind(cls)
        else False
    )
    flow.analyzer.reach.bind(session.key, call.argument(0, "bind"))
    return open_session(flow, session, state, call.node, expire=expire != Const(False), bound=bound)


def finds_bind(cls: Class) -> bool:
    """Whether a session class may find its engine by itself."""
    return any(name in base.methods for base in cls.mro if isinstance(base, Class) for name in ("__init__", "get_bind"))


def super_of(flow: Flow, call: Call, state: State) -> Value:
    """`super()` in a method of a session class."""
    arguments = flow.function.head.args if flow.function is not None and flow.function.cls is not None else None
    first = [*arguments.posonlyargs, *arguments.args][:1] if arguments else []
    me = flow.env(state).get(first[0].arg, UNKNOWN) if first else UNKNOWN
    return Bound(me, "super") if isinstance(me, Sess) else UNKNOWN


def base_method(flow: Flow, session: Sess, name: str, call: Call, state: State) -> Value:
    """`super().commit()`: what SQLAlchemy's own method does."""
    if name in {"__exit__", "__aexit__"}:
        close_session(flow, session, state, call.node)
        return UNKNOWN
    return session if name in {"__enter__", "__aenter__"} else session_method(flow, session, name, call, state)
