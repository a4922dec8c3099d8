"""A statement prepared for a DTO, from memory where one like it was met before."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from .comparisons import Form, comparisons_of, with_parameters
from .declared import plan_for
from .prepare import Prepared, Statement, check_statement, prepare, selected_by
from .reading import Parameters

MOST_KNOWN = 1024

# By the columns' identity: two that are equal to SQLAlchemy may mean different things to its ORM. A form is kept with
# what was prepared for it, so that its columns stay alive; None where it cannot take parameters.
KNOWN: dict[object, tuple[Form, Prepared | None]] = {}
READY: WeakKeyDictionary[Statement, dict[tuple[object, bool | None], Prepared]] = WeakKeyDictionary()


def ready(
    dto: object, statement: Statement, validate: bool | None, parameters: Parameters | None
) -> tuple[Prepared, Parameters | None]:
    """The statement prepared for a DTO, and the parameters to run it with.

    One that compares columns with values is prepared once for all values; any other once as long as it is kept.
    """
    found = comparisons_of(statement)
    if found is None:
        return kept(dto, statement, validate), parameters
    form, values = found
    prepared = known(dto, form, validate)
    if prepared is None:
        return kept(dto, statement, validate), parameters
    return prepared, {**values, **parameters} if parameters else values


def known(dto: object, form: Form, validate: bool | None) -> Prepared | None:
    """A statement of that form with parameters for the values, prepared the first time."""
    key = (dto, validate, *map(id, form))
    found = KNOWN.get(key)
    if found is None:
        if len(KNOWN) >= MOST_KNOWN:
            KNOWN.clear()
        statement = with_parameters(form)
        found = KNOWN[key] = (form, None if statement is None else prepared_for(dto, statement, validate))
    return found[1]


def kept(dto: object, statement: Statement, validate: bool | None) -> Prepared:
    """This very statement, prepared the first time."""
    check_statement(statement)
    same = READY.setdefault(statement, {})
    key = (dto, validate)
    if key not in same:
        same[key] = prepared_for(dto, statement, validate)
    return same[key]


def prepared_for(dto: Any, statement: Statement, validate: bool | None) -> Prepared:
    """The statement prepared anew. Any: type checkers do not know that classes are hashable."""
    chosen = selected_by(statement)
    return prepare(plan_for(dto, chosen), statement, chosen, validate)
