"""A projection in words: the SQL of every query, whether values are validated, and the code that was compiled."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite

from .declared import DeclaredQuery
from .run import BelowStep, Step
from .statements import lookup


def print_plan(query: DeclaredQuery[Any], dialect: Dialect | None = None) -> str:
    """What the query would do, in the SQL of a dialect, SQLite's unless another is given. Any: of whatever DTO."""
    dialect = dialect or sqlite.dialect()
    steps = all_steps(query.prepared.step)
    plan = query.prepared.step.query.node.plan
    lines = [
        f"{plan.shape.name} ({plan.shape.kind}) from {plan.mapper.class_.__name__}: "
        f"{len(steps)} {'query' if len(steps) == 1 else 'queries'}",
        f"validated: {query.prepared.step.reason}" if query.prepared.step.reason else unchecked(query),
    ]
    for number, step in enumerate(steps, 1):
        statement = lookup(step.how, dialect).statement if isinstance(step, BelowStep) else query.prepared.statement
        sql = str(statement.compile(dialect=dialect))
        lines += ["", f"query {number}", indented(sql), indented(step.text)]
    return "\n".join(lines) + "\n"


def unchecked(query: DeclaredQuery[Any]) -> str:
    """Why nothing is validated. Any: of whatever DTO."""
    shape = query.prepared.step.query.node.plan.shape
    if query.validate is False:
        return "not validated: validate=False"
    if shape.validator is None:
        return f"not validated: a {shape.kind} checks nothing itself"
    return "not validated: the column types promise the field types"


def all_steps(step: Step) -> list[Step]:
    """The step and every one below it, in the order in which they run."""
    return [step, *(deeper for below in step.below for deeper in all_steps(below))]


def indented(text: str) -> str:
    """Every line four places to the right."""
    return "\n".join(f"    {line}" for line in text.splitlines())
