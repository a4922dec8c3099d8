"""The public functions: a session, a DTO and a statement in, DTOs out."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, overload

from sqlalchemy import select

from ..errors import BadProjection
from .declared import READY, REQUIRED, Awaited, DeclaredQuery, Parameters, plan_for
from .prepare import Statement, mapper_of, selected_entity
from .printed import print_plan
from .sessions import AnyAsyncSession, AnySession, SyncSession

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
        self.laid = plan_for(dto, mapper_of(entity))
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


def check_entity(dto: object, entity: Any, statement: object) -> None:
    """Raise BadProjection when the statement selects another class than the projection reads. Any: a class or alias."""
    selected, expected = mapper_of(selected_entity(statement)), mapper_of(entity)
    if not selected.isa(expected):
        raise BadProjection(
            f"The projection to {getattr(dto, '__name__', dto)} reads {expected.class_.__name__}, and the statement "
            f"selects {selected.class_.__name__}.\n  Pass a statement that starts with "
            f"select({expected.class_.__name__})."
        )


def declared(dto: type[T], statement: Statement, validate: bool | None) -> DeclaredQuery[T]:
    """The query for a DTO and a statement; a statement that is kept and passed again is prepared once."""
    entity = selected_entity(statement)
    ready = READY.setdefault(statement, {})
    key = (dto, validate)
    if key not in ready:
        ready[key] = DeclaredQuery(plan_for(dto, mapper_of(entity)), statement, validate)
    return ready[key]


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
    return declared(dto, statement, validate).all(session, parameters)


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
    return declared(dto, statement, validate).one(session, parameters, default=default)


def plan(dto: type[Any], entity: type[Any]) -> str:
    """What a projection of the class to the DTO would do: its SQL, its number of queries, its compiled code.

    Any: classes of whatever kind. Raises BadProjection as `Projection` does.
    """
    return Projection(dto, entity).plan()
