"""A user's statement made into one that selects only what a DTO names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, inspect, select
from sqlalchemy.orm import FromStatement, Mapper
from sqlalchemy.sql import Executable

from ..errors import BadProjection
from .layout import lay_out
from .plan import Plan
from .run import RootStep

Statement = Select[Any] | FromStatement[Any]  # Any: of whatever class


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement ready to run.

    `step` runs the queries; `width` is how many columns the rows have when they come in the step's order.
    """

    statement: Executable
    entity: Any  # a mapped class or an alias of one
    step: RootStep
    options: Mapping[str, Any]  # Any: execution options of whatever kind
    width: int | None


def selected_entity(statement: object) -> Any:
    """The one mapped class, or alias of one, that a statement selects. Any: SQLAlchemy has no name for both.

    Raises BadProjection for anything else.
    """
    if not isinstance(statement, Select | FromStatement):
        raise BadProjection(
            f"A projection reads from select(SomeClass) or select(SomeClass).from_statement(…), and this is "
            f"{describe_object(statement)}.\n"
            f"  A UNION or a text goes in as select(SomeClass).from_statement(it)."
        )
    selected = statement.column_descriptions
    if len(selected) != 1 or selected[0]["entity"] is None or selected[0]["expr"] is not selected[0]["entity"]:
        names = ", ".join(str(one["name"]) for one in selected)
        raise BadProjection(
            f"A projection reads from a statement that selects one mapped class, and this one selects {names}.\n"
            f"  Select the class alone: the DTO says which columns are wanted."
        )
    return selected[0]["expr"]


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


def prepare(plan: Plan, statement: Statement, validate: bool | None, extra: tuple[str, ...] = ()) -> Prepared:
    """Replace what a statement selects by the columns of the plan; whatever else it says stays.

    `extra` are attributes of the class that are selected although no field wants them.
    """
    entity = selected_entity(statement)
    if isinstance(statement, FromStatement):
        step = root_step(plan, False, False, validate, extra)
        query = step.query if entity is plan.mapper.class_ else lay_out(plan, entity, joins=False, extra=extra)
        chosen = select(*query.columns).from_statement(statement.element)
        return Prepared(chosen, entity, step, kept_options(statement), None)
    is_distinct = statement.compare(statement.distinct())
    joins = not (plan.has_related and (is_distinct or is_grouped(statement)))
    step = root_step(plan, joins, is_distinct, validate, extra)
    query = step.query
    if entity is not plan.mapper.class_:
        query = lay_out(plan, entity, joins=joins, whole=is_distinct, extra=extra)
    selected = statement.with_only_columns(*query.columns, maintain_column_froms=True)
    for join in query.joins:
        selected = selected.outerjoin(join)
    return Prepared(selected, entity, step, kept_options(statement), len(query.columns))


def kept_options(statement: Statement) -> dict[str, Any]:
    """The statement's execution options that hold for the queries below as well. Any: options of whatever kind."""
    return {key: kept for key, kept in statement.get_execution_options().items() if key != "yield_per"}


@lru_cache(maxsize=1024)
def root_step(plan: Plan, joins: bool, whole: bool, validate: bool | None, extra: tuple[str, ...]) -> RootStep:
    """The compiled form of a plan, for every statement of the kind; only the columns' entity may be another."""
    return RootStep(lay_out(plan, plan.mapper.class_, joins=joins, whole=whole, extra=extra), validate)


def is_grouped(statement: Select[Any]) -> bool:
    """Whether a statement has a GROUP BY, to which a join would add columns."""
    return len(list(statement.get_children())) != len(list(statement.group_by(None).get_children()))


def is_ordered(statement: Select[Any]) -> bool:
    """Whether a statement has an ORDER BY."""
    return len(list(statement.get_children())) != len(list(statement.order_by(None).get_children()))


def is_limited(statement: Select[Any]) -> bool:
    """Whether a statement has a LIMIT or an OFFSET."""
    return len(list(statement.get_children())) != len(list(statement.limit(None).offset(None).get_children()))
