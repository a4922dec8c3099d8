"""How a DTO and a mapped class fit together: which attribute fills which field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from sqlalchemy.orm import Mapper, RelationshipProperty

from ..errors import BadProjection
from .hints import Count, Depth, Expression, Hint, KeyedBy, mark_of, read_hint, without_none
from .kinds import describe
from .mapped import Attribute, attribute_names, attribute_of, expression
from .samples import Fit, fit, fit_of_expression, holds_only, produced_type
from .shape import Field, Shape


@dataclass(frozen=True, slots=True)
class Value:
    """A field filled by a column, an expression or a composite of columns."""

    field: Field
    hint: Hint
    attribute: Attribute
    fit: Fit
    may_be_null: bool


@dataclass(frozen=True, slots=True)
class One:
    """A field filled by the one related row, or None."""

    field: Field
    hint: Hint
    attribute: Attribute
    relationship: RelationshipProperty[Any]  # Any: of whatever class
    plan: Plan


@dataclass(frozen=True, slots=True)
class Many:
    """A field filled by a collection of related rows; `key` is the attribute of theirs by which a dict has them."""

    field: Field
    hint: Hint
    attribute: Attribute
    relationship: RelationshipProperty[Any]  # Any: of whatever class
    plan: Plan
    key: Attribute | None = None


Part = Value | One | Many
NOTHING: Mapping[str, Attribute] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A DTO and the mapped class it is read from, field by field; `defaulted` fields keep the default of the DTO.

    There is one plan for both, so plans are compared by identity.
    """

    shape: Shape
    mapper: Mapper[Any]  # Any: of whatever class
    parts: tuple[Part, ...]
    defaulted: tuple[Field, ...]

    @property
    def has_related(self) -> bool:
        """Whether a field comes from another row."""
        return any(not isinstance(part, Value) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Step:
    """A field that was followed on the way to a DTO, and how many levels of itself it is followed for."""

    dto: object
    mapper: Mapper[Any]  # Any: of whatever class
    field: str
    depth: Depth | None


Above = tuple[Step, ...]


def make_plan(dto: object, mapper: Mapper[Any], above: Above = (), beside: Mapping[str, Attribute] = NOTHING) -> Plan:
    """Lay a DTO against a mapped class, and against what a statement selects `beside` it.

    Raises BadProjection when a field has no attribute to be read from, or one of a type it cannot hold.
    """
    shape = describe(dto)
    if shape is None:
        raise BadProjection(
            f"{dto!r} is no DTO that projections know.\n"
            f"  Known are Pydantic 2 and SQLModel models, msgspec Structs, dataclasses, attrs classes, TypedDict and "
            f"NamedTuple."
        )
    refuse_endless(shape, mapper, above)
    parts: list[Part] = []
    defaulted: list[Field] = []
    for field in shape.fields:
        step = Step(dto, mapper, field.name, mark_of(field.annotation, Depth))
        attribute = source_of(shape, field, mapper, beside)
        if attribute is not None and not is_deep_enough(shape, step, above, field):
            parts.append(part(shape, field, attribute, mapper, (*above, step)))
        elif attribute is not None:
            defaulted.append(field)
        elif field.is_required:
            raise no_attribute(shape, field, mapper)
        else:
            defaulted.append(field)
    return Plan(shape, mapper, tuple(parts), tuple(defaulted))


def source_of(shape: Shape, field: Field, mapper: Mapper[Any], beside: Mapping[str, Attribute]) -> Attribute | None:
    """What a field is read from: its own expression, what is selected beside the class, an attribute of the class."""
    mark = mark_of(field.annotation, Expression) or mark_of(field.annotation, Count)
    if mark is not None:
        return replace(expression(f"{shape.name}.{field.name}", mark, mapper), name=field.sources[0])
    found = (beside.get(source) or attribute_of(mapper, source) for source in field.sources)
    return next(filter(None, found), None)


def is_deep_enough(shape: Shape, step: Step, above: Above, field: Field) -> bool:
    """Whether a field of a DTO in itself has been followed for as many levels as it says.

    Raises BadProjection when it then has no default to keep.
    """
    if step.depth is None or above.count(step) < step.depth.levels:
        return False
    if field.is_required:
        raise BadProjection(
            f"{shape.name}.{field.name} ends after {step.depth.levels} levels, and has no default to end with.\n"
            f"  Give it one, such as an empty list or None."
        )
    return True


def refuse_endless(shape: Shape, mapper: Mapper[Any], above: Above) -> None:
    """Raise when a DTO contains itself and does not say how deep: the number of queries would depend on the data."""
    places = [place for place, step in enumerate(above) if (step.dto, step.mapper) == (shape.dto, mapper)]
    if not places or any(step.depth for step in above[places[-1] :]):
        return
    way = " → ".join(str(getattr(dto, "__name__", dto)) for dto in [*(step.dto for step in above), shape.dto])
    raise BadProjection(
        f"{way}: {shape.name} contains itself, so the number of queries would depend on the data.\n"
        f"  Say how many levels are wanted: {above[-1].field}: Annotated[…, Depth(3)] with a default; Depth is in "
        f"hermetic.projections."
    )


def part(shape: Shape, field: Field, attribute: Attribute, mapper: Mapper[Any], above: Above) -> Part:
    """How one field is filled from the attribute of its name."""
    hint = read_hint(field.annotation)
    if attribute.relationship is None:
        return value(shape, field, hint, attribute, mapper)
    relationship = attribute.relationship
    names = f"{shape.name}.{field.name}: {hint} is read from {spelled(mapper, attribute.key)}"
    if relationship.entity.is_aliased_class:
        raise BadProjection(
            f"{names}, a relationship to an aliased class, which projections do not follow.\n"
            f"  Declare a relationship to {relationship.mapper.class_.__name__} itself."
        )
    if not relationship.uselist:
        if describe(hint.core) is None:
            raise BadProjection(
                f"{names}, a single {relationship.mapper.class_.__name__}; {hint} is no DTO for it.\n"
                f"  Annotate the field with the DTO of that class."
            )
        plan = make_plan(hint.core, relationship.mapper, above)
        if shape.validator is None and shape.kind != "attrs" and not hint.is_optional and may_be_missing(relationship):
            raise cannot_hold_none(names, hint)
        return One(field, hint, attribute, relationship, plan)
    if hint.container is None or describe(hint.element) is None:
        raise BadProjection(
            f"{names}, a collection of {relationship.mapper.class_.__name__}; {hint} cannot hold it.\n"
            f"  Annotate the field with list[…], tuple[…, ...], set[…] or frozenset[…] of the DTO of that class."
        )
    key = key_of(field, hint, relationship.mapper, names) if hint.container is dict else None
    return Many(field, hint, attribute, relationship, make_plan(hint.element, relationship.mapper, above), key)


def key_of(field: Field, hint: Hint, mapper: Mapper[Any], names: str) -> Attribute:
    """The attribute of the related class that is the key of a dict. Any: of whatever class.

    Raises BadProjection when none is named, or one that cannot be the key.
    """
    related = mapper.class_.__name__
    mark = mark_of(field.annotation, KeyedBy)
    if mark is None:
        raise BadProjection(
            f"{names}, a collection of {related}, and does not say which attribute of {related} is the key.\n"
            f'  Annotate the field with Annotated[{hint}, KeyedBy("…")]; KeyedBy is in hermetic.projections.'
        )
    key = attribute_of(mapper, mark.attribute)
    if key is None or key.relationship is not None or key.composite is not None:
        raise BadProjection(
            f"{names}, keyed by {mark.attribute!r}, which is no column of {related}.\n"
            f"  Name one of {', '.join(column.key for column in mapper.column_attrs)}."
        )
    core, is_optional = without_none(hint.key)
    produced = produced_type(key.types[0])
    if produced is not None and fit(core, produced) == "wrong":
        raise BadProjection(
            f"{names}, keyed by {related}.{key.key}, which gives {produced.__name__}.\n"
            f"  Annotate the keys with {produced.__name__}."
        )
    if key.may_be_null and not is_optional:
        raise cannot_hold_none(f"{names}, keyed by {related}.{key.key}", read_hint(hint.key))
    return key


def value(shape: Shape, field: Field, hint: Hint, attribute: Attribute, mapper: Mapper[Any]) -> Value:
    """A field filled by a column, an expression or a composite, once its type is known to fit."""
    produced = attribute.composite or produced_type(attribute.types[0])
    is_counted = attribute.expression is not None and attribute.may_be_null is False
    is_sure = attribute.is_column or attribute.composite is not None or is_counted
    fits = fit(hint.core, produced) if is_sure else fit_of_expression(hint.core, produced)
    if is_sure and attribute.types and holds_only(hint.core, attribute.types[0]):
        fits = "exact"
    owner = f"the label {attribute.key!r}" if attribute.is_beside else spelled(mapper, attribute.key)
    owner = "its expression" if attribute.expression is not None else owner
    names = f"{shape.name}.{field.name}: {hint} is read from {owner}"
    if shape.misfit is not None:
        wrong = produced is not None and fits == "wrong" and shape.misfit(field, produced)
    else:
        wrong = fits == "wrong"
    if wrong and produced is not None:
        raise BadProjection(
            f"{names}, which gives {produced.__name__}.\n"
            f"  Annotate the field with {produced.__name__}, or read it from a hybrid attribute that converts."
        )
    if shape.validator is None and attribute.may_be_null is True and not hint.is_optional:
        raise cannot_hold_none(names, hint)
    return Value(field, hint, attribute, fits, attribute.may_be_null is not False)


def may_be_missing(relationship: RelationshipProperty[Any]) -> bool:
    """Whether the related row of a to-one relationship may be absent by the schema."""
    if relationship.direction.name != "MANYTOONE":
        return True
    return any(column.nullable for column in relationship.local_columns)


def cannot_hold_none(names: str, hint: Hint) -> BadProjection:
    """The error for a field that its framework does not check and that would be None against its annotation."""
    return BadProjection(f"{names}, which may be None.\n  Annotate the field with {hint} | None.")


def no_attribute(shape: Shape, field: Field, mapper: Mapper[Any]) -> BadProjection:
    """The error for a field that nothing fills, with the nearest name."""
    owner = mapper.class_.__name__
    source = field.sources[0]
    sought = field.name if source == field.name else f"{field.name} (looked for as {source!r})"
    what = f"{shape.name}.{sought} names no mapped attribute of {owner}"
    if hasattr(mapper.class_, source):
        return BadProjection(
            f"{what}: {owner}.{source} is plain Python, which a database cannot select.\n"
            f"  Make it a hybrid_property or a column_property, or give {shape.name}.{field.name} a default."
        )
    nearest = get_close_matches(source, attribute_names(mapper), n=1)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"{owner} has {', '.join(attribute_names(mapper))}."
    return BadProjection(f"{what}.\n  {hint[0].upper()}{hint[1:]}")


def spelled(mapper: Mapper[Any], key: str) -> str:
    """A mapped attribute as its author wrote it."""
    return f"{mapper.class_.__name__}.{key}"
