"""What a validator of a model is shown in place of an ORM instance: the columns that were selected, as attributes."""

from __future__ import annotations

from collections.abc import Sequence


class Record:
    """A row as an object; reading an attribute that was not selected says so."""

    __slots__ = ()
    dto_name = ""
    class_name = ""

    def __getattr__(self, name: str) -> object:
        raise AttributeError(
            f"{self.class_name}.{name} was not selected: {self.dto_name} does not name it, "
            f"and a projection selects only what its DTO names"
        )


def record_class(dto_name: str, class_name: str, names: Sequence[str]) -> type[Record]:
    """A class of records with these attributes, taken by place."""

    def fill(self: Record, *values: object) -> None:
        for name, value in zip(names, values, strict=True):
            setattr(self, name, value)

    members = {"__slots__": tuple(names), "__init__": fill, "dto_name": dto_name, "class_name": class_name}
    return type("Record", (Record,), members)
