"""DTOs made by `dataclasses.dataclass`: slots, frozen and kw_only alike."""

from __future__ import annotations

import dataclasses

from ..shape import Shape
from .signature import called_fields


def describe(dto: object) -> Shape | None:
    """The shape of a dataclass."""
    if not isinstance(dto, type) or not dataclasses.is_dataclass(dto):
        return None
    return Shape(dto=dto, kind="dataclass", style="call", fields=called_fields(dto))
