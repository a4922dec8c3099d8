"""DTOs made by `attrs.define`, `attrs.frozen` and the older `attr.s`."""

from __future__ import annotations

import attr

from ..shape import Shape
from .signature import called_fields


def describe(dto: object) -> Shape | None:
    """The shape of an attrs class; its own converters and validators run, for its constructor is called."""
    if not isinstance(dto, type) or not attr.has(dto):
        return None
    names = {attribute.alias or attribute.name: attribute.name for attribute in attr.fields(dto) if attribute.init}
    fields = called_fields(dto, names)
    return Shape(dto=dto, kind="attrs", style="call", fields=fields)
