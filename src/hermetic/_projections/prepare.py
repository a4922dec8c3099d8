"""A user's statement made into one that selects only what a DTO names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, inspect, select
from sqlalchemy.orm import FromStatement, Mapper, QueryableAttribute

from ..errors import BadProjection
from .layout import Form, Query, lay_out
from .plan import Plan
from .run import RootStep

Statement = Select[Any] | FromStatement[Any]  # Any: of whatever class


@dataclass(slots=True)
class Prepared:
    """A statement ready to run.

    `step` runs the queries; `width` is how many columns the rows have when they come in the step's order;
    `unjoined` does the same without joins, once they have met a filter that does not reach them.
    """

    statement: Any  # a Select of whatever columns, or what stands in for one
    chosen: Selected
    form: Form
    step: RootStep
    options: Mapping[str, Any]  # Any: execution options of whatever kind
    width: int | None
    unjoined: Prepared | None = None


def check_statement(statement: object) -> None:
    """Raise BadProjection for what is no statement that selects a class."""
    if not isinstance(statement, Select | FromStatement):
        raise BadProjection(
            f"A projection reads from select(SomeClass) or select(SomeClass).from_statement(…), and this is "
            f"{describe_object(statement)}.\n"
            f"  A UNION or a text goes in as select(SomeClass).from_statement(it)."
        )


@dataclass(frozen=True, slots=True)
class Selected:
    """What a statement selects: a mapped class or an alias of one, and expressions beside it by their labels."""

    entity: Any  # SQLAlchemy has no name for both
    mapper: Mapper[Any]  # Any: of whatever class
    beside: Mapping[str, Any]  # Any: expressions of whatever type


def selected_by(statement: Statement) -> Selected:
    """What a statement selects. Raises BadProjection when that is not one mapped class, with labels beside it."""
    check_statement(statement)
    first, *others = statement.column_descriptions
    entity = first["expr"]
    is_entity = first["entity"] is not None and entity is first["entity"]
    others_are_labels = all(isinstance(one["expr"], ColumnElement | QueryableAttribute) for one in others)
    if not is_entity or not others_are_labels or (others and isinstance(statement, FromStatement)):
        names = ", ".join(str(one["name"]) for one in statement.column_descriptions)
        raise BadProjection(
            f"A projection reads from a statement that selects one mapped class, and this one selects {names}.\n"
            f"  Select the class first; the DTO says which of its columns are wanted. Expressions may follow, labelled "
            f"with the names of their fields."
        )
    return Selected(entity, mapper_of(entity), {str(one["name"]): one["expr"] for one in others})


def describe_object(thing: object) -> str:
    """What was passed in a statement's place, in a word or two."""
    return thing.__name__ + " itself" if isinstance(thing, type) else f"a {type(thing).__name__}"


def mapper_of(entity: Any) -> Mapper[Any]:
    """The mapper of a mapped class or an alias of one. Any: SQLAlchemy has no name for both.

    Raises BadProjection when it is neither.
    """
    inspected = inspect(entity, raiseerr=False)
    mapper = getattr(inspected, "mapper", None)
    if not isinstance(mapper, Mapper):
        raise BadProjection(
            f"{describe_object(entity)} is no mapped class.\n  Name the class that SQLAlchemy maps, then the DTO."
        )
    return mapper


def prepare(
    plan: Plan, statement: Statement, chosen: Selected, validate: bool | None, extra: tuple[str, ...] = ()
) -> Prepared:
    """Replace what a statement selects, the `chosen`, by the columns of the plan; whatever else it says stays.

    `extra` are attributes of the class that are selected although no field wants them.
    """
    if isinstance(statement, FromStatement):
        form = Form(False, False, extra)
        step, query = laid_out(plan, chosen, form, validate)
        read = select(*query.columns).from_statement(statement.element)
        return Prepared(read, chosen, form, step, kept_options(statement), None)
    is_distinct = statement.compare(statement.distinct())
    joins = not (plan.has_related and (is_distinct or is_grouped(statement)))
    form = Form(joins, is_distinct, extra)
    step, query = laid_out(plan, chosen, form, validate)
    selected = statement.with_only_columns(*query.columns)
    for join in query.joins:
        selected = selected.outerjoin(join)
    return Prepared(selected, chosen, form, step, kept_options(statement), len(query.columns))


def without_joins(prepared: Prepared) -> Prepared:
    """The same, with a query of its own for every related row; the joins stay in the statement and select nothing."""
    form = replace(prepared.form, joins=False, joins_below=False)
    step, query = laid_out(prepared.step.query.node.plan, prepared.chosen, form, prepared.step.validate)
    if prepared.width is None:
        return replace(prepared, form=form, step=step)
    statement = prepared.statement.with_only_columns(*query.columns)
    return replace(prepared, statement=statement, form=form, step=step, width=len(query.columns))


def laid_out(plan: Plan, chosen: Selected, form: Form, validate: bool | None) -> tuple[RootStep, Query]:
    """What runs the plan, and the columns for this statement.

    It is compiled once for all statements of one form; an alias only has other columns in the same places. Labels
    are the statement's own, so what reads them is compiled for it.
    """
    if chosen.beside:
        query = lay_out(plan, chosen.entity, form, chosen.beside)
        return RootStep(query, validate), query
    step = root_step(plan, form, validate)
    if chosen.entity is plan.mapper.class_:
        return step, step.query
    return step, lay_out(plan, chosen.entity, form)


@lru_cache(maxsize=1024)
def root_step(plan: Plan, form: Form, validate: bool | None) -> RootStep:
    """What runs the plan, for every statement of the form."""
    return RootStep(lay_out(plan, plan.mapper.class_, form), validate)


def kept_options(statement: Statement) -> dict[str, Any]:
    """The statement's execution options that hold for the queries below as well. Any: options of whatever kind."""
    return {key: kept for key, kept in statement.get_execution_options().items() if key != "yield_per"}


def is_grouped(statement: Select[Any]) -> bool:
    """Whether a statement has a GROUP BY, to which a join would add columns."""
    return len(list(statement.get_children())) != len(list(statement.group_by(None).get_children()))


def is_ordered(statement: Select[Any]) -> bool:
    """Whether a statement has an ORDER BY."""
    return len(list(statement.get_children())) != len(list(statement.order_by(None).get_children()))


def is_limited(statement: Select[Any]) -> bool:
    """Whether a statement has a LIMIT or an OFFSET."""
    return len(list(statement.get_children())) != len(list(statement.limit(None).offset(None).get_children()))
