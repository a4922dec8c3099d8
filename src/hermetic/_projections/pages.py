"""Pages of a query: between two cursors, or by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ..errors import BadProjection
from .cursors import read_cursor, write_cursor
from .keyset import Order, total_order
from .plan import Plan
from .prepare import Prepared, Statement, is_limited, is_ordered, prepare, selected_by
from .rows import Fetched, fetch_rows
from .run import RootStep, filters_of
from .settle import settled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page between two cursors; `next` and `previous` are None where there is nothing more that way."""

    items: list[T]
    next: str | None
    previous: str | None


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[T]):
    """A page by its number, the first is 1; `total` counts the rows of all pages."""

    items: list[T]
    number: int
    size: int
    total: int


def pageable(statement: Statement, *, may_be_ordered: bool) -> Select[Any]:
    """The statement, when a page can order and limit it. Any: of whatever class. Raises BadProjection when it cannot."""
    if not isinstance(statement, Select):
        raise BadProjection(
            "A page orders and limits its statement, which from_statement(…) does not allow.\n"
            "  Write the statement as select(SomeClass), with a subquery or a CTE inside."
        )
    if is_limited(statement):
        raise BadProjection("A page sets the limit itself, and the statement has one.\n  Leave it out and pass size=…")
    if not may_be_ordered and is_ordered(statement):
        raise BadProjection(
            "A page between cursors needs to know its order, and the statement has one of its own.\n"
            "  Leave it out and pass order_by=[…]."
        )
    return statement


@dataclass(frozen=True, slots=True)
class CursorPages(Generic[T]):
    """The pages of a query in an order, ready to be read one by one."""

    prepared: Prepared
    order: Order
    identity: str
    secret: bytes

    def read(self, session: Session, parameters: Mapping[str, object] | None, size: int, cursor: str | None) -> Page[T]:
        """The page that a cursor leads to, the first without one. Raises BadCursor when it was not made by us."""
        check_positive("size", size)
        place = read_cursor(cursor, query=self.identity, secret=self.secret) if cursor is not None else None
        backwards = place is not None and place[1]

        def run(current: Prepared) -> Fetched:
            statement = self.limited(current, place, size + 1)
            return fetch_rows(session, statement, parameters, {}, current.width)

        current, fetched = settled(self.prepared, run, attrgetter("context"))
        has_more = len(fetched.rows) > size
        rows = list(fetched.rows[:size])
        if backwards:
            rows.reverse()
        chosen = Fetched(rows, fetched.context, fetched.column_types)
        first, last = self.ends(current, chosen)
        return Page(
            items=dtos(current, chosen, session),
            next=self.cursor(last, backwards=False) if rows and (has_more or backwards) else None,
            previous=self.cursor(first, backwards=True) if rows and (has_more if backwards else cursor) else None,
        )

    def limited(self, current: Prepared, place: tuple[list[object], bool] | None, rows: int) -> Any:
        """The statement for so many rows from that place on. Any: a Select of whatever columns."""
        entity, statement = current.chosen.entity, current.statement
        if place is None:
            return statement.order_by(*self.order.terms(entity, backwards=False)).limit(rows)
        values, backwards = place
        beyond = statement.where(self.order.after(entity, values, backwards=backwards))
        return beyond.order_by(*self.order.terms(entity, backwards=backwards)).limit(rows)

    def ends(self, current: Prepared, fetched: Fetched) -> tuple[Sequence[object], Sequence[object]]:
        """What the first and the last row sort by. Raises BadProjection when a row comes twice."""
        built = current.step.built(fetched)
        query = current.step.query
        places = [query.place(query.entity, key.attribute) for key in self.order.keys]
        values = [tuple(built.value(row, place) for place in places) for row in fetched.rows]
        if len(set(values)) < len(values):
            raise BadProjection(
                "A row comes twice, so a page could end between the two.\n"
                "  Add .distinct() to the statement, or replace its join by .any(…)."
            )
        return (values[0], values[-1]) if values else ((), ())

    def cursor(self, values: Sequence[object], *, backwards: bool) -> str:
        """The cursor for the page after, or before, a row with these values."""
        return write_cursor(values, backwards=backwards, query=self.identity, secret=self.secret)


def cursor_pages(
    plan: Plan, statement: Statement, validate: bool | None, order_by: Sequence[Any], secret: str | bytes
) -> CursorPages[Any]:
    """The pages of a statement in an order. Any: expressions of whatever type, DTOs of whatever class."""
    if not secret:
        raise BadProjection(
            "A cursor is signed, or a client could make up its own, and the secret is empty.\n"
            "  Pass secret=… from your settings, or ask for a page by its number."
        )
    order = total_order(plan.mapper, order_by)
    extra = tuple(key.attribute for key in order.keys)
    prepared = prepare(plan, pageable(statement, may_be_ordered=False), selected_by(statement), validate, extra)
    identity = f"{plan.shape.name} {plan.mapper.class_.__name__} {order.spelled()}"
    return CursorPages(prepared, order, identity, secret.encode() if isinstance(secret, str) else secret)


@dataclass(frozen=True, slots=True)
class NumberedPages(Generic[T]):
    """The pages of a query by number; `counted` counts its rows, once it has the filters that hold for the query."""

    prepared: Prepared
    order_by: tuple[Any, ...]  # Any: expressions of whatever type
    counted: Any  # a Select of whatever columns

    def read(
        self, session: Session, parameters: Mapping[str, object] | None, size: int, number: int
    ) -> NumberedPage[T]:
        """The page of that number, and how many rows there are."""
        check_positive("size", size)
        check_positive("number", number)

        def run(current: Prepared) -> Fetched:
            statement = current.statement.order_by(*self.order_by).limit(size).offset(size * (number - 1))
            return fetch_rows(session, statement, parameters, {}, current.width)

        current, fetched = settled(self.prepared, run, attrgetter("context"))
        total = session.execute(self.counted.options(*filters_of(fetched)), parameters).scalar_one()
        return NumberedPage(dtos(current, fetched, session), number, size, total)


def numbered_pages(
    plan: Plan, statement: Statement, validate: bool | None, order_by: Sequence[Any]
) -> NumberedPages[Any]:
    """The pages of a statement, in its own order or the given one. Any: expressions and DTOs of whatever type."""
    chosen = pageable(statement, may_be_ordered=True)
    prepared = prepare(plan, chosen, selected_by(chosen), validate)
    keys = [
        getattr(prepared.chosen.entity, plan.mapper.get_property_by_column(column).key)
        for column in plan.mapper.primary_key
    ]
    rows = chosen.with_only_columns(*keys, maintain_column_froms=True).order_by(None).subquery()
    return NumberedPages(prepared, (*order_by, *keys), select(func.count()).select_from(rows))


def check_positive(name: str, value: int) -> None:
    """Raise BadProjection for a page of no rows or before the first."""
    if value < 1:
        raise BadProjection(f"A page has {name}=1 at least, and {name}={value} was asked for.")


def dtos(prepared: Prepared, fetched: Fetched, session: Session) -> list[Any]:
    """The DTOs of these rows. Any: of whatever class."""
    step: RootStep = prepared.step
    return step.dtos(session, fetched, below_options(prepared))


def below_options(prepared: Prepared) -> dict[str, Any]:
    """How the queries below run; nothing is pending any more, so they need not flush. Any: options of any kind."""
    return {**prepared.options, "autoflush": False}
