"""The states of all sessions and instances on one path, as the parts of the model share them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from typing import Literal, Self

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

    def put(self, state: InstanceState) -> None:
        self.instances[state.key] = state

    def begin(self, session: SessionState) -> SessionState:
        """The session in a transaction, begun now when it was idle."""
        if session.phase in ("idle", "unknown"):
            session = replace(session, phase="in-transaction", savepoints=session.savepoints or (Savepoint(),))
            self.sessions[session.key] = session
        return session
