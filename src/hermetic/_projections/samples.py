"""What a column type promises of the Python values that come out of it."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Callable
from typing import Literal, get_args, get_origin, get_type_hints

from sqlalchemy import types
from sqlalchemy.types import TypeEngine

from .hints import members_of, without_none

PROMISING = (
    types.Boolean,
    types.Date,
    types.DateTime,
    types.Double,
    types.Enum,
    types.Float,
    types.Integer,
    types.Interval,
    types.LargeBinary,
    types.Numeric,
    types.String,
    types.Time,
    types.Uuid,
)

SAMPLES: dict[type, list[object]] = {
    bool: [True, False],
    int: [0, 1],
    float: [0.0, 1.5],
    decimal.Decimal: [decimal.Decimal("0"), decimal.Decimal("1.5")],
    datetime.datetime: [datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)],
    datetime.date: [datetime.date(2020, 1, 1)],
    datetime.time: [datetime.time(0), datetime.time(1, tzinfo=datetime.UTC)],
    datetime.timedelta: [datetime.timedelta(0), datetime.timedelta(days=1)],
    uuid.UUID: [uuid.UUID(int=0)],
}

Fit = Literal["exact", "usable", "unknown", "wrong"]


def produced_type(type_: TypeEngine[object]) -> type | None:
    """The Python type of every value that is not NULL, or None when the type does not promise one.

    A TypeDecorator promises what its `process_result_value` is annotated with; JSON and arrays hold anything.
    """
    if isinstance(type_, types.TypeDecorator):
        return decorated_type(type_)
    if not is_of(type_, "sqlalchemy") or not isinstance(type_, PROMISING):
        return None
    if isinstance(type_, types.Numeric) and not isinstance(type_, types.Float) and not type_.asdecimal:
        return None  # SQLite hands out a whole number of a NUMERIC as int
    produced: type = type_.python_type
    return produced


def decorated_type(type_: types.TypeDecorator[object]) -> type | None:
    """What a TypeDecorator promises: its author's annotation, or what is below it where it leaves that as it is."""
    made = type(type_)
    if made.process_result_value is not types.TypeDecorator.process_result_value:
        return annotated_type(made.process_result_value)
    is_as_below = made.result_processor is types.TypeDecorator.result_processor and (
        made.load_dialect_impl is types.TypeDecorator.load_dialect_impl or is_of(type_, "sqlmodel")
    )
    return produced_type(type_.impl_instance) if is_as_below else None


def annotated_type(method: Callable[..., object]) -> type | None:
    """The class that a method is annotated to return, beside None."""
    try:
        returned, _ = without_none(get_type_hints(method).get("return"))
    except NameError:  # imported for the type checker alone
        return None
    return returned if isinstance(returned, type) and get_origin(returned) is None and returned is not object else None


def is_of(type_: TypeEngine[object], package: str) -> bool:
    """Whether the class of a column type comes from that package."""
    return type(type_).__module__.partition(".")[0] == package


def holds_only(core: object, type_: TypeEngine[object]) -> bool:
    """Whether an annotation is a Literal that names every value of an Enum of texts, which refuses all others itself."""
    if not isinstance(type_, types.Enum) or type_.enum_class is not None or get_origin(core) is not Literal:
        return False
    return set(type_.enums) <= set(get_args(core))


def fit(core: object, produced: type | None) -> Fit:
    """Whether a value of the produced type is one of the annotated type.

    `exact`: it is just that type; `usable`: a type checker would accept it; `unknown`: only the value can tell.
    """
    if core is object or not_a_class(core):
        return "exact"
    if produced is None:
        return "unknown"
    return min((fit_one(member, produced) for member in members_of(core)), key=RANK.index)


def fit_of_expression(core: object, produced: type | None) -> Fit:
    """How what an expression gives fits, with less trust: a database has its own mind on the type of a sum."""
    found = fit(core, produced)
    is_number = produced in NUMBERS and any(member in NUMBERS for member in members_of(core))
    return "unknown" if (found in ("exact", "usable") and produced) or (found == "wrong" and is_number) else found


NUMBERS = (int, float, decimal.Decimal)
RANK: tuple[Fit, ...] = ("exact", "usable", "unknown", "wrong")


def not_a_class(core: object) -> bool:
    """Whether the annotation accepts everything."""
    return getattr(core, "__name__", None) == "Any" or getattr(core, "_name", None) == "Any"


def fit_one(member: object, produced: type) -> Fit:
    """How one alternative of an annotation fits."""
    if member is produced:
        return "exact"
    if get_origin(member) is Literal:
        return "unknown" if all(isinstance(value, produced) for value in get_args(member)) else "wrong"
    if not isinstance(member, type) or get_origin(member) is not None:
        return "unknown"
    if issubclass(produced, member) or (member, produced) in PROMOTED:
        return "usable"
    if issubclass(member, produced) and not issubclass(member, enum.Enum):
        return "unknown"
    return "wrong"


PROMOTED = {(float, int), (complex, int), (complex, float)}
