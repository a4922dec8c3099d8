"""A user's statement made into one that selects only what a DTO names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, inspect, select
from sqlalchemy.orm import FromStatement, Mapper
from sqlalchemy.sql import Executable

from ..errors import BadProjection
from .layout import Query, lay_out
from .plan import Many, One, Plan

Statement = Select[Any] | FromStatement[Any]  # Any: of whatever class


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement ready to run; `width` is how many columns its rows have when they come in the order of the query."""

    statement: Executable
    query: Query
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


def prepare(plan: Plan, statement: Statement) -> Prepared:
    """Replace what a statement selects by the columns of the plan; whatever else it says stays."""
    entity = selected_entity(statement)
    options = {key: kept for key, kept in statement.get_execution_options().items() if key != "yield_per"}
    if isinstance(statement, FromStatement):
        query = lay_out(plan, entity, joins=False)
        return Prepared(select(*query.columns).from_statement(statement.element), query, options, None)
    is_distinct = statement.compare(statement.distinct())
    query = lay_out(plan, entity, joins=not needs_own_queries(plan, statement, is_distinct), whole=is_distinct)
    selected = statement.with_only_columns(*query.columns, maintain_column_froms=True)
    for join in query.joins:
        selected = selected.outerjoin(join)
    return Prepared(selected, query, options, len(query.columns))


def needs_own_queries(plan: Plan, statement: Select[Any], is_distinct: bool) -> bool:
    """Whether a related row cannot be joined to the statement without changing what it means."""
    has_related = any(isinstance(part, One | Many) for part in plan.parts)
    return has_related and (is_distinct or not statement.compare(statement.group_by(None)))
