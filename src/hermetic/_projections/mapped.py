"""The attributes of a mapped class that a database can select."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import Column, ColumnElement, func, inspect, select
from sqlalchemy.ext.hybrid import HybridExtensionType
from sqlalchemy.orm import ColumnProperty, CompositeProperty, Mapper, RelationshipProperty, aliased
from sqlalchemy.types import TypeEngine

from ..errors import BadProjection
from .hints import Count, Expression


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a mapped class: the `name` it was asked by, and the `key` it is mapped under.

    `types` has one type for each column it is made of; `may_be_null` is None when the mapping cannot tell;
    `composite` is the class that is built from several columns, of the attributes `columns`, and `none_when` tells of
    their values that there is none; `expression` makes what is selected, of a class or an alias. What a statement selects beside the class `is_beside` it, under the name of a label; `is_column` tells a column of a table from an expression.
    """

    name: str
    key: str
    types: tuple[TypeEngine[Any], ...]  # Any: of whatever column
    may_be_null: bool | None
    columns: tuple[str, ...] = ()
    composite: type | None = None
    none_when: Callable[..., bool] | None = None
    relationship: RelationshipProperty[Any] | None = None  # Any: to whatever class
    expression: Callable[[Any], ColumnElement[Any]] | None = None  # Any: a class or an alias, a value of any type
    is_beside: bool = False
    is_column: bool = False


def attribute_of(mapper: Mapper[Any], name: str) -> Attribute | None:
    """The attribute of that name, or None when nothing of that name can be selected.

    Raises BadProjection for an association proxy, which is mapped and yet no column nor relationship.
    """
    if name in mapper.synonyms:
        target = attribute_of(mapper, mapper.synonyms[name].name)
        return target and replace(target, name=name)
    if name in mapper.relationships:
        return Attribute(name, name, (), None, relationship=mapper.relationships[name])
    if name in mapper.composites:
        return composite(mapper, mapper.composites[name])
    if name in mapper.column_attrs:
        return column(mapper, mapper.column_attrs[name])
    extension = mapper.all_orm_descriptors.get(name)
    if extension is None:
        return None
    if extension.extension_type is not HybridExtensionType.HYBRID_PROPERTY:
        raise BadProjection(
            f"{mapper.class_.__name__}.{name} is neither a column nor a relationship, and projections do not follow "
            f"what it is: {extension.extension_type.name.lower().replace('_', ' ')}.\n"
            f"  Name the relationship behind it, with a DTO for its class."
        )
    return Attribute(name, name, (getattr(mapper.class_, name).type,), None)


def beside(name: str, expression: Any) -> Attribute:
    """What a statement selects beside its class, under the name of a label. Any: an expression of whatever type."""
    return Attribute(name, name, (expression.type,), None, is_beside=True)


def expression(name: str, mark: Expression | Count, mapper: Mapper[Any]) -> Attribute:
    """What a field says that it selects. Raises BadProjection for what is no expression, or a count of no relationship."""
    make = partial(counted, mark.relationship) if isinstance(mark, Count) else mark.of
    if isinstance(mark, Count) and mark.relationship not in mapper.relationships:
        raise BadProjection(
            f"{name} counts {mapper.class_.__name__}.{mark.relationship}, which is no relationship.\n"
            f"  Name one of {', '.join(mapper.relationships.keys()) or 'those that the class has: it has none'}."
        )
    try:
        made = make(mapper.class_)
    except AttributeError as error:
        raise BadProjection(f"{name} cannot be selected from {mapper.class_.__name__}: {error}.") from error
    if not isinstance(made, ColumnElement):
        raise BadProjection(
            f"{name} is to be an expression of {mapper.class_.__name__}, and a {type(made).__name__} was made.\n"
            f"  Return one value that the database can select, such as a function or a scalar_subquery()."
        )
    may_be_null = False if isinstance(mark, Count) else None
    return Attribute(name, name, (made.type,), may_be_null, expression=make)


def counted(relationship: str, entity: Any) -> ColumnElement[int]:
    """How many rows a relationship leads to. Any: a mapped class or an alias of one."""
    related = getattr(entity, relationship)
    target = aliased(related.property.mapper.class_)
    key = inspect(target).mapper.primary_key[0]
    counts = func.count(getattr(target, inspect(target).mapper.get_property_by_column(key).key))
    return select(counts).where(related.of_type(target)).correlate(entity).scalar_subquery()


def column(mapper: Mapper[Any], prop: ColumnProperty[Any]) -> Attribute:
    """A mapped column, or an expression that the class maps like one."""
    expression = prop.columns[0]
    may_be_null = bool(expression.nullable) if isinstance(expression, Column) else None
    is_column = isinstance(expression, Column)
    return Attribute(prop.key, prop.key, (expression.type,), may_be_null, is_column=is_column)


def composite(mapper: Mapper[Any], prop: CompositeProperty[Any]) -> Attribute:
    """A class of values that is kept in several columns."""
    made_of = prop.composite_class
    parts = [mapper.column_attrs[part.key] for part in prop.props]
    # SQLAlchemy 2.1 makes None of these values where it was told when; 2.0 always makes the composite.
    none_when = getattr(prop, "return_none_on", None)
    columns = [column(mapper, part) for part in parts]
    return Attribute(
        name=prop.key,
        key=prop.key,
        types=tuple(one.types[0] for one in columns),
        may_be_null=callable(none_when) and all(one.may_be_null is not False for one in columns),
        columns=tuple(part.key for part in parts),
        composite=made_of if isinstance(made_of, type) else None,
        none_when=none_when if callable(none_when) else None,
    )


def attribute_names(mapper: Mapper[Any]) -> list[str]:
    """Every attribute that could be named, in the order of the mapping."""
    return [
        key
        for key, descriptor in mapper.all_orm_descriptors.items()
        if not key.startswith("_") and getattr(descriptor, "extension_type", None) is not None
    ]
