"""The order of a page: which expressions it sorts by, and which rows come after a given one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, and_, case, false, literal, or_
from sqlalchemy.orm import InstrumentedAttribute, Mapper
from sqlalchemy.sql import operators

from ..errors import BadProjection
from .mapped import attribute_of


@dataclass(frozen=True, slots=True)
class SortKey:
    """One attribute to sort by; `nulls_first` is None where no value is NULL."""

    attribute: str
    descends: bool
    nulls_first: bool | None

    def terms(self, entity: Any, *, backwards: bool) -> list[ColumnElement[Any]]:
        """What ORDER BY says. Any: a mapped class or an alias, expressions of whatever type."""
        column = getattr(entity, self.attribute)
        value = column.desc() if self.descends is not backwards else column.asc()
        if self.nulls_first is None:
            return [value]
        rank = null_rank(column)
        return [rank.desc() if self.nulls_first is not backwards else rank.asc(), value]

    def same(self, entity: Any, value: object) -> ColumnElement[bool]:
        """Whether a row has the very value."""
        column = getattr(entity, self.attribute)
        found: ColumnElement[bool] = column.is_(None) if value is None else column == literal(value, column.type)
        return found

    def bound(self, entity: Any, value: object, *, backwards: bool) -> ColumnElement[bool] | None:
        """What no row before the value fulfils, as one comparison that an index is sought by. Any: as above."""
        if value is None or self.nulls_first is not None:
            return None
        column = getattr(entity, self.attribute)
        given = literal(value, column.type)
        found: ColumnElement[bool] = column <= given if self.descends is not backwards else column >= given
        return found

    def after(self, entity: Any, value: object, *, backwards: bool) -> ColumnElement[bool]:
        """Whether a row's value sorts after the given one. Any: as above."""
        column = getattr(entity, self.attribute)
        nulls_come_after = self.nulls_first is not None and self.nulls_first is backwards
        if value is None:
            return false() if nulls_come_after else column.is_not(None)
        given = literal(value, column.type)  # SQLAlchemy compares with no bare True or False
        beyond = column < given if self.descends is not backwards else column > given
        return or_(beyond, column.is_(None)) if nulls_come_after else beyond


def null_rank(column: Any) -> ColumnElement[int]:
    """1 where the value is NULL, else 0: databases differ in where they sort NULL. Any: a column of whatever type."""
    return case((column.is_(None), 1), else_=0)


@dataclass(frozen=True, slots=True)
class Order:
    """The total order of a page: what was asked for, then the primary key, so that no two rows tie."""

    keys: tuple[SortKey, ...]

    def terms(self, entity: Any, *, backwards: bool) -> list[ColumnElement[Any]]:
        """What ORDER BY says. Any: a mapped class or an alias, expressions of whatever type."""
        return [term for key in self.keys for term in key.terms(entity, backwards=backwards)]

    def after(self, entity: Any, values: Sequence[object], *, backwards: bool) -> ColumnElement[bool]:
        """Whether a row comes after the one with these values. Any: as above.

        The alternatives alone are what PostgreSQL 15 reads every earlier row of the index for; with the bound it begins
        where the page does.
        """
        alternatives: list[ColumnElement[bool]] = []
        for place, (key, value) in enumerate(zip(self.keys, values, strict=True)):
            equal = [earlier.same(entity, one) for earlier, one in zip(self.keys[:place], values, strict=False)]
            alternatives.append(and_(*equal, key.after(entity, value, backwards=backwards)))
        bound = self.keys[0].bound(entity, values[0], backwards=backwards) if len(self.keys) > 1 else None
        return or_(*alternatives) if bound is None else and_(bound, or_(*alternatives))

    def spelled(self) -> str:
        """The order in one line; two pages belong together when theirs is the same."""
        return ", ".join(f"{key.attribute} {'desc' if key.descends else 'asc'} {key.nulls_first}" for key in self.keys)


def total_order(mapper: Mapper[Any], terms: Sequence[Any]) -> Order:
    """The order for what a page is asked to sort by. Any: expressions of whatever type.

    Raises BadProjection for a term that is no column of the class, or one that may be NULL and does not say where
    NULL belongs.
    """
    keys = [sort_key(mapper, term) for term in terms]
    named = {key.attribute for key in keys}
    for column in mapper.primary_key:
        attribute = mapper.get_property_by_column(column).key
        if attribute not in named:
            keys.append(SortKey(attribute, bool(keys) and keys[-1].descends, None))
    return Order(tuple(keys))


def sort_key(mapper: Mapper[Any], term: Any) -> SortKey:
    """One term taken apart. Any: an expression of whatever type."""
    descends, nulls_first, inner = False, None, term
    while isinstance(inner, UnaryExpression):
        if inner.modifier in (operators.desc_op, operators.asc_op):
            descends = inner.modifier is operators.desc_op
        elif inner.modifier in (operators.nulls_first_op, operators.nulls_last_op):
            nulls_first = inner.modifier is operators.nulls_first_op
        else:
            break
        inner = inner.element
    name = getattr(inner, "key", None)
    attribute = attribute_of(mapper, name) if isinstance(name, str) else None
    is_attribute = isinstance(inner, InstrumentedAttribute) or hasattr(inner, "entity_namespace")
    if attribute is None or not is_attribute or attribute.relationship is not None or attribute.composite is not None:
        raise BadProjection(
            f"A page is sorted by columns of {mapper.class_.__name__}, and {term} is none.\n"
            f"  Sort by columns such as {mapper.class_.__name__}.{mapper.get_property_by_column(mapper.primary_key[0]).key}, "
            f"or ask for a page by its number."
        )
    if attribute.may_be_null is False:
        return SortKey(attribute.key, descends, None)
    if nulls_first is None:
        raise BadProjection(
            f"{mapper.class_.__name__}.{attribute.key} may be NULL, and databases differ in where NULL sorts.\n"
            f"  Say .nulls_first() or .nulls_last()."
        )
    return SortKey(attribute.key, descends, nulls_first)
