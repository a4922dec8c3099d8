"""What the blocks of a Database and of an AsyncDatabase have in common: all of them that waits for nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from .._where import Site
from .ending import is_idle
from .home import Home, Options, Room
from .replicas import Carried
from .scope import Kind, Scope
from .sessions import plain_of

S = TypeVar("S", bound=Session | AsyncSession)


class Served(ABC, Generic[S]):
    """What a Database and an AsyncDatabase both have: a home, sessions for scopes, and tokens for who reads replicas."""

    home: Home[Any, S]  # Any: an engine of the one kind or the other

    @abstractmethod
    def session_on(self, scope: Scope) -> S:
        """A session for a scope."""

    def token(self) -> str:
        """What later reads must see of what was written around here, signed, for a cookie or a header; "" for nothing.

        Raises BadDatabase without a secret.
        """
        return self.home.replicas.token() if self.home.replicas is not None else ""

    def expect(self, token: str) -> None:
        """Let the reads around here see at least what a token tells of. Raises BadToken for one that was not given here."""
        if self.home.replicas is not None and token:
            self.home.replicas.accept(token)

    @property
    def carries(self) -> bool:
        """Whether a client can carry what its reads have to see from one request to the next."""
        return self.home.replicas is not None and self.home.replicas.signs

    def carry(self, token: str) -> Carried | None:
        """For a host: what the reads of the request that begins here must see, with what its client brought; None for nothing."""
        return self.home.replicas.carry(token) if self.home.replicas is not None and self.carries else None


class Outermost(Generic[S]):
    """The context manager of an outermost scope, but for what it waits for."""

    __slots__ = ("_database", "_kind", "_opened", "_options", "_room", "_scope", "_session")

    def __init__(
        self, database: Served[S], kind: Kind, opened: Site, options: Options, room: Room | None = None
    ) -> None:
        self._database = database
        self._kind = kind
        self._opened = opened
        self._options = options
        self._room = room

    @property
    def is_idle(self) -> bool:
        """Whether its end has nothing to do that takes time."""
        scope = self._scope
        if scope.hooks or scope.holder is not None or scope.task is not None:
            return False
        plain = plain_of(self._session)
        return plain is None or is_idle(scope, plain)

    def widen(self) -> None:
        """Make a read scope in which nothing has happened yet a unit of work."""
        self._scope.widen()

    def _open(self, owner: object) -> S:
        """Open the scope for its owner; a connection is taken when the first statement is sent."""
        home = self._database.home
        options = home.spelled(self._options)
        self._scope = Scope(self._kind, self._opened, owner, home.open_scopes, options, home.settings.idle_limit_s)
        self._session = session = self._database.session_on(self._scope)
        home.enter(self._scope, session, self._room)
        return session

    def _leave(self) -> None:
        """The scope has ended."""
        self._database.home.leave(self._scope, self._room)
        plain = plain_of(self._session)
        if plain is not None:
            self._database.home.kept.keep(plain)

    def _leave_idle(self, error: BaseException | None) -> None:
        """The scope ends, and nothing was begun in it."""
        self._scope.close("committed" if error is None else "rolled back")
        self._leave()


class Reading(Generic[S]):
    """The context manager of a read scope inside of another scope, whose session it reads with; it waits for nothing."""

    __slots__ = ("_scope", "_session")

    def __init__(self, scope: Scope, session: S) -> None:
        self._scope = scope
        self._session = session

    def __enter__(self) -> S:
        self._scope.read_inside(1)
        return self._session

    def __exit__(self, *_error: object) -> None:
        self._scope.read_inside(-1)

    async def __aenter__(self) -> S:
        return self.__enter__()

    async def __aexit__(self, *_error: object) -> None:
        self.__exit__()
