"""What a mapper says of a class: the columns and relationships that decide what a load brings."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Lazy = Literal[
    "select", "joined", "selectin", "subquery", "immediate", "raise", "raise_on_sql", "noload", "write_only", "dynamic"
]
OptionKind = Literal[
    "joinedload", "selectinload", "subqueryload", "immediateload", "lazyload", "contains_eager",
    "raiseload", "noload", "load_only", "defer", "undefer", "defaultload",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A mapped column; `server_default` and `onupdate` say that the database computes it on INSERT or UPDATE.

    `unique` says that the column has a constraint of its own.
    """

    name: str
    primary_key: bool = False
    deferred: bool = False
    server_default: bool = False
    onupdate: bool = False
    foreign_key: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship; `target` is the name of the Mapping on its other side.

    `column` names the foreign key of a many-to-one whose target is found by its primary key; None where that is not known.
    `keys` are the columns, by attribute name and sorted, whose values decide which target a relationship to one leads to.
    """

    name: str
    target: str
    many: bool
    lazy: Lazy = "select"
    back_populates: str | None = None
    many_to_many: bool = False
    column: str | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A mapped class by its qualified name, with its columns and relationships by attribute name.

    `fetches_defaults` tells that an INSERT brings server defaults back, as RETURNING does where the database has it.
    """

    name: str
    columns: MappingOf[str, Column] = field(default_factory=lambda: MappingProxyType({}))
    relations: MappingOf[str, Relation] = field(default_factory=lambda: MappingProxyType({}))
    fetches_defaults: bool = True


@dataclass(frozen=True, slots=True)
class LoaderOption:
    """One loader option, relative to the entity it is applied to: `selectinload(Order.items).joinedload(Item.product)`
    is `LoaderOption("selectinload", ("items",))` and `LoaderOption("joinedload", ("items", "product"))`.

    `path` ends in the attribute that the option speaks of; `"*"` stands for every relationship (or column).
    `load_only(Order.id, Order.total)` is two options of kind `load_only`.
    """

    kind: OptionKind
    path: tuple[str, ...]
