"""What a prepared statement is asked for, on a plain session."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.orm import Session

from .encoding import encoder_for, has_twin, twin_of, write_twins
from .pages import below_options, dtos
from .prepare import Prepared
from .rows import Fetched, fetch_rows
from .settle import settled

Parameters = Mapping[str, object]
REQUIRED = object()  # in place of a default: a row has to be there


def read_all(session: Session, prepared: Prepared, parameters: Parameters | None) -> list[Any]:
    """Every DTO. Any: of whatever class."""
    return dtos(*rows(session, prepared, parameters), session)


def read_one(session: Session, prepared: Prepared, parameters: Parameters | None, default: object) -> Any:
    """The one DTO or the default; two rows are refused before anything is made of them. Any: of whatever class."""
    current, fetched = rows(session, prepared, parameters)
    if len(fetched.rows) > 1:
        raise MultipleResultsFound(f"{len(fetched.rows)} rows were found for {name_of(prepared)} when one was required")
    if fetched.rows:
        return dtos(current, fetched, session)[0]
    if default is REQUIRED:
        raise NoResultFound(f"No row was found for {name_of(prepared)} when one was required")
    return default


def read_first(session: Session, prepared: Prepared, parameters: Parameters | None) -> Any:
    """The first DTO or None; no query below looks for the rows that are dropped. Any: of whatever class."""
    current, fetched = rows(session, prepared, parameters)
    first = Fetched(fetched.rows[:1], fetched.context, fetched.column_types)
    return dtos(current, first, session)[0] if first.rows else None


def read_json(session: Session, prepared: Prepared, parameters: Parameters | None) -> bytes:
    """Every DTO, as one JSON array."""
    plan = prepared.step.query.node.plan
    if prepared.step.validate is None and has_twin(plan):
        current, fetched = rows(session, prepared, parameters)
        return write_twins(twin_of(current.step.query).made(session, fetched, below_options(current)))
    return encoder_for(plan)(read_all(session, prepared, parameters))


def rows(session: Session, prepared: Prepared, parameters: Parameters | None) -> tuple[Prepared, Fetched]:
    """The rows of the first query, and the form of the statement that they come from."""

    def run(current: Prepared) -> Fetched:
        return fetch_rows(session, current.statement, parameters, {}, current.width)

    return settled(prepared, run, attrgetter("context"))


def name_of(prepared: Prepared) -> str:
    """The DTO's name."""
    return prepared.step.query.node.plan.shape.name
