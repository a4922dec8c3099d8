"""Knows a statement again that differs from an earlier one only in the values its columns are compared with.

SQLAlchemy has no public key that two such statements share, so only the plainest are known: a mapped class, and
columns compared with values. Any other statement is prepared anew.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, BooleanClauseList, Column, Select, bindparam, select, true

VALUE = "hermetic_value"
OPERATORS = frozenset({operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge})

# The kind of statement, the class it selects, then each comparison: its column, and how Python compares.
Form = tuple[type[Select[Any]], type, *tuple[Any, ...]]  # Any: columns of whatever type, functions of whatever result


def comparisons_of(statement: object) -> tuple[Form, dict[str, object]] | None:
    """The form of a statement and the values in it, by the names of parameters; None when it says anything else."""
    if not isinstance(statement, Select):
        return None
    first, *others = statement.column_descriptions
    entity = first["entity"]
    if others or not isinstance(entity, type) or first["expr"] is not entity or says_more(statement, entity):
        return None
    form: list[Any] = []
    values: dict[str, object] = {}
    for term in conditions(statement):
        if not isinstance(term, BinaryExpression) or not compares(term):
            return None
        form += (term.left, term.operator)
        values[f"{VALUE}_{len(values)}"] = term.right.value
    return (type(statement), entity, *form), values


def says_more(statement: Select[Any], entity: type) -> bool:
    """Whether a statement was told more than a class and a condition. Any: of whatever class.

    It keeps what it was told in its namespace, under a name for each kind of clause.
    """
    return not vars(statement).keys() <= names_kept(entity)


@lru_cache(maxsize=1024)
def names_kept(entity: type) -> frozenset[str]:
    """The names under which a statement keeps a class and a condition."""
    return frozenset(vars(select(entity).where(true())))


def conditions(statement: Select[Any]) -> Sequence[object]:
    """What all has to hold of a row. Any: of whatever class."""
    where = statement.whereclause
    if isinstance(where, BooleanClauseList) and where.operator is operator.and_:
        return where.clauses
    return () if where is None else (where,)


def compares(term: BinaryExpression[Any]) -> bool:
    """Whether a term compares a column with a value given in its place. Any: of whatever type."""
    column, value = term.left, term.right
    return (
        term.operator in OPERATORS
        and isinstance(value, BindParameter)
        and value.unique
        and value.type is column.type
        and isinstance(column, Column)
        and not (value.required or value.expanding or value.literal_execute or value.callable or term.modifiers)
    )


def with_parameters(form: Form) -> Select[Any] | None:
    """The statement of a form, or None where a column's type has its own comparison. Any: of whatever class."""
    kind, entity, *terms = form
    statement = kind(entity)
    for place, (column, how) in enumerate(zip(terms[::2], terms[1::2], strict=True)):
        term = how(column, bindparam(f"{VALUE}_{place}", type_=column.type))
        if not isinstance(term, BinaryExpression) or term.left is not column or term.operator is not how:
            return None
        statement = statement.where(term)
    return statement
