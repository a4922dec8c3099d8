"""DTOs made by subclassing `pydantic.BaseModel`, version 2."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache, partial
from typing import Any

import pydantic
from pydantic.fields import FieldInfo

from ...errors import BadProjection
from ..hints import MARKS, is_marked, members_of, read_hint, spell, without_none
from ..samples import SAMPLES
from ..shape import NO_CONSTANT, Field, Shape, Validator
from .signature import unresolved

# Settings under which an instance whose fields have the right types is what validation would have made.
HARMLESS = frozenset(
    {
        "alias_generator",
        "arbitrary_types_allowed",
        "defer_build",
        "from_attributes",
        "frozen",
        "json_encoders",
        "json_schema_extra",
        "json_schema_mode_override",
        "json_schema_serialization_defaults_required",
        "model_title_generator",
        "field_title_generator",
        "populate_by_name",
        "protected_namespaces",
        "registry",
        "read_from_attributes",
        "read_with_orm_mode",
        "ser_json_bytes",
        "ser_json_inf_nan",
        "ser_json_temporal",
        "ser_json_timedelta",
        "serialize_by_alias",
        "table",
        "title",
        "use_attribute_docstrings",
        "validate_assignment",
        "validate_by_alias",
        "validate_by_name",
    }
)


def describe(dto: object) -> Shape | None:
    """The shape of a Pydantic model."""
    if not isinstance(dto, type) or not issubclass(dto, pydantic.BaseModel):
        return None
    complete(dto)
    if issubclass(dto, pydantic.RootModel):
        return shape_of_root(dto)
    refuse(dto)
    return Shape(
        dto=dto,
        kind="Pydantic",
        style="pydantic",
        fields=tuple(field_of(dto, name, info) for name, info in dto.model_fields.items()),
        must_validate=reason_to_validate(dto),
        reads_attributes=reads_attributes(dto),
        validator=validating,
        misfit=never_accepts,
        is_written_plainly=is_written_plainly(dto),
        instance_parts=instance_parts,
    )


def shape_of_root(dto: type[pydantic.RootModel[Any]]) -> Shape:
    """The shape of a RootModel around a model: the fields of the model inside. Any: it may hold anything.

    Raises BadProjection for one that holds no model.
    """
    inside = without_none(dto.model_fields["root"].annotation)[0]
    shape = describe(inside)
    if shape is None:
        raise BadProjection(
            f"{dto.__name__} is a RootModel of {spell(inside)}: it names no field, so there is nothing to select.\n"
            f"  Project to a model, and build the RootModel from the result."
        )
    must_read = shape.reads_attributes or reads_attributes(dto)
    return replace(
        shape, dto=dto, must_validate="it is a RootModel", reads_attributes=must_read, is_written_plainly=False
    )


def complete(dto: type[pydantic.BaseModel]) -> None:
    """Let a model look again for the classes that were not yet defined when it was."""
    try:
        dto.model_rebuild()
    except pydantic.errors.PydanticUndefinedAnnotation as error:
        raise unresolved(dto.__name__, error.name) from error


def refuse(dto: type[pydantic.BaseModel]) -> None:
    """Raise for a model that cannot say which attributes it reads."""
    if dto.model_config.get("extra") == "allow":
        raise BadProjection(
            f"{dto.__name__} has extra='allow': it takes any attribute, and a projection selects only those named.\n"
            f"  Name the fields and drop extra='allow'."
        )


def field_of(dto: type[pydantic.BaseModel], name: str, info: FieldInfo) -> Field:
    """One field, read from the attributes where `from_attributes` would look for it."""
    by_alias = dto.model_config.get("validate_by_alias", True)
    by_name = dto.model_config.get("validate_by_name") or dto.model_config.get("populate_by_name")
    aliases = alias_names(dto, name, info) if by_alias is not False else ()
    sources = (*aliases, name) if by_name or not aliases else aliases
    return Field(
        name=name,
        annotation=with_marks(info),
        sources=tuple(dict.fromkeys(sources)),
        key=name,
        is_required=info.is_required(),
        is_plain=is_plain(dto, name, info),
        default=constant_default(dto, info),
    )


def with_marks(info: FieldInfo) -> object:
    """The annotation with the marks of projections, which Pydantic has taken off; of a RootModel around a collection it
    is that of the collection."""
    annotation = (
        info.rebuild_annotation() if any(isinstance(mark, MARKS) for mark in info.metadata) else info.annotation
    )
    root = root_of(annotation)
    return annotation if root is None or read_hint(root).container is None else root


def root_of(annotation: object) -> object | None:
    """What a RootModel is around."""
    core = without_none(annotation)[0]
    if not isinstance(core, type) or not issubclass(core, pydantic.RootModel):
        return None
    return with_marks(core.model_fields["root"])


def constant_default(dto: type[pydantic.BaseModel], info: FieldInfo) -> object:
    """The default of the field when every instance gets the very same."""
    validated = info.validate_default or dto.model_config.get("validate_default")
    return NO_CONSTANT if info.default_factory is not None or validated else info.default


def alias_names(dto: type[pydantic.BaseModel], name: str, info: FieldInfo) -> tuple[str, ...]:
    """The names under which the field is looked for, apart from its own."""
    alias = info.validation_alias
    if alias is None:
        return ()
    choices = alias.choices if isinstance(alias, pydantic.AliasChoices) else [alias]
    paths = [choice.path if isinstance(choice, pydantic.AliasPath) else [choice] for choice in choices]
    if any(len(path) != 1 for path in paths):
        raise BadProjection(
            f"{dto.__name__}.{name} is found by an AliasPath of several steps, which projections do not follow.\n"
            f"  Nest a model for the related object, or name a hybrid attribute of the mapped class."
        )
    return tuple(str(path[0]) for path in paths)


def is_plain(dto: type[pydantic.BaseModel], name: str, info: FieldInfo) -> bool:
    """Whether a value of the annotated type is sure to pass unchanged; a Decimal is not: NUMERIC may hold NaN."""
    validated = {
        field
        for group in (dto.__pydantic_decorators__.field_validators, dto.__pydantic_decorators__.validators)
        for decorator in group.values()
        for field in decorator.info.fields
    }
    return not (
        any(not isinstance(mark, MARKS) for mark in info.metadata)
        or root_of(info.annotation) is not None
        or info.discriminator
        or {name, "*"} & validated
        or is_marked(info.annotation)
        or Decimal in members_of(info.annotation)
    )


def reason_to_validate(dto: type[pydantic.BaseModel]) -> str:
    """Why Pydantic itself has to build every instance, or the empty string."""
    settings = set(dto.model_config) - HARMLESS - {"extra"}
    decorators = dto.__pydantic_decorators__
    own_schema = [one for one in dto.__mro__ if "__get_pydantic_core_schema__" in vars(one)]
    reasons = {
        "it has a model validator": bool(decorators.model_validators or decorators.root_validators),
        "it has private attributes": bool(dto.__private_attributes__),
        "it has a model_post_init": dto.__pydantic_post_init__ is not None,
        "it has its own core schema": own_schema != [pydantic.BaseModel],
        "it has its own __init__": dto.__pydantic_custom_init__,
        "its config sets " + ", ".join(sorted(settings)): bool(settings),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def reads_attributes(dto: type[pydantic.BaseModel]) -> bool:
    """Whether a model makes something else of an object than of a mapping: it must be given an object.

    Its own code may see the input before Pydantic takes it apart; and Pydantic calls an `__init__` of its own, such as
    SQLModel's, with a mapping only, and then reads no attributes below.
    """
    modes = {decorator.info.mode for decorator in dto.__pydantic_decorators__.model_validators.values()}
    return bool({"before", "wrap"} & modes or dto.model_config.get("strict") or dto.__pydantic_custom_init__)


def is_written_plainly(dto: type[pydantic.BaseModel]) -> bool:
    """Whether the JSON of an instance is that of its fields, under their own names and in their order."""
    decorators = dto.__pydantic_decorators__
    adds = decorators.computed_fields or decorators.model_serializers or decorators.field_serializers
    changes = {key for key in dto.model_config if key.startswith("ser") or key in ("json_encoders", "alias_generator")}
    renames = any(info.serialization_alias or info.alias or info.exclude for info in dto.model_fields.values())
    return not adds and not changes and not renames


@cache
def instance_parts() -> dict[str, Any]:
    """Functions that make an empty instance and set each of its four slots, as `model_construct` does.

    Any: a constructor and descriptors. Pydantic documents the slots as attributes of `BaseModel`.
    """
    slots = pydantic.BaseModel.__dict__
    return {
        "new": object.__new__,
        "put_values": slots["__dict__"].__set__,
        "put_names": slots["__pydantic_fields_set__"].__set__,
        "put_extra": slots["__pydantic_extra__"].__set__,
        "put_private": slots["__pydantic_private__"].__set__,
    }


def validating(dto: Any) -> Validator:
    """The function that validates a whole list in one call. Any: a parametrised model is not a type to a checker."""
    return partial(pydantic.TypeAdapter(list[dto]).validate_python, from_attributes=True)


def never_accepts(field: Field, produced: type) -> bool:
    """Whether Pydantic itself refuses the type for every sample value of what the column gives."""
    samples = SAMPLES.get(produced)
    if not samples or not field.is_plain:
        return False
    try:
        adapter: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter[Any](field.annotation)  # type: ignore[arg-type]
    except pydantic.PydanticUserError:
        return False
    return all(refuses(adapter, sample) for sample in samples)


def refuses(adapter: pydantic.TypeAdapter[object], sample: object) -> bool:
    """Whether the value is of a type that the annotation cannot be made from."""
    try:
        adapter.validate_python(sample, from_attributes=True)
    except pydantic.ValidationError as error:
        return all(fault["type"].endswith(("_type", "is_instance_of")) for fault in error.errors())
    except Exception:  # a serializer or a custom type may raise anything of a sample that is not theirs
        return False
    return False
