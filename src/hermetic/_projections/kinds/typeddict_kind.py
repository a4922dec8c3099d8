"""DTOs made by `typing.TypedDict`."""

from __future__ import annotations

import sys
from typing import NotRequired, Required, get_origin, is_typeddict

from ..shape import Field, Shape
from .signature import resolved_hints


def describe(dto: object) -> Shape | None:
    """The shape of a TypedDict: a key that is not required may be left out."""
    if not is_any_typeddict(dto) or not isinstance(dto, type):
        return None
    required: frozenset[str] = getattr(dto, "__required_keys__", frozenset())
    fields = tuple(
        Field(name=name, annotation=hint, sources=(name,), key=name, is_required=is_required(hint, name in required))
        for name, hint in resolved_hints(dto).items()
    )
    return Shape(dto=dto, kind="TypedDict", style="mapping", fields=fields)


def is_required(hint: object, by_class: bool) -> bool:
    """Whether a key has to be there; a class does not know it of an annotation that was a string when it was made."""
    marks: dict[object, bool] = {Required: True, NotRequired: False}
    return marks.get(get_origin(hint), by_class)


def is_any_typeddict(dto: object) -> bool:
    """Whether it is a TypedDict of the standard library or of typing_extensions, which Pydantic wants before 3.12."""
    extensions = sys.modules.get("typing_extensions")
    return is_typeddict(dto) or (extensions is not None and bool(extensions.is_typeddict(dto)))
