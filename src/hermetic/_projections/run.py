"""Runs the queries of a projection, the statement's own first and then one for each collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.orm import Session

from ..errors import BadProjection
from .compile import Built, Groups, compile_query
from .layout import Below, Query
from .rows import Fetched, Options, dialect_of, fetch_rows, processors
from .shape import Validator
from .source import Source
from .statements import Lookup, lookup
from .trust import reason_to_validate

FILTER = "additional_entity_criteria"  # under which a compiled statement keeps its with_loader_criteria options


class Step:
    """One query of a projection, and those below it; compiled once for each database it meets.

    `within` is the framework that validates its DTOs as a part of others, or the empty string.
    """

    def __init__(self, query: Query, validate: bool | None, within: str = "") -> None:
        self.query = query
        self.validate = validate
        self.within = within
        source = Source(query, (), validate, within)
        self.text = source.text()
        self.below = [
            BelowStep(below, validate, source.within_below[number]) for number, below in enumerate(query.below)
        ]
        # The mappers of the classes that are joined to this query or to one below.
        self.joined: set[Any] = query.joined.union(*(step.joined for step in self.below))
        self.last: tuple[Dialect, tuple[Any, ...], Built] | None = None  # Any: codes of the driver
        self.converted: Built | None = None

    def made(self, session: Session, fetched: Fetched, options: Options) -> Any:
        """What the rows are made into: DTOs, or what they are validated from. Any: a list, or a dict of lists by key."""
        built = self.built(fetched)
        if not self.below:
            return built.build(fetched.rows)
        filters = carried_filters(fetched, self.query)
        groups = [
            step.groups(session, keys(fetched.rows), dialect_of(fetched), filters, options)
            for step, keys in zip(self.below, built.keys, strict=True)
        ]
        return built.build(fetched.rows, *groups)

    def built(self, fetched: Fetched) -> Built:
        """The compiled functions for rows of this kind."""
        if fetched.column_types is None:
            if self.converted is None:
                self.converted = compile_query(self.query, {}, self.validate, self.within)
            return self.converted
        dialect = dialect_of(fetched)
        last = self.last
        if last is None or last[0] is not dialect or last[1] != fetched.column_types:
            found = processors(fetched, self.query.columns)
            built = compile_query(self.query, found, self.validate, self.within)
            last = self.last = (dialect, fetched.column_types, built)
        return last[2]


class BelowStep(Step):
    """The query for the rows that are related to those of the query above."""

    def __init__(self, below: Below, validate: bool | None, within: str) -> None:
        super().__init__(below.query, validate, within)
        self.how = below
        self.lookups: dict[str, Lookup] = {}

    def groups(
        self, session: Session, keys: list[Any], dialect: Dialect, filters: Sequence[Any], options: Options
    ) -> Groups:
        """The related DTOs by key. Any: keys of whatever type, options as SQLAlchemy makes them."""
        if not keys:
            return {}
        if dialect.name not in self.lookups:
            self.lookups[dialect.name] = lookup(self.how, dialect)
        found = self.lookups[dialect.name]
        statement = found.statement.options(*filters) if filters else found.statement
        groups: Groups = {}
        for parameters in found.parameters(keys):
            fetched = fetch_rows(session, statement, parameters, options, len(self.query.columns))
            groups |= self.made(session, fetched, options)
        return groups


class RootStep(Step):
    """The first query of a projection: its rows are the result."""

    def __init__(self, query: Query, validate: bool | None) -> None:
        super().__init__(query, validate)
        shape = query.node.plan.shape
        self.reason = reason_to_validate(query.node.plan, asked=validate)
        self.validator: Validator | None = shape.validator(shape.dto) if shape.validator and self.reason else None

    def dtos(self, session: Session, fetched: Fetched, options: Options) -> list[Any]:
        """The DTOs, one for each row, in the order of the rows. Any: of whatever class."""
        made: list[Any] = self.made(session, fetched, options)
        return made if self.validator is None else self.validator(made)


def carried_filters(fetched: Fetched, query: Query) -> list[Any]:
    """The `with_loader_criteria` options that the queries below have to obey as well. Any: as SQLAlchemy makes them."""
    if fetched.context is None:
        raise BadProjection(
            f"A do_orm_execute listener answered with a result of its own, and {query.node.plan.shape.name} needs "
            f"more queries.\n  Let the listener pass on statements that select columns."
        )
    return [option for option in filters_of(fetched) if option.propagate_to_loaders]


def filters_of(fetched: Fetched) -> list[Any]:
    """The `with_loader_criteria` options of the statement that was executed. Any: as SQLAlchemy makes them.

    A compiled statement may come from SQLAlchemy's cache with the values of another call in its filters; so it only
    tells that there are some, and the statement at hand is compiled for its own.
    """
    if fetched.context is None or not filters_in(fetched.context.compiled):
        return []
    return filters_in(fetched.context.invoked_statement.compile(dialect=fetched.context.dialect))


def joins_escape(step: Step, context: Any) -> bool:
    """Whether a filter of the statement that was executed leaves out a row that the step joins.

    `with_loader_criteria` does not reach an alias unless it says so, and a joined row is one of an alias. Any:
    SQLAlchemy's account of the execution, or None.
    """
    if not step.joined:
        return False
    compiled = getattr(context, "compiled", None)
    attributes: Mapping[Any, Any] = getattr(getattr(compiled, "compile_state", None), "global_attributes", {})
    return any(
        isinstance(key, tuple)
        and key[0] == FILTER
        and key[1] in step.joined
        and not all(one.include_aliases for one in found)
        for key, found in attributes.items()
    )


def filters_in(compiled: Any) -> list[Any]:
    """The `with_loader_criteria` options of a compiled statement. Any: SQLAlchemy declares neither of them."""
    attributes: Mapping[Any, Any] = getattr(compiled.compile_state, "global_attributes", {})
    groups = [found for key, found in attributes.items() if isinstance(key, tuple) and key[0] == FILTER]
    return list({id(option): option for group in groups for option in group}.values())
