"""Which framework a DTO belongs to: one file each, and none imports a framework that the program has not imported."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module

from ..shape import Shape

# In the order in which they are asked: a Pydantic dataclass is a dataclass as well, and so is one of attrs never.
KINDS = (
    ("sqlmodel", "sqlmodel_kind"),
    ("pydantic", "pydantic_kind"),
    ("msgspec", "msgspec_kind"),
    ("attr", "attrs_kind"),
    ("dataclasses", "dataclass_kind"),
    ("typing", "typeddict_kind"),
    ("typing", "namedtuple_kind"),
)


def describe(dto: object) -> Shape | None:
    """The shape of a DTO, or None when no framework we know made it."""
    for framework, file in KINDS:
        if framework not in sys.modules:
            continue
        look: Callable[[object], Shape | None] = import_module(f"{__name__}.{file}").describe
        shape = look(dto)
        if shape is not None:
            return shape
    return None
