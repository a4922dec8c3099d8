"""Fields of a DTO that is made by calling its class: the class's own signature tells names, order and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from ..shape import Field


def called_fields(dto: Any, names: Mapping[str, str] | None = None) -> tuple[Field, ...]:
    """A field for every parameter of the class, in its order.

    `names` leads from a parameter to the field's own name where they differ, such as the leading underscore that
    attrs takes away. Any: a class of any framework.
    """
    hints = get_type_hints(dto, include_extras=True)
    names = names or {}
    return tuple(
        Field(
            name=names.get(parameter.name, parameter.name),
            annotation=hints.get(names.get(parameter.name, parameter.name), Any),
            sources=(names.get(parameter.name, parameter.name),),
            key=parameter.name,
            is_required=parameter.default is inspect.Parameter.empty,
            is_positional=parameter.kind is not inspect.Parameter.KEYWORD_ONLY,
        )
        for parameter in inspect.signature(dto).parameters.values()
    )
