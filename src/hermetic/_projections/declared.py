"""A query that is declared once and run often: a DTO, a mapped class and a statement, made ready for each other."""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Mapping
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar, overload
from weakref import WeakKeyDictionary

from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Mapper, Session

from .plan import Plan, make_plan
from .prepare import Statement, prepare
from .rows import Fetched, fetch_rows
from .sessions import AnyAsyncSession, AnySession, SyncSession, on

T = TypeVar("T")
D = TypeVar("D")
Parameters = Mapping[str, object]
REQUIRED = object()  # in place of a default: a row has to be there
Awaited = Coroutine[Any, Any, T]  # Any: what a coroutine is sent, which is nothing


class DeclaredQuery(Generic[T]):
    """A statement whose rows are read as DTOs; every verb takes the session and the statement's parameters."""

    def __init__(self, plan: Plan, statement: Statement, validate: bool | None) -> None:
        self.prepared = prepare(plan, statement, validate)
        self.root = self.prepared.step

    @overload
    def all(self, session: SyncSession, parameters: Parameters | None = None) -> list[T]: ...
    @overload
    def all(self, session: AnyAsyncSession, parameters: Parameters | None = None) -> Awaited[list[T]]: ...
    def all(self, session: AnySession, parameters: Parameters | None = None) -> list[T] | Awaited[list[T]]:
        """Every DTO, in the statement's order."""
        return on(session, partial(self.read, parameters=parameters))

    @overload
    def one(self, session: SyncSession, parameters: Parameters | None = None) -> T: ...
    @overload
    def one(self, session: AnyAsyncSession, parameters: Parameters | None = None) -> Awaited[T]: ...
    @overload
    def one(self, session: SyncSession, parameters: Parameters | None = None, *, default: D) -> T | D: ...
    @overload
    def one(self, session: AnyAsyncSession, parameters: Parameters | None = None, *, default: D) -> Awaited[T | D]: ...
    def one(self, session: AnySession, parameters: Parameters | None = None, *, default: object = REQUIRED) -> object:
        """The one DTO; without a row the `default`, if one is given.

        Raises SQLAlchemy's NoResultFound when there is no row and no default, its MultipleResultsFound when there are
        two.
        """
        return on(session, partial(self.read_one, parameters=parameters, default=default))

    @overload
    def first(self, session: SyncSession, parameters: Parameters | None = None) -> T | None: ...
    @overload
    def first(self, session: AnyAsyncSession, parameters: Parameters | None = None) -> Awaited[T | None]: ...
    def first(self, session: AnySession, parameters: Parameters | None = None) -> T | Awaited[T | None] | None:
        """The first DTO, or None when there is no row; give the statement an order and limit(1)."""
        return on(session, partial(self.read_first, parameters=parameters))

    def read(self, session: Session, parameters: Parameters | None) -> list[T]:
        """Every DTO, on a plain session."""
        return self.made(session, self.rows(session, parameters))

    def read_one(self, session: Session, parameters: Parameters | None, default: object) -> object:
        """The one DTO or the default, on a plain session; two rows are refused before anything is made of them."""
        fetched = self.rows(session, parameters)
        if len(fetched.rows) > 1:
            raise MultipleResultsFound(f"{len(fetched.rows)} rows were found for {self.name} when one was required")
        if fetched.rows:
            return self.made(session, fetched)[0]
        if default is REQUIRED:
            raise NoResultFound(f"No row was found for {self.name} when one was required")
        return default

    def read_first(self, session: Session, parameters: Parameters | None) -> T | None:
        """The first DTO or None, on a plain session; no query below looks for the rows that are dropped."""
        fetched = self.rows(session, parameters)
        first = Fetched(fetched.rows[:1], fetched.context, fetched.column_types)
        return self.made(session, first)[0] if first.rows else None

    def rows(self, session: Session, parameters: Parameters | None) -> Fetched:
        """The rows of the first query."""
        prepared = self.prepared
        return fetch_rows(session, prepared.statement, parameters, {}, prepared.width)

    def made(self, session: Session, fetched: Fetched) -> list[T]:
        """The DTOs of these rows; nothing is pending any more, so the queries below need not flush."""
        return self.root.dtos(session, fetched, {**self.prepared.options, "autoflush": False})

    @property
    def name(self) -> str:
        """The DTO's name."""
        return self.root.query.node.plan.shape.name


def plan_for(dto: Any, mapper: Mapper[Any]) -> Plan:
    """The plan for a DTO and a mapped class, made once. Any: type checkers do not know that classes are hashable."""
    return kept_plan(dto, mapper)


@lru_cache(maxsize=1024)
def kept_plan(dto: Hashable, mapper: Mapper[Any]) -> Plan:
    """The plan, from memory after the first time."""
    return make_plan(dto, mapper)


READY: WeakKeyDictionary[Statement, dict[tuple[object, bool | None], DeclaredQuery[Any]]] = WeakKeyDictionary()
