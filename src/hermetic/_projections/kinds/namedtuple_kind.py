"""DTOs made by `typing.NamedTuple`."""

from __future__ import annotations

from ..shape import Shape
from .signature import called_fields


def describe(dto: object) -> Shape | None:
    """The shape of a named tuple."""
    if not isinstance(dto, type) or not issubclass(dto, tuple) or not hasattr(dto, "_fields"):
        return None
    return Shape(dto=dto, kind="NamedTuple", style="call", fields=called_fields(dto))
