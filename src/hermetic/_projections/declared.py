"""A query that is declared once and run often: a DTO, a mapped class and a statement, made ready for each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Hashable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar, overload

from sqlalchemy.orm import Mapper

from .mapped import beside
from .pages import NumberedPage, Page, cursor_pages, numbered_pages
from .plan import Plan, make_plan
from .prepare import Selected, Statement, prepare, selected_by
from .reading import REQUIRED, Parameters, read_all, read_first, read_json, read_one
from .sessions import AnyAsyncSession, AnySession, SyncSession, on
from .streaming import streamed

T = TypeVar("T")
D = TypeVar("D")
Awaited = Coroutine[Any, Any, T]  # Any: what a coroutine is sent, which is nothing


class DeclaredQuery(Generic[T]):
    """A statement whose rows are read as DTOs; every verb takes the session and the statement's parameters.

    With an AsyncSession the result of a verb is awaited.
    """

    def __init__(self, plan: Plan, statement: Statement, validate: bool | None) -> None:
        self.laid = plan
        self.statement = statement
        self.validate = validate
        self.prepared = prepare(plan, statement, selected_by(statement), validate)

    @overload
    def all(self, session: SyncSession, parameters: Parameters | None = None) -> list[T]: ...
    @overload
    def all(self, session: AnyAsyncSession, parameters: Parameters | None = None) -> Awaited[list[T]]: ...
    def all(self, session: AnySession, parameters: Parameters | None = None) -> list[T] | Awaited[list[T]]:
        """Every DTO, in the statement's order."""
        return on(session, partial(read_all, prepared=self.prepared, parameters=parameters))

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
        return on(session, partial(read_one, prepared=self.prepared, parameters=parameters, default=default))

    @overload
    def first(self, session: SyncSession, parameters: Parameters | None = None) -> T | None: ...
    @overload
    def first(self, session: AnyAsyncSession, parameters: Parameters | None = None) -> Awaited[T | None]: ...
    def first(self, session: AnySession, parameters: Parameters | None = None) -> T | Awaited[T | None] | None:
        """The first DTO, or None when there is no row; give the statement an order and limit(1)."""
        return on(session, partial(read_first, prepared=self.prepared, parameters=parameters))

    @overload
    def json(self, session: SyncSession, parameters: Parameters | None = None) -> bytes: ...
    @overload
    def json(self, session: AnyAsyncSession, parameters: Parameters | None = None) -> Awaited[bytes]: ...
    def json(self, session: AnySession, parameters: Parameters | None = None) -> bytes | Awaited[bytes]:
        """Every DTO, as a JSON array in UTF-8; see `hermetic.fetch_json`."""
        return on(session, partial(read_json, prepared=self.prepared, parameters=parameters))

    @overload
    def stream(
        self, session: SyncSession, parameters: Parameters | None = None, *, batch_rows: int = 500
    ) -> Iterator[T]: ...
    @overload
    def stream(
        self, session: AnyAsyncSession, parameters: Parameters | None = None, *, batch_rows: int = 500
    ) -> AsyncIterator[T]: ...
    def stream(
        self, session: AnySession, parameters: Parameters | None = None, *, batch_rows: int = 500
    ) -> Iterator[T] | AsyncIterator[T]:
        """The DTOs one by one; see `hermetic.stream`."""
        return streamed(session, self.prepared, parameters, batch_rows)

    @overload
    def page(
        self,
        session: SyncSession,
        parameters: Parameters | None = None,
        *,
        size: int = 50,
        order_by: Sequence[Any] = (),
        cursor: str | None = None,
        secret: str | bytes,
    ) -> Page[T]: ...
    @overload
    def page(
        self,
        session: AnyAsyncSession,
        parameters: Parameters | None = None,
        *,
        size: int = 50,
        order_by: Sequence[Any] = (),
        cursor: str | None = None,
        secret: str | bytes,
    ) -> Awaited[Page[T]]: ...
    def page(
        self,
        session: AnySession,
        parameters: Parameters | None = None,
        *,
        size: int = 50,
        order_by: Sequence[Any] = (),
        cursor: str | None = None,
        secret: str | bytes,
    ) -> Page[T] | Awaited[Page[T]]:
        """The page that a cursor leads to; see `hermetic.fetch_page`."""
        pages = cursor_pages(self.laid, self.statement, self.validate, order_by, secret)
        return on(session, partial(pages.read, parameters=parameters, size=size, cursor=cursor))

    @overload
    def numbered_page(
        self,
        session: SyncSession,
        parameters: Parameters | None = None,
        *,
        number: int,
        size: int = 50,
        order_by: Sequence[Any] = (),
    ) -> NumberedPage[T]: ...
    @overload
    def numbered_page(
        self,
        session: AnyAsyncSession,
        parameters: Parameters | None = None,
        *,
        number: int,
        size: int = 50,
        order_by: Sequence[Any] = (),
    ) -> Awaited[NumberedPage[T]]: ...
    def numbered_page(
        self,
        session: AnySession,
        parameters: Parameters | None = None,
        *,
        number: int,
        size: int = 50,
        order_by: Sequence[Any] = (),
    ) -> NumberedPage[T] | Awaited[NumberedPage[T]]:
        """The page of that number, the first is 1; see `hermetic.fetch_page`."""
        pages = numbered_pages(self.laid, self.statement, self.validate, order_by)
        return on(session, partial(pages.read, parameters=parameters, size=size, number=number))


def plan_for(dto: Any, chosen: Selected) -> Plan:
    """The plan for a DTO and what a statement selects; for a class alone it is made once.

    Any: type checkers do not know that classes are hashable.
    """
    if not chosen.beside:
        return kept_plan(dto, chosen.mapper)
    return make_plan(dto, chosen.mapper, beside={name: beside(name, one) for name, one in chosen.beside.items()})


@lru_cache(maxsize=1024)
def kept_plan(dto: Hashable, mapper: Mapper[Any]) -> Plan:
    """The plan, from memory after the first time."""
    return make_plan(dto, mapper)
