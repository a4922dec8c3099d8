"""Made-up DTOs of every kind for a made-up class, and what they are by hand, from the instances of the ORM."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any, Generic, NamedTuple, NotRequired, TypeVar

import attrs
import msgspec
import pydantic
import sqlmodel
from typing_extensions import TypedDict

from hermetic.projections import KeyedBy

from .worlds import KINDS, ColumnSpec, Pair, Relation, World

T = TypeVar("T")
FRAMEWORKS = ("pydantic", "pydantic", "sqlmodel", "dataclass", "msgspec", "attrs", "typeddict", "namedtuple")
BY_PYDANTIC = ("pydantic", "sqlmodel")
SPARE = "spare"  # a field that no class has, which keeps its default


@dataclass(frozen=True)
class FieldRecipe:
    """A field, the attribute that it is read from, and what it holds: a value, a DTO, or a collection of DTOs."""

    name: str
    source: str
    annotation: Any
    nested: Recipe | None = None
    container: type | None = None
    key: str | None = None


@dataclass(frozen=True)
class Recipe:
    """A DTO as it was made up; `is_hashable` tells that a set can hold it."""

    dto: Any
    framework: str
    fields: tuple[FieldRecipe, ...]
    is_hashable: bool
    has_spare: bool = False

    @property
    def is_pydantic(self) -> bool:
        return self.framework in BY_PYDANTIC

    @property
    def frameworks(self) -> set[str]:
        """Of the DTO and of those inside it."""
        return {self.framework}.union(*(one.nested.frameworks for one in self.fields if one.nested))

    @property
    def has_sets(self) -> bool:
        """Whether a set is somewhere inside, whose order nobody knows."""
        return any(one.container in (set, frozenset) or (one.nested and one.nested.has_sets) for one in self.fields)

    def __str__(self) -> str:
        fields = ", ".join(f"{one.name} ← {one.source}: {one.nested or one.annotation}" for one in self.fields)
        return f"{self.framework} {self.dto} ({fields})"


def make_recipe(
    random: Random,
    world: World,
    number: int,
    *,
    depth: int = 2,
    framework: str | None = None,
    labels: tuple[str, ...] = (),
    hashable: bool = False,
) -> Recipe:
    """A DTO for a class of the world, nested as deep as `depth`, with a field for each of the labels.

    Pydantic holds Pydantic and msgspec msgspec, as their own validation wants; the others hold anything.
    """
    framework = framework or random.choice(FRAMEWORKS)
    if hashable and framework == "typeddict":
        framework = "namedtuple"
    spec = world.specs[number]
    columns = [one for one in (*spec.stored, *spec.readers) if random.random() < 0.5]
    if hashable:
        columns = [one for one in columns if one.kind not in ("json", "pair")]
    fields = [column_field(random, one, framework) for one in columns]
    fields += [FieldRecipe(label, label, int) for label in labels]
    for relation in world.relations(number):
        if depth and not hashable and random.random() < 0.5:
            fields.append(related_field(random, world, number, relation, depth, framework))
    if not fields and framework == "sqlmodel":
        framework = "pydantic"
    return made(random, f"D{number}{depth}", tuple(fields), framework, hashable)


def column_field(random: Random, column: ColumnSpec, framework: str) -> FieldRecipe:
    kind = KINDS.get(column.kind)
    chosen: Any = kind.python if kind else Pair
    if kind and framework in BY_PYDANTIC and column.is_column:
        chosen = random.choice((chosen, chosen, *kind.others))
        if random.random() < 0.1:
            return FieldRecipe(column.name, column.name, chosen)
    is_optional = column.nullable and chosen not in (Any, object)
    return FieldRecipe(column.name, column.name, chosen | None if is_optional else chosen)


def related_field(
    random: Random, world: World, number: int, relation: Relation, depth: int, framework: str
) -> FieldRecipe:
    inner = framework if framework in (*BY_PYDANTIC, "msgspec") else None
    container, key = holder(random, relation, framework)
    nested = make_recipe(
        random, world, relation.target, depth=depth - 1, framework=inner, hashable=container in (set, frozenset)
    )
    if framework == "pydantic" and random.random() < 0.15:
        nested = wrapped(nested)
    name = relation.name
    if container is None:
        needs_one = framework in BY_PYDANTIC and random.random() < 0.3
        return FieldRecipe(name, name, nested.dto if needs_one else nested.dto | None, nested)
    if container is dict:
        kind = KINDS[world.specs[relation.target].key[0]]
        annotation: Any = Annotated[dict[kind.python, nested.dto], KeyedBy("k0")]  # type: ignore[name-defined]
    else:
        annotation = tuple[nested.dto, ...] if container is tuple else container[nested.dto]  # type: ignore[index]
    return FieldRecipe(name, name, annotation, nested, container, key)


def holder(random: Random, relation: Relation, framework: str) -> tuple[type | None, str | None]:
    """What a field holds related rows in; Pydantic cannot make a list of a dict, nor the other way round."""
    if relation.collection is None:
        return None, None
    if relation.collection == "dict" and framework in BY_PYDANTIC:
        return dict, "k0"
    if relation.collection == "set":
        return random.choice([set, frozenset]), None
    container = random.choice([list, list, tuple, set, dict])
    if container is dict and framework in BY_PYDANTIC:
        container = list
    return container, "k0" if container is dict else None


def wrapped(nested: Recipe) -> Recipe:
    """A RootModel around a model."""
    root = pydantic.RootModel[nested.dto]  # type: ignore[name-defined]  # made up at run time
    return dataclasses.replace(nested, dto=root, is_hashable=False) if not nested.is_hashable else nested


def made(random: Random, name: str, fields: tuple[FieldRecipe, ...], framework: str, hashable: bool) -> Recipe:
    """The class for these fields."""
    has_spare = framework not in (*BY_PYDANTIC, "namedtuple") and random.random() < 0.2
    if framework in BY_PYDANTIC:
        fields = tuple(renamed(random, one) for one in fields) if framework == "pydantic" else fields
        return Recipe(pydantic_model(random, name, fields, framework, hashable), framework, fields, hashable)
    typed: dict[str, Any] = {one.name: one.annotation for one in fields}
    return Recipe(MAKERS[framework](random, name, typed, hashable, has_spare), framework, fields, hashable, has_spare)


def renamed(random: Random, field: FieldRecipe) -> FieldRecipe:
    return dataclasses.replace(field, name=f"named_{field.name}") if random.random() < 0.15 else field


def flags(random: Random, hashable: bool, names: tuple[str, ...]) -> dict[str, bool]:
    chosen = {name: random.random() < 0.5 for name in names}
    return {**chosen, "frozen": chosen["frozen"] or hashable}


def make_dataclass(random: Random, name: str, fields: dict[str, Any], hashable: bool, has_spare: bool) -> Any:
    spare = [(SPARE, int, dataclasses.field(default=7))] if has_spare else []
    options = flags(random, hashable, ("slots", "frozen", "kw_only"))
    return dataclasses.make_dataclass(name, [*fields.items(), *spare], **options)


def make_struct(random: Random, name: str, fields: dict[str, Any], hashable: bool, has_spare: bool) -> Any:
    options: dict[str, Any] = flags(random, hashable, ("frozen", "kw_only"))
    if random.random() < 0.2:
        options["rename"] = "camel"
    spare: list[Any] = [(SPARE, int, 7)] if has_spare else []
    return msgspec.defstruct(name, [*fields.items(), *spare], **options)


def make_attrs(random: Random, name: str, fields: dict[str, Any], hashable: bool, has_spare: bool) -> Any:
    options = flags(random, hashable, ("slots", "frozen", "kw_only"))
    members: dict[str, Any] = {"__annotations__": {**fields, SPARE: int} if has_spare else fields}
    if has_spare:
        members[SPARE] = 7
    return attrs.define(type(name, (), members), **options)


def make_typeddict(random: Random, name: str, fields: dict[str, Any], hashable: bool, has_spare: bool) -> Any:
    spare = {SPARE: NotRequired[int]} if has_spare else {}
    return TypedDict(name, fields | spare)  # type: ignore[operator,misc]  # made up at run time


def make_namedtuple(random: Random, name: str, fields: dict[str, Any], hashable: bool, has_spare: bool) -> Any:
    return NamedTuple(name, list(fields.items()))  # type: ignore[misc]  # made up at run time


MAKERS: dict[str, Callable[[Random, str, dict[str, Any], bool, bool], Any]] = {
    "dataclass": make_dataclass,
    "msgspec": make_struct,
    "attrs": make_attrs,
    "typeddict": make_typeddict,
    "namedtuple": make_namedtuple,
}


def pydantic_model(random: Random, name: str, fields: tuple[FieldRecipe, ...], framework: str, hashable: bool) -> Any:
    """A model with, now and then, what keeps it from being trusted: aliases, validators, defaults, a strict config."""
    annotations: dict[str, Any] = {one.name: one.annotation for one in fields}
    members: dict[str, Any] = {"__module__": __name__}
    for one in fields:
        if one.name != one.source:
            members[one.name] = aliased(random, one.source)
    for extra, annotation, default in ((SPARE, int, 7), ("spares", list[int], [])):
        if random.random() < 0.15 and not hashable:
            annotations[extra] = annotation
            members[extra] = default
    config = pydantic.ConfigDict(frozen=True) if hashable else pydantic.ConfigDict()
    if framework == "pydantic":
        members |= oddities(random, list(annotations), config)
    members["model_config"] = config
    bases: tuple[Any, ...] = (sqlmodel.SQLModel if framework == "sqlmodel" else pydantic.BaseModel,)
    generic = next((one for one in fields if one.nested), None)
    if framework == "pydantic" and generic is not None and random.random() < 0.15:
        members["__annotations__"] = {**annotations, generic.name: T}
        model: Any = types.new_class(name, (*bases, Generic[T]), {}, lambda namespace: namespace.update(members))
        return model[generic.annotation]
    members["__annotations__"] = annotations
    return types.new_class(name, bases, {}, lambda namespace: namespace.update(members))


def aliased(random: Random, source: str) -> Any:
    """The ways to say that a field is read from another attribute."""
    choices = pydantic.AliasChoices("nowhere", source)
    options: list[dict[str, Any]] = [
        {"alias": source},
        {"validation_alias": source},
        {"validation_alias": choices, "serialization_alias": f"shown_{source}"},
    ]
    return pydantic.Field(**random.choice(options))


def oddities(random: Random, names: list[str], config: pydantic.ConfigDict) -> dict[str, Any]:
    """The members that make a model odd, if any; its config may change as well."""
    oddity = random.choice(["", "", "", "frozen", "strict", "before", "after", "computed", "private", "field", "camel"])
    if oddity == "frozen":
        config["frozen"] = True
    if oddity == "strict":
        config["strict"] = True
    if oddity == "camel":
        config["alias_generator"] = str.upper
        config["validate_by_name"] = True
    if oddity == "field" and names:
        return {"check": pydantic.field_validator(names[0])(classmethod(lambda cls, value: value))}
    members: dict[str, dict[str, Any]] = {
        "before": {"check": pydantic.model_validator(mode="before")(classmethod(lambda cls, data: data))},
        "after": {"check": pydantic.model_validator(mode="after")(lambda self: self)},
        "computed": {"size": pydantic.computed_field(property(size))},
        "private": {"_seen": pydantic.PrivateAttr(default=3)},
    }
    return members.get(oddity, {})


def size(self: Any) -> int:
    return len(self.__dict__)


def by_hand(recipe: Recipe, instance: Any) -> Any:
    """What the ORM instance becomes by hand: `model_validate` for Pydantic, the constructor for the others."""
    if recipe.is_pydantic:
        return recipe.dto.model_validate(instance, from_attributes=True)
    return recipe.dto(**{one.name: field_by_hand(one, getattr(instance, one.source)) for one in recipe.fields})


def field_by_hand(field: FieldRecipe, value: Any) -> Any:
    """The value of one field: DTOs from instances, anything else as it is."""
    if field.nested is None or value is None:
        return value
    if field.container is None:
        return by_hand(field.nested, value)
    instances = list(value.values()) if isinstance(value, dict) else list(value)
    if field.container is dict:
        return {getattr(one, field.key or ""): by_hand(field.nested, one) for one in instances}
    return field.container(by_hand(field.nested, one) for one in instances)


def told(thing: Any) -> Any:
    """A DTO as nested plain values with their types, and the names of the fields that were set."""
    if isinstance(thing, pydantic.BaseModel):
        fields = [(name, told(value)) for name, value in thing.__dict__.items()]
        return (type(thing), fields, sorted(thing.model_fields_set), thing.__pydantic_private__)
    if isinstance(thing, dict):
        return [(key, told(value)) for key, value in thing.items()]
    if isinstance(thing, set | frozenset):
        return (type(thing), sorted((told(one) for one in thing), key=repr))
    if isinstance(thing, list | tuple):
        return (type(thing), [told(one) for one in thing])
    if isinstance(thing, msgspec.Struct):
        return (type(thing), [(name, told(getattr(thing, name))) for name in thing.__struct_fields__])
    if attrs.has(type(thing)):
        return (type(thing), [(one.name, told(getattr(thing, one.name))) for one in attrs.fields(type(thing))])
    if dataclasses.is_dataclass(thing):
        return (type(thing), [(field.name, told(getattr(thing, field.name))) for field in dataclasses.fields(thing)])
    return (type(thing), thing)
