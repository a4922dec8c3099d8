"""The states of all sessions and instances on one path, as the parts of the model share them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Any, Literal, Self

from .instance import InstanceState
from .records import Key
from .session import Savepoint, SessionState

Line = Literal["2.0", "2.1"]


class States:
    """Sessions and instances by key, for one line of SQLAlchemy; the states in it are frozen, so a copy is cheap."""

    __slots__ = ("instances", "line", "sessions")

    def __init__(self, line: Line = "2.1") -> None:
        self.line: Line = line
        self.sessions: dict[Key, SessionState] = {}
        self.instances: dict[Key, InstanceState] = {}

    def copy(self) -> Self:
        """The same states on a path of its own."""
        twin = self.__class__(self.line)
        twin.sessions = self.sessions.copy()
        twin.instances = self.instances.copy()
        return twin

    def fingerprint(self) -> Hashable:
        """A value that two lifecycles share just when all their states are equal."""
        return frozenset(self.sessions.items()), frozenset(self.instances.items())

    def attached(self, session: Key) -> Iterator[InstanceState]:
        """The instances that belong to a session now."""
        return (state for state in tuple(self.instances.values()) if state.session == session)

    def session_of(self, state: InstanceState) -> SessionState | None:
        return None if state.session is None else self.sessions.get(state.session)

    def identified(self, session: Key, identity: Hashable) -> InstanceState | None:
        """The instance that a session's identity map is known to hold under an identity."""
        if identity is None:
            return None
        return next(
            (state for state in self.attached(session) if state.identity == identity and state.status == "persistent"),
            None,
        )

    def is_mapped(self, state: InstanceState) -> bool:
        """Whether a session's identity map holds an instance; one whose DELETE is asked for again is back in it."""
        if state.session is None or state.status == "persistent":
            return state.session is not None
        session = self.sessions.get(state.session)
        return session is not None and state.status == "deleted" and state.key in session.deleted

    # Any: the fields of a state, by name.
    def change(self, key: Key, **fields: Any) -> InstanceState:
        """Give an instance new values for some fields of its state."""
        state = self.instances[key] = replace(self.instances[key], **fields)
        return state

    # Any: the fields of a state, by name.
    def change_session(self, key: Key, **fields: Any) -> SessionState:
        """Give a session new values for some fields of its state."""
        session = self.sessions[key] = replace(self.sessions[key], **fields)
        return session

    def lose_track(self, session: Key) -> None:
        """Note that it cannot be told any more whether a session still works."""
        self.change_session(session, phase="unknown")

    def put(self, state: InstanceState) -> None:
        self.instances[state.key] = state

    def begin(self, key: Key) -> SessionState:
        """The session in a transaction, begun now when there was none."""
        session = self.sessions[key]
        if session.phase in ("idle", "unknown", "closed"):
            session = self.change_session(key, phase="in-transaction", savepoints=session.savepoints or (Savepoint(),))
        return session

    def mark_dirty(self, key: Key) -> None:
        """Note that the next flush looks at an instance."""
        state = self.instances[key]
        if state.session is None or state.session not in self.sessions:
            return
        session = self.begin(state.session)
        if state.status != "persistent":
            return
        if key not in session.dirty and key not in session.pending:
            self.change_session(session.key, dirty=(*session.dirty, key))
