"""DTOs made by `typing.TypedDict`."""

from __future__ import annotations

import sys
from typing import get_type_hints, is_typeddict

from ..shape import Field, Shape


def describe(dto: object) -> Shape | None:
    """The shape of a TypedDict: a key that is not required may be left out."""
    if not is_any_typeddict(dto) or not isinstance(dto, type):
        return None
    required: frozenset[str] = getattr(dto, "__required_keys__", frozenset())
    fields = tuple(
        Field(name=name, annotation=hint, sources=(name,), key=name, is_required=name in required)
        for name, hint in get_type_hints(dto, include_extras=True).items()
    )
    return Shape(dto=dto, kind="TypedDict", style="mapping", fields=fields)


def is_any_typeddict(dto: object) -> bool:
    """Whether it is a TypedDict of the standard library or of typing_extensions, which Pydantic wants before 3.12."""
    extensions = sys.modules.get("typing_extensions")
    return is_typeddict(dto) or (extensions is not None and bool(extensions.is_typeddict(dto)))
