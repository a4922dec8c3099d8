"""What an annotation of a DTO asks for, apart from the framework that the DTO belongs to."""

from __future__ import annotations

import operator
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Any, NewType, TypeVar, Union, get_args, get_origin

from sqlalchemy import ColumnElement

CONTAINERS: dict[object, type] = {
    list: list,
    Sequence: list,
    Collection: list,
    Iterable: list,
    set: set,
    AbstractSet: set,
    frozenset: frozenset,
    tuple: tuple,
    dict: dict,
    Mapping: dict,
}


@dataclass(frozen=True, slots=True)
class KeyedBy:
    """Written beside a `dict` of DTOs: the attribute of the related class that is the key, such as `KeyedBy("sku")`."""

    attribute: str


@dataclass(frozen=True, slots=True)
class Depth:
    """Written beside a DTO in itself: how many levels of it are read; below them the field keeps its default.

    `children: Annotated[list[Branch], Depth(3)] = []`
    """

    levels: int


@dataclass(frozen=True, slots=True)
class Expression:
    """Written beside the type of a field: an expression to select, made for the class or alias that is read.

    `Annotated[int, Expression(lambda order: func.length(order.number))]`
    """

    of: Callable[[Any], ColumnElement[Any]]  # Any: a mapped class or an alias of one, a value of whatever type


@dataclass(frozen=True, slots=True)
class Count:
    """Written beside an `int`: how many rows the relationship of that name leads to, `Annotated[int, Count("items")]`."""

    relationship: str


Mark = TypeVar("Mark", KeyedBy, Depth, Expression, Count)
MARKS = (KeyedBy, Depth, Expression, Count)


@dataclass(frozen=True, slots=True)
class Hint:
    """An annotation taken apart.

    `core` is the annotation without `None` and `Annotated`; `container` is what a collection is held in, `element`
    what it is a collection of; of a dict these are its values, and `key` is the annotation of its keys.
    """

    core: object
    is_optional: bool = False
    container: type | None = None
    element: object = None
    key: object = None

    def __str__(self) -> str:
        return spell(self.core) + (" | None" if self.is_optional else "")


def read_hint(annotation: object) -> Hint:
    """Take an annotation apart."""
    core, is_optional = without_none(annotation)
    origin = get_origin(core)
    arguments = get_args(core)
    container = CONTAINERS.get(origin)
    if container is None or not arguments or (container is tuple and arguments[1:] != (Ellipsis,)):
        return Hint(core, is_optional)
    if container is dict:
        return Hint(core, is_optional, container, without_none(arguments[1])[0], arguments[0])
    return Hint(core, is_optional, container, without_none(arguments[0])[0])


def mark_of(annotation: object, kind: type[Mark]) -> Mark | None:
    """The mark of that kind in an annotation, if it has one."""
    marks: tuple[object, ...] = getattr(annotation, "__metadata__", ())
    inner: list[Mark | None] = [mark_of(one, kind) for one in get_args(annotation)]
    return next((mark for mark in (*marks, *inner) if isinstance(mark, kind)), None)


def without_none(annotation: object) -> tuple[object, bool]:
    """The annotation without `None`, `Annotated` and `NewType`, and whether it allows `None`."""
    core = bare(annotation)
    if core is None or core is types.NoneType:
        return types.NoneType, True
    if get_origin(core) not in (Union, types.UnionType):
        return core, core is typing.Any or core is object
    members = [bare(member) for member in get_args(core)]
    rest = [member for member in members if member is not types.NoneType]
    is_optional = len(rest) < len(members)
    return reduce(operator.or_, rest), is_optional


def bare(annotation: object) -> object:
    """The annotation below any `Annotated`, `NewType`, `Required`, `NotRequired` and `ReadOnly`."""
    while True:
        if isinstance(annotation, NewType):
            annotation = annotation.__supertype__
        elif get_origin(annotation) in WRAPPERS:
            annotation = get_args(annotation)[0]
        else:
            return annotation


WRAPPERS = (Annotated, typing.Required, typing.NotRequired, getattr(typing, "ReadOnly", Annotated))


def is_marked(annotation: object) -> bool:
    """Whether `Annotated` says anything to the DTO's framework, anywhere in the annotation."""
    marks = getattr(annotation, "__metadata__", ())
    return not all(isinstance(mark, MARKS) for mark in marks) or any(is_marked(one) for one in get_args(annotation))


def members_of(core: object) -> tuple[object, ...]:
    """The alternatives of a union, or the one type there is."""
    return tuple(bare(one) for one in get_args(core)) if get_origin(core) in (Union, types.UnionType) else (core,)


def spell(annotation: object) -> str:
    """An annotation in the words of its author, classes by their bare names."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return " | ".join(spell(one) for one in arguments)
    if annotation in (None, types.NoneType):
        return "None"
    if annotation is Ellipsis:
        return "..."
    if isinstance(origin, type) and arguments:
        return f"{origin.__name__}[{', '.join(spell(one) for one in arguments)}]"
    if isinstance(annotation, type):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
