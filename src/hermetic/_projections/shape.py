"""What a projection needs to know of a DTO, whatever framework it is written with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Style = Literal["call", "mapping", "pydantic"]
NO_CONSTANT = object()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a DTO.

    `sources` are the attributes it may be read from, the first that the mapped class has; `key` is the name under
    which the DTO takes it; `is_plain` tells that its own framework adds nothing to its type: no validator, no
    constraint; `is_positional` that it is passed by place; `default` is a constant that is validated no more, or NO_CONSTANT.
    """

    name: str
    annotation: object
    sources: tuple[str, ...]
    key: str
    is_required: bool = True
    is_plain: bool = True
    is_positional: bool = False
    default: object = NO_CONSTANT


class Validator(Protocol):
    """Turns a list of plain values into a list of DTOs, or raises what the DTO's framework raises."""

    def __call__(self, values: list[Any], /) -> list[Any]:  # Any: what the framework takes and makes
        """Validate every value."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A DTO as a projection sees it.

    `must_validate` is the reason why its own framework has to build every instance (a validator on the model, a
    private attribute), or the empty string. `reads_attributes` tells that it must be given an object rather than a
    mapping. `validator` makes the function that validates, for a framework that has one; `misfit` is its own word on
    whether a field refuses a type for sure; `instance_parts` are what an instance is put together from unvalidated; `is_written_plainly` tells that its JSON is
    that of its fields, under their names.
    """

    dto: Any  # a class of any framework; TypedDict is not even a type to a type checker
    kind: str
    style: Style
    fields: tuple[Field, ...]
    must_validate: str = ""
    reads_attributes: bool = False
    validator: Callable[[Any], Validator] | None = None
    is_written_plainly: bool = False
    instance_parts: Callable[[], dict[str, Any]] | None = None
    misfit: Callable[[Field, type], bool] | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The DTO's name, as its author wrote it."""
        return str(getattr(self.dto, "__name__", self.dto))
