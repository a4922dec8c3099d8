"""The public functions: a session, a DTO and a statement in, DTOs out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, overload

from sqlalchemy import select

from ..errors import BadProjection
from .declared import Awaited, DeclaredQuery, plan_for
from .pages import NumberedPage, Page, cursor_pages, numbered_pages
from .prepare import Selected, Statement, mapper_of, selected_by
from .printed import print_plan
from .reading import REQUIRED, Parameters, read_all, read_json, read_one
from .ready import ready
from .sessions import AnyAsyncSession, AnySession, SyncSession, on
from .streaming import streamed

T = TypeVar("T")
D = TypeVar("D")


class Projection(Generic[T]):
    """A DTO laid against a mapped class, checked when it is made.

    ```python
    ORDERS = Projection(OrderRead, Order)
    OF_CUSTOMER = ORDERS.query(select(Order).where(Order.customer_id == bindparam("customer")))

    OF_CUSTOMER.all(session, {"customer": 5})
    ```

    `validate` runs the DTO's own validation always or never; without it, validation runs unless the column types
    promise the field types and no field has a validator or a constraint. Raises BadProjection, naming both sides,
    when a field has no attribute to be read from or one of a type it cannot hold.
    """

    def __init__(self, dto: type[T], entity: type[Any], *, validate: bool | None = None) -> None:
        self.dto = dto
        self.entity = entity
        self.validate = validate
        self.laid = plan_for(dto, Selected(entity, mapper_of(entity), {}))
        self.whole = self.query()

    def query(self, statement: Statement | None = None) -> DeclaredQuery[T]:
        """A query that is prepared once and run often; without a statement, for every row of the class."""
        if statement is None:
            statement = select(self.entity)
        check_entity(self.dto, self.entity, statement)
        return DeclaredQuery(self.laid, statement, self.validate)

    def plan(self) -> str:
        """The SQL that would run, the number of queries, why values are validated, and the code that was compiled."""
        return print_plan(self.whole)


def check_entity(dto: object, entity: Any, statement: Statement) -> None:
    """Raise BadProjection when the statement selects another class than the projection reads. Any: a class or alias."""
    selected, expected = selected_by(statement).mapper, mapper_of(entity)
    if not selected.isa(expected):
        raise BadProjection(
            f"The projection to {getattr(dto, '__name__', dto)} reads {expected.class_.__name__}, and the statement "
            f"selects {selected.class_.__name__}.\n  Pass a statement that starts with "
            f"select({expected.class_.__name__})."
        )


@overload
def fetch(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> list[T]: ...
@overload
def fetch(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> Awaited[list[T]]: ...
def fetch(
    session: AnySession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> list[T] | Awaited[list[T]]:
    """Every row that the statement selects, as a DTO, in the statement's order; await it with an AsyncSession.

    Only what the DTO names is selected. A related row comes by a join, a collection by one more query, whatever the
    number of rows. Raises BadProjection when DTO, class and statement do not fit.
    """
    prepared, values = ready(dto, statement, validate, parameters)
    return on(session, partial(read_all, prepared=prepared, parameters=values))


@overload
def fetch_one(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> T: ...
@overload
def fetch_one(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> Awaited[T]: ...
@overload
def fetch_one(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    default: D,
    validate: bool | None = None,
) -> T | D: ...
@overload
def fetch_one(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    default: D,
    validate: bool | None = None,
) -> Awaited[T | D]: ...
def fetch_one(
    session: AnySession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    default: object = REQUIRED,
    validate: bool | None = None,
) -> object:
    """The one row that the statement selects, as a DTO; without a row the `default`, if one is given.

    Raises SQLAlchemy's NoResultFound when there is no row and no default, its MultipleResultsFound when there are two.
    """
    prepared, values = ready(dto, statement, validate, parameters)
    return on(session, partial(read_one, prepared=prepared, parameters=values, default=default))


@overload
def fetch_page(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    size: int = 50,
    order_by: Sequence[Any] = (),
    cursor: str | None = None,
    secret: str | bytes,
    validate: bool | None = None,
) -> Page[T]: ...
@overload
def fetch_page(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    size: int = 50,
    order_by: Sequence[Any] = (),
    cursor: str | None = None,
    secret: str | bytes,
    validate: bool | None = None,
) -> Awaited[Page[T]]: ...
@overload
def fetch_page(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    size: int = 50,
    order_by: Sequence[Any] = (),
    number: int,
    validate: bool | None = None,
) -> NumberedPage[T]: ...
@overload
def fetch_page(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    size: int = 50,
    order_by: Sequence[Any] = (),
    number: int,
    validate: bool | None = None,
) -> Awaited[NumberedPage[T]]: ...
def fetch_page(
    session: AnySession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    size: int = 50,
    order_by: Sequence[Any] = (),
    cursor: str | None = None,
    secret: str | bytes = b"",
    number: int | None = None,
    validate: bool | None = None,
) -> object:
    """A page of `size` rows: the one that `cursor` leads to, or the one of that `number`, the first being 1.

    Between cursors the rows are ordered by `order_by`, columns of the class, then by its primary key, so no row is
    skipped or repeated when others come and go; the page's `next` and `previous` are cursors, signed with the `secret`
    and good for the same DTO and order only. A page by number has the `total` and keeps the statement's own order.
    Any: columns of whatever type. Raises BadCursor for a cursor that was changed, BadProjection for an order that the
    pages cannot follow.
    """
    laid = plan_for(dto, selected_by(statement))
    if number is not None:
        numbered = numbered_pages(laid, statement, validate, order_by)
        return on(session, partial(numbered.read, parameters=parameters, size=size, number=number))
    pages = cursor_pages(laid, statement, validate, order_by, secret)
    return on(session, partial(pages.read, parameters=parameters, size=size, cursor=cursor))


@overload
def stream(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    batch_rows: int = 500,
    validate: bool | None = None,
) -> Iterator[T]: ...
@overload
def stream(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    batch_rows: int = 500,
    validate: bool | None = None,
) -> AsyncIterator[T]: ...
def stream(
    session: AnySession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    batch_rows: int = 500,
    validate: bool | None = None,
) -> Iterator[T] | AsyncIterator[T]:
    """Every DTO one by one, in a memory that does not grow: at most `batch_rows` rows are held at a time.

    A collection takes one query for each batch. `async for` with an AsyncSession.
    """
    prepared, values = ready(dto, statement, validate, parameters)
    return streamed(session, prepared, values, batch_rows)


@overload
def fetch_json(
    session: SyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> bytes: ...
@overload
def fetch_json(
    session: AnyAsyncSession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> Awaited[bytes]: ...
def fetch_json(
    session: AnySession,
    dto: type[T],
    statement: Statement,
    parameters: Parameters | None = None,
    *,
    validate: bool | None = None,
) -> bytes | Awaited[bytes]:
    """Every DTO as one JSON array in UTF-8, ready for the body of a response.

    Written by Pydantic, with the aliases, for its own models and what holds them; by msgspec for any other DTO.
    """
    prepared, values = ready(dto, statement, validate, parameters)
    return on(session, partial(read_json, prepared=prepared, parameters=values))


def plan(dto: type[Any], entity: type[Any]) -> str:
    """What a projection of the class to the DTO would do: its SQL, its number of queries, its compiled code.

    Any: classes of whatever kind. Raises BadProjection as `Projection` does.
    """
    return Projection(dto, entity).plan()
