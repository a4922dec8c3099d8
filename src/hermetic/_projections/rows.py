"""Rows as the driver hands them out, read through the user's own session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, Dialect, Executable
from sqlalchemy.exc import NoSuchColumnError
from sqlalchemy.orm import Session

from ..errors import BadProjection
from .compile import Rows

Options = Mapping[str, Any]  # Any: execution options of whatever kind


@dataclass(frozen=True, slots=True)
class Fetched:
    """Rows, with what is needed to convert their values.

    `context` is SQLAlchemy's account of the execution, None when a listener answered in the database's place;
    `column_types` are the driver's own types, None when the values have been converted already.
    """

    rows: Rows
    context: Any  # SQLAlchemy's ExecutionContext, whose invoked statement its interface does not declare
    column_types: tuple[Any, ...] | None  # Any: codes of the driver


def fetch_rows(
    session: Session,
    statement: Executable,
    parameters: Mapping[str, object] | None,
    options: Options,
    width: int | None,
) -> Fetched:
    """Execute a statement as the session would, listeners and autoflush included, and fetch all rows.

    The rows come unconverted when the cursor has exactly `width` columns; None asks for converted rows by name.
    """
    try:
        result = session.execute(statement, parameters, execution_options=options)
    except NoSuchColumnError as error:
        raise missing_column(error) from error
    raw = getattr(result, "raw", None)
    context = raw.context if isinstance(raw, CursorResult) else None
    if context is None or raw is None or raw.cursor is None or len(raw.cursor.description) != width:
        return Fetched(list(result.all()), context, None)
    types = tuple([column[1] for column in raw.cursor.description])
    rows = raw.cursor_strategy.fetchall(raw, raw.cursor)
    result.close()
    return Fetched(rows, context, types)


def missing_column(error: NoSuchColumnError) -> BadProjection:
    """The error for rows of from_statement(…) in which SQLAlchemy looks for a column by its name, and it is not there."""
    return BadProjection(
        f"The statement in from_statement(…) does not give every column that the DTO reads: {error}.\n"
        f"  Select it there, under the name that the table has for it."
    )


def processors(fetched: Fetched, columns: Sequence[Any]) -> dict[int, Callable[[Any], Any]]:
    """What converts the driver's value, by place in the row; no entry where it is right already. Any: of any column."""
    if fetched.column_types is None:
        return {}
    found = [
        fetched.context.get_result_processor(column.type, "", code)
        for column, code in zip(columns, fetched.column_types, strict=True)
    ]
    return {place: processor for place, processor in enumerate(found) if processor is not None}


def dialect_of(fetched: Fetched) -> Dialect:
    """The dialect that answered."""
    dialect: Dialect = fetched.context.dialect
    return dialect
