"""DTOs made by subclassing `sqlmodel.SQLModel` without `table=True`."""

from __future__ import annotations

from dataclasses import replace

import sqlmodel

from ...errors import BadProjection
from ..shape import Shape
from . import pydantic_kind

# SQLModel's own __init__ validates exactly as Pydantic's does for a class without a table.
INHERITED = "it has its own __init__"


def describe(dto: object) -> Shape | None:
    """The shape of a read model."""
    if not isinstance(dto, type) or not issubclass(dto, sqlmodel.SQLModel):
        return None
    if dto.model_config.get("table"):
        raise BadProjection(
            f"{dto.__name__} is a table: its instances belong to a session.\n"
            f"  Project to a read model, a subclass of SQLModel without table=True."
        )
    shape = pydantic_kind.describe(dto)
    if shape is None or shape.must_validate != INHERITED or dto.__init__ is not sqlmodel.SQLModel.__init__:
        return shape
    return replace(shape, must_validate="")
