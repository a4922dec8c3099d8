"""DTOs made by subclassing `msgspec.Struct`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from ..hints import is_marked
from ..shape import Shape, Validator
from .signature import called_fields


def describe(dto: object) -> Shape | None:
    """The shape of a Struct."""
    if not isinstance(dto, type) or not issubclass(dto, msgspec.Struct):
        return None
    fields = tuple(replace(field, is_plain=not is_marked(field.annotation)) for field in called_fields(dto))
    return Shape(dto=dto, kind="msgspec", style="call", fields=fields, validator=validating)


def validating(dto: Any) -> Validator:
    """The function that checks built Structs against their constraints. Any: a generic Struct is not a type."""
    return partial(converted, dto)


def converted(dto: Any, values: list[Any]) -> list[Any]:
    """Structs made anew from structs, each field checked. Any: what msgspec takes and makes."""
    made: list[Any] = msgspec.convert(values, list[dto], from_attributes=True)
    return made
