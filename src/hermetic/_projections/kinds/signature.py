"""Fields of a DTO that is made by calling its class: the class's own signature tells names, order and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from ...errors import BadProjection
from ..shape import Field


def called_fields(dto: Any, names: Mapping[str, str] | None = None) -> tuple[Field, ...]:
    """A field for every parameter of the class, in its order.

    `names` leads from a parameter to the field's own name where they differ, such as the leading underscore that
    attrs takes away. Any: a class of any framework.
    """
    hints = resolved_hints(dto)
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


def resolved_hints(dto: Any) -> dict[str, Any]:
    """The annotations of a class, none of them a text any more. Any: a class of any framework.

    Raises BadProjection when a name in them cannot be found.
    """
    try:
        return get_type_hints(dto, include_extras=True)
    except NameError as error:
        raise unresolved(dto.__name__, error.name) from error


def unresolved(dto: str, name: str | None) -> BadProjection:
    """The error for an annotation with a name that its module does not have."""
    return BadProjection(
        f"{dto} has an annotation with the name {name!r}, which is not defined in its module.\n"
        f"  Define {name} at the top level of the module, before the projection is made."
    )
