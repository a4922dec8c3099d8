"""Models, data and DTOs that hypothesis makes up, and what the ORM with `model_validate` makes of them."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypedDict

import msgspec
import pydantic
import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.orm import registry, relationship

from .bazaar import Upper


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


@dataclass(frozen=True)
class Kind:
    """A column type, the Python type it promises, values for it, and other annotations a Pydantic field may have."""

    sql: Callable[[], Any]
    python: Any
    values: st.SearchStrategy[Any]
    others: tuple[Any, ...] = ()


DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2040, 1, 1))
TIMES = st.times()
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6)
INTEGERS = st.integers(-(2**31), 2**31 - 1)

KINDS = {
    "integer": Kind(sa.Integer, int, INTEGERS, (float, Any, int | str, Annotated[int, pydantic.Field(gt=-1000)])),
    "text": Kind(sa.String, str, TEXTS, (Any, object, Annotated[str, pydantic.StringConstraints(max_length=4)])),
    "boolean": Kind(sa.Boolean, bool, st.booleans(), (int, Any)),
    "float": Kind(sa.Float, float, st.floats(allow_nan=False, allow_infinity=False, width=32), (decimal.Decimal,)),
    "numeric": Kind(
        lambda: sa.Numeric(10, 2), decimal.Decimal, st.decimals(-9999, 9999, places=2, allow_nan=False), (float,)
    ),
    "date": Kind(sa.Date, datetime.date, DAYS, (Any, datetime.datetime)),
    "datetime": Kind(
        sa.DateTime, datetime.datetime, st.builds(datetime.datetime.combine, DAYS, TIMES), (datetime.date,)
    ),
    "time": Kind(sa.Time, datetime.time, TIMES),
    "bytes": Kind(sa.LargeBinary, bytes, st.binary(max_size=5)),
    "uuid": Kind(sa.Uuid, uuid.UUID, st.uuids(), (Any,)),
    "enum": Kind(lambda: sa.Enum(Colour), Colour, st.sampled_from(Colour), (Any,)),
    "json": Kind(sa.JSON, Any, st.recursive(INTEGERS | TEXTS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)),
    "decorated": Kind(lambda: Upper(), Any, st.text("abcdefgh", max_size=4), (str,)),
}
KEYS = {"integer": st.integers(1, 50), "text": st.text("abcXYZ 'é", min_size=1, max_size=3), "uuid": st.uuids()}


@dataclass(frozen=True)
class ColumnSpec:
    name: str
    kind: str
    nullable: bool


@dataclass(frozen=True)
class LinkSpec:
    """A relationship pair between two classes: `many` to the source, or through a table of pairs."""

    source: int
    target: int
    through_table: bool


@dataclass(frozen=True)
class ClassSpec:
    key: tuple[str, ...]
    columns: tuple[ColumnSpec, ...]


@dataclass
class World:
    """Mapped classes, filled tables' rows by class, and the metadata to create them."""

    metadata: sa.MetaData
    classes: list[type]
    specs: list[ClassSpec]
    links: list[LinkSpec]
    rows: dict[sa.Table, list[dict[str, Any]]]

    def relations(self, number: int) -> list[tuple[str, int, bool]]:
        """The relationships of a class: name, class they lead to, whether they are collections."""
        found: list[tuple[str, int, bool]] = []
        for place, link in enumerate(self.links):
            if link.source == number:
                found.append((f"to{place}", link.target, link.through_table))
            if link.target == number:
                found.append((f"from{place}", link.source, True))
        return found


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to three classes with up to three relationships, each table with up to six rows."""
    specs = [draw(class_specs()) for _ in range(draw(st.integers(1, 3)))]
    numbers = st.integers(0, len(specs) - 1)
    links = draw(st.lists(st.builds(LinkSpec, numbers, numbers, st.booleans()), max_size=3))
    metadata = sa.MetaData()
    world = World(metadata, [type(f"C{number}", (), {}) for number in range(len(specs))], specs, links, {})
    tables = [table_of(metadata, number, spec, links, specs) for number, spec in enumerate(specs)]
    map_classes(world, tables)
    fill(draw, world, tables)
    return world


@st.composite
def class_specs(draw: st.DrawFn) -> ClassSpec:
    key = draw(st.sampled_from([("integer",), ("integer",), ("text",), ("uuid",), ("integer", "text")]))
    kinds = draw(st.lists(st.sampled_from(sorted(KINDS)), max_size=5))
    columns = [ColumnSpec(f"v{place}", kind, draw(st.booleans())) for place, kind in enumerate(kinds)]
    return ClassSpec(key, tuple(columns))


def table_of(
    metadata: sa.MetaData, number: int, spec: ClassSpec, links: list[LinkSpec], specs: list[ClassSpec]
) -> sa.Table:
    columns: list[Any] = [
        sa.Column(f"k{place}", KINDS[kind].sql(), primary_key=True, autoincrement=False)
        for place, kind in enumerate(spec.key)
    ]
    columns += [sa.Column(one.name, KINDS[one.kind].sql(), nullable=one.nullable) for one in spec.columns]
    for place, link in enumerate(links):
        if link.source == number and not link.through_table:
            columns += pointers(f"l{place}", specs[link.target], nullable=True)
    return sa.Table(f"t{number}", metadata, *columns)


def pointers(prefix: str, spec: ClassSpec, *, nullable: bool) -> list[sa.Column[Any]]:
    return [sa.Column(f"{prefix}_{place}", KINDS[kind].sql(), nullable=nullable) for place, kind in enumerate(spec.key)]


def map_classes(world: World, tables: list[sa.Table]) -> None:
    properties: list[dict[str, Any]] = [{} for _ in tables]
    for place, link in enumerate(world.links):
        source, target = tables[link.source], tables[link.target]
        if link.through_table:
            to, back = through(world, place, link, source, target)
        else:
            to, back = direct(world, place, link, source, target)
        properties[link.source][f"to{place}"] = to
        properties[link.target][f"from{place}"] = back
    mapping = registry(metadata=world.metadata)
    for one, table, extra in zip(world.classes, tables, properties, strict=True):
        mapping.map_imperatively(one, table, properties=extra)
    sa.orm.configure_mappers()


def keys_of(table: sa.Table) -> list[sa.Column[Any]]:
    return list(table.primary_key.columns)


def direct(world: World, place: int, link: LinkSpec, source: sa.Table, target: sa.Table) -> tuple[Any, Any]:
    mine = [column for column in source.c if column.name.startswith(f"l{place}_")]
    condition = sa.and_(*[there == here for here, there in zip(mine, keys_of(target), strict=True)])
    to = relationship(
        world.classes[link.target], primaryjoin=condition, foreign_keys=mine, remote_side=keys_of(target), viewonly=True
    )
    back = relationship(
        world.classes[link.source],
        primaryjoin=condition,
        foreign_keys=mine,
        remote_side=mine,
        order_by=keys_of(source),
        viewonly=True,
        uselist=True,
    )
    return to, back


def through(world: World, place: int, link: LinkSpec, source: sa.Table, target: sa.Table) -> tuple[Any, Any]:
    left = pointers("a", world.specs[link.source], nullable=False)
    right = pointers("b", world.specs[link.target], nullable=False)
    pairs = sa.Table(f"p{place}", world.metadata, *left, *right)
    first = sa.and_(*[key == one for key, one in zip(keys_of(source), left, strict=True)])
    second = sa.and_(*[key == one for key, one in zip(keys_of(target), right, strict=True)])
    common: dict[str, Any] = {"secondary": pairs, "viewonly": True}
    to = relationship(
        world.classes[link.target],
        primaryjoin=first,
        secondaryjoin=second,
        order_by=keys_of(target),
        foreign_keys=[*left, *right],
        **common,
    )
    back = relationship(
        world.classes[link.source],
        primaryjoin=second,
        secondaryjoin=first,
        order_by=keys_of(source),
        foreign_keys=[*left, *right],
        **common,
    )
    return to, back


def fill(draw: st.DrawFn, world: World, tables: list[sa.Table]) -> None:
    keys = [
        draw(st.lists(st.tuples(*[KEYS[kind] for kind in spec.key]), max_size=6, unique=True)) for spec in world.specs
    ]
    for number, (spec, table) in enumerate(zip(world.specs, tables, strict=True)):
        world.rows[table] = [row_of(draw, world, number, spec, key, keys) for key in keys[number]]
    for place, link in enumerate(world.links):
        if link.through_table and keys[link.source] and keys[link.target]:
            ends = st.tuples(st.sampled_from(keys[link.source]), st.sampled_from(keys[link.target]))
            names = world.metadata.tables[f"p{place}"].c.keys()
            pairs = draw(st.lists(ends, max_size=8))
            world.rows[world.metadata.tables[f"p{place}"]] = [
                dict(zip(names, [*left, *right], strict=True)) for left, right in pairs
            ]


def row_of(
    draw: st.DrawFn, world: World, number: int, spec: ClassSpec, key: tuple[Any, ...], keys: list[list[Any]]
) -> dict[str, Any]:
    row = {f"k{place}": value for place, value in enumerate(key)}
    for column in spec.columns:
        values = KINDS[column.kind].values
        row[column.name] = draw(st.none() | values if column.nullable and column.kind != "json" else values)
    for place, link in enumerate(world.links):
        if link.source == number and not link.through_table:
            width = len(world.specs[link.target].key)
            absent = st.just((None,) * width)
            chosen = draw(absent | st.sampled_from(keys[link.target]) if keys[link.target] else absent)
            row |= {f"l{place}_{part}": value for part, value in enumerate(chosen)}
    return row


FRAMEWORKS = ["pydantic", "pydantic", "dataclass", "msgspec", "typeddict", "namedtuple"]


@st.composite
def dtos(draw: st.DrawFn, world: World, number: int, depth: int = 2, framework: str | None = None) -> Any:
    """A DTO for a class of the world, nested as deep as `depth`; Pydantic holds Pydantic, others hold anything."""
    framework = framework or draw(st.sampled_from(FRAMEWORKS))
    fields: dict[str, Any] = {}
    spec = world.specs[number]
    named = [
        *(ColumnSpec(f"k{place}", kind, False) for place, kind in enumerate(spec.key)),
        *spec.columns,
    ]
    for column in named:
        if draw(st.booleans()):
            fields[column.name] = draw(annotations(column, framework))
    inner = framework if framework in {"pydantic", "msgspec"} else None
    for name, target, is_many in world.relations(number):
        if depth and draw(st.booleans()):
            nested = draw(dtos(world, target, depth - 1, inner))
            fields[name] = draw(st.sampled_from(containers(nested, framework, is_many)))
    return draw(makers(f"D{number}{depth}", fields, framework))


@st.composite
def annotations(draw: st.DrawFn, column: ColumnSpec, framework: str) -> Any:
    kind = KINDS[column.kind]
    chosen = draw(st.sampled_from((kind.python, kind.python, *kind.others))) if framework == "pydantic" else kind.python
    if framework == "pydantic" and draw(st.integers(0, 9)) == 0:
        return chosen
    return chosen | None if column.nullable and chosen not in (Any, object) else chosen


def containers(nested: Any, framework: str, is_many: bool) -> list[Any]:
    if not is_many:
        return [nested | None] if framework != "pydantic" else [nested | None, nested | None, nested]
    return [list[nested], tuple[nested, ...]]


@st.composite
def makers(draw: st.DrawFn, name: str, fields: dict[str, Any], framework: str) -> Any:
    if framework == "pydantic":
        return draw(pydantic_models(name, fields))
    if framework == "msgspec":
        return msgspec.defstruct(name, list(fields.items()))
    if framework == "typeddict":
        return TypedDict(name, fields)  # type: ignore[operator,misc]  # made up at run time
    if framework == "namedtuple":
        return NamedTuple(name, list(fields.items()))  # type: ignore[misc]  # made up at run time
    flags = {flag: draw(st.booleans()) for flag in ("slots", "frozen", "kw_only")}
    return dataclasses.make_dataclass(name, list(fields.items()), **flags)


@st.composite
def pydantic_models(draw: st.DrawFn, name: str, fields: dict[str, Any]) -> Any:
    """A model with, now and then, what keeps it from being trusted: aliases, validators, defaults, a strict config."""
    members: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for field, annotation in fields.items():
        renamed = f"named_{field}" if draw(st.integers(0, 5)) == 0 else field
        members["__annotations__"][renamed] = annotation
        if renamed != field:
            members[renamed] = pydantic.Field(alias=field)
    for extra, default in [("spare", 7), ("spares", [])]:
        if draw(st.integers(0, 5)) == 0:
            members["__annotations__"][extra] = int if extra == "spare" else list[int]
            members[extra] = default
    oddity = draw(st.sampled_from(["", "", "", "frozen", "strict", "before", "after", "computed", "private", "field"]))
    members |= oddities(oddity, list(members["__annotations__"]))
    return type(name, (pydantic.BaseModel,), members)


def oddities(oddity: str, names: list[str]) -> dict[str, Any]:
    """The members that make a model odd."""
    if oddity in {"frozen", "strict"}:
        return {"model_config": pydantic.ConfigDict(**{oddity: True})}  # type: ignore[typeddict-item,misc]  # either key
    if oddity == "before":
        return {"check": pydantic.model_validator(mode="before")(classmethod(lambda cls, data: data))}
    if oddity == "after":
        return {"check": pydantic.model_validator(mode="after")(lambda self: self)}
    if oddity == "computed":
        return {"size": pydantic.computed_field(property(size))}
    if oddity == "private":
        return {"_seen": pydantic.PrivateAttr(default=3)}
    if oddity == "field" and names:
        return {"check": pydantic.field_validator(names[0])(classmethod(lambda cls, value: value))}
    return {}


def size(self: Any) -> int:
    return len(self.__dict__)


def expected(dto: Any, instance: Any) -> Any:
    """What the ORM instance becomes by hand: `model_validate` for Pydantic, the constructor for the others."""
    if isinstance(dto, type) and issubclass(dto, pydantic.BaseModel):
        return dto.model_validate(instance, from_attributes=True)
    hints: dict[str, Any] = dto.__annotations__
    made = {name: expected_field(hint, getattr(instance, name)) for name, hint in hints.items()}
    return dto(**made)


def expected_field(hint: Any, value: Any) -> Any:
    """The value of one field: nested DTOs from instances, anything else as it is."""
    inner = [one for one in (*getattr(hint, "__args__", ()),) if one not in (type(None), Ellipsis)]
    if isinstance(value, list) and hasattr(value, "_sa_adapter"):
        made = [expected(inner[0], one) for one in value]
        return tuple(made) if hint.__origin__ is tuple else made
    return expected(inner[0], value) if hasattr(value, "_sa_instance_state") else value


def told(thing: Any) -> Any:
    """A DTO as nested plain values with their types, and the names of the fields that were set."""
    if isinstance(thing, pydantic.BaseModel):
        fields = {name: told(value) for name, value in thing.__dict__.items()}
        return (type(thing), fields, sorted(thing.model_fields_set), thing.__pydantic_private__)
    if isinstance(thing, dict):
        return {key: told(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return (type(thing), [told(one) for one in thing])
    if isinstance(thing, msgspec.Struct):
        return (type(thing), {name: told(getattr(thing, name)) for name in thing.__struct_fields__})
    if dataclasses.is_dataclass(thing):
        return (type(thing), {field.name: told(getattr(thing, field.name)) for field in dataclasses.fields(thing)})
    return (type(thing), thing)
