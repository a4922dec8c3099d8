"""Made-up mapped classes and the rows in their tables, from a source of random choices.

The source is a `random.Random`: a seed in the long proof, or hypothesis, which then shrinks what fails.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Annotated, Any

import pydantic
import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import attribute_keyed_dict, column_property, composite, registry, relationship, synonym

from .bazaar import Upper

MOST_ROWS = 6
LETTERS = "abcXYZ 019'\"\\%_\n:é漢😀"


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


@dataclass(frozen=True)
class Pair:
    """A composite of two columns."""

    first: Any
    second: Any


def some_text(random: Random, most: int = 6, least: int = 0) -> str:
    return "".join(random.choices(LETTERS, k=random.randint(least, most)))


def some_integer(random: Random) -> int:
    return random.choice([0, 1, -1, random.randint(-(2**31), 2**31 - 1)])


def some_float(random: Random) -> float:
    return random.choice([0.0, 1.5, -2.25, 3.0, 1e300, 0.1 + 0.2, random.randint(-(10**6), 10**6) / 7])


def some_day(random: Random) -> datetime.date:
    return datetime.date(1990, 1, 1) + datetime.timedelta(days=random.randint(0, 18000))


def some_time(random: Random) -> datetime.time:
    microsecond = random.choice([0, 600, random.randint(0, 999_999)])
    return datetime.time(random.randint(0, 23), random.randint(0, 59), random.randint(0, 59), microsecond)


def some_moment(random: Random) -> datetime.datetime:
    return datetime.datetime.combine(some_day(random), some_time(random))


def some_json(random: Random, depth: int = 2) -> Any:
    form = random.choice(["integer", "text", "list", "dict", "null"] if depth else ["integer", "text"])
    if form == "list":
        return [some_json(random, depth - 1) for _ in range(random.randint(0, 2))]
    if form == "dict":
        return {some_text(random): some_json(random, depth - 1) for _ in range(random.randint(0, 2))}
    return {"integer": some_integer(random), "text": some_text(random), "null": None}[form]


@dataclass(frozen=True)
class Kind:
    """A column type, the Python type it promises, values for it, and other annotations a Pydantic field may have."""

    sql: Callable[[], Any]
    python: Any
    value: Callable[[Random], Any]
    others: tuple[Any, ...] = ()
    sorts: bool = True


KINDS = {
    "integer": Kind(sa.Integer, int, some_integer, (float, Any, int | str, Annotated[int, pydantic.Field(gt=-1000)])),
    "text": Kind(sa.String, str, some_text, (Any, object, Annotated[str, pydantic.StringConstraints(max_length=4)])),
    "boolean": Kind(sa.Boolean, bool, lambda random: random.random() < 0.5, (int, Any)),
    "float": Kind(sa.Float, float, some_float, (decimal.Decimal,)),
    "numeric": Kind(
        lambda: sa.Numeric(10, 2),
        decimal.Decimal,
        lambda random: decimal.Decimal(random.randint(-999_900, 999_900)) / 100,
        (float,),
    ),
    "date": Kind(sa.Date, datetime.date, some_day, (Any, datetime.datetime)),
    "datetime": Kind(sa.DateTime, datetime.datetime, some_moment, (datetime.date,)),
    "time": Kind(sa.Time, datetime.time, some_time),
    "bytes": Kind(sa.LargeBinary, bytes, lambda random: some_text(random, 3).encode()[:5], sorts=False),
    "uuid": Kind(sa.Uuid, uuid.UUID, lambda random: uuid.UUID(int=random.getrandbits(128)), (Any,)),
    "enum": Kind(lambda: sa.Enum(Colour), Colour, lambda random: random.choice(list(Colour)), (Any,), sorts=False),
    "json": Kind(sa.JSON, Any, some_json, sorts=False),
    "decorated": Kind(
        lambda: Upper(), Any, lambda random: "".join(random.choices("abcdefgh", k=random.randint(0, 4))), (str,), False
    ),
}
KEYS: dict[str, Callable[[Random], Any]] = {
    "integer": lambda random: random.randint(1, 50),
    "text": lambda random: some_text(random, 3, 1),
    "uuid": KINDS["uuid"].value,
}


@dataclass(frozen=True)
class ColumnSpec:
    """A mapped attribute, and the kind of its values; `is_column` tells it from one that only reads columns."""

    name: str
    kind: str
    nullable: bool
    is_column: bool = True


@dataclass(frozen=True)
class LinkSpec:
    """A relationship pair between two classes.

    `form` is `many` to one, `one` to one, or through a `table` of pairs; `collection` is what the ORM keeps the
    collections of the pair in.
    """

    source: int
    target: int
    form: str
    collection: str


@dataclass(frozen=True)
class ClassSpec:
    """A primary key, columns, and attributes that read them: synonyms, hybrids, expressions, a composite."""

    key: tuple[str, ...]
    columns: tuple[ColumnSpec, ...]
    readers: tuple[ColumnSpec, ...]

    @property
    def keys(self) -> list[ColumnSpec]:
        return [ColumnSpec(f"k{place}", kind, False) for place, kind in enumerate(self.key)]

    @property
    def stored(self) -> list[ColumnSpec]:
        return [*self.keys, *self.columns]


@dataclass(frozen=True)
class Relation:
    """A relationship of a class: its name, the class it leads to, and the collection; None for a single row."""

    name: str
    target: int
    collection: str | None
    is_certain: bool = False


@dataclass
class World:
    """Mapped classes, their tables' rows, and the metadata to create them."""

    metadata: sa.MetaData
    classes: list[type]
    specs: list[ClassSpec]
    links: list[LinkSpec]
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)
    registry: registry = field(init=False)

    def __post_init__(self) -> None:
        self.registry = registry(metadata=self.metadata)

    def relations(self, number: int) -> Iterator[Relation]:
        """The relationships of a class."""
        for place, link in enumerate(self.links):
            if link.source == number:
                yield Relation(f"to{place}", link.target, link.collection if link.form == "table" else None)
            if link.target == number:
                yield Relation(f"from{place}", link.source, None if link.form == "one" else link.collection)

    def table(self, number: int) -> sa.Table:
        return self.metadata.tables[f"t{number}"]


def make_world(random: Random) -> World:
    """Up to three classes with up to three relationships, each table with up to six rows."""
    specs = [class_spec(random) for _ in range(random.randint(1, 3))]
    links = [link_spec(random, specs) for _ in range(random.randint(0, 3))]
    classes = [type(f"C{number}", (), hybrids(spec)) for number, spec in enumerate(specs)]
    world = World(sa.MetaData(), classes, specs, links)
    tables = [table_of(world, number) for number in range(len(specs))]
    map_classes(world, tables)
    fill(random, world)
    return world


def link_spec(random: Random, specs: list[ClassSpec]) -> LinkSpec:
    """A link between any two classes. A dict by `k0` loses rows where that is not the whole key: a list there."""
    source, target = random.randrange(len(specs)), random.randrange(len(specs))
    form = random.choice(["many", "many", "table", "one"])
    collection = random.choice(["list", "list", "list", "set", "dict"])
    has_whole_key = len(specs[source].key) == len(specs[target].key) == 1
    return LinkSpec(source, target, form, collection if has_whole_key or collection != "dict" else "list")


def class_spec(random: Random) -> ClassSpec:
    key = random.choice([("integer",), ("integer",), ("text",), ("uuid",), ("integer", "text")])
    columns = [
        ColumnSpec(f"v{place}", random.choice(list(KINDS)), random.random() < 0.5)
        for place in range(random.randint(0, 5))
    ]
    readers: list[ColumnSpec] = []
    if columns and random.random() < 0.3:
        readers.append(ColumnSpec("synonym", columns[0].kind, columns[0].nullable, False))
    if random.random() < 0.3:
        readers.append(ColumnSpec("hybrid", key[0], False, False))
    if random.random() < 0.3:
        readers.append(ColumnSpec("expression", "integer", False, False))
    if len(columns) > 1 and random.random() < 0.3:
        readers.append(ColumnSpec("pair", "pair", columns[0].nullable and columns[1].nullable, False))
    return ClassSpec(key, tuple(columns), tuple(readers))


def hybrids(spec: ClassSpec) -> dict[str, Any]:
    """The members of a class that read its columns."""
    named = {reader.name for reader in spec.readers}
    return {"hybrid": hybrid_property(lambda self: self.k0)} if "hybrid" in named else {}


def table_of(world: World, number: int) -> sa.Table:
    spec = world.specs[number]
    columns: list[Any] = [
        sa.Column(one.name, KINDS[one.kind].sql(), primary_key=True, autoincrement=False) for one in spec.keys
    ]
    columns += [sa.Column(one.name, KINDS[one.kind].sql(), nullable=one.nullable) for one in spec.columns]
    for place, link in enumerate(world.links):
        if link.source == number and link.form != "table":
            columns += pointers(f"l{place}", world.specs[link.target], nullable=True)
    return sa.Table(f"t{number}", world.metadata, *columns)


def pointers(prefix: str, spec: ClassSpec, *, nullable: bool) -> list[sa.Column[Any]]:
    return [sa.Column(f"{prefix}_{place}", KINDS[kind].sql(), nullable=nullable) for place, kind in enumerate(spec.key)]


def map_classes(world: World, tables: list[sa.Table]) -> None:
    properties = [read_by(spec, table) for spec, table in zip(world.specs, tables, strict=True)]
    for place, link in enumerate(world.links):
        source, target = tables[link.source], tables[link.target]
        make = through if link.form == "table" else direct
        to, back = make(world, place, link, source, target)
        properties[link.source][f"to{place}"] = to
        properties[link.target][f"from{place}"] = back
    for one, table, extra in zip(world.classes, tables, properties, strict=True):
        world.registry.map_imperatively(one, table, properties=extra)
    world.registry.configure()


def read_by(spec: ClassSpec, table: sa.Table) -> dict[str, Any]:
    """The mapped attributes of a class that read its columns."""
    made: dict[str, Callable[[], Any]] = {
        "synonym": lambda: synonym("v0"),
        "expression": lambda: column_property(sa.func.length(sa.cast(table.c.k0, sa.String))),
        "pair": lambda: composite(Pair, table.c.v0, table.c.v1),
    }
    return {reader.name: made[reader.name]() for reader in spec.readers if reader.name in made}


def keys_of(table: sa.Table) -> list[sa.Column[Any]]:
    return list(table.primary_key.columns)


def direct(world: World, place: int, link: LinkSpec, source: sa.Table, target: sa.Table) -> tuple[Any, Any]:
    mine = [column for column in source.c if column.name.startswith(f"l{place}_")]
    condition = sa.and_(*[there == here for here, there in zip(mine, keys_of(target), strict=True)])
    common: dict[str, Any] = {"primaryjoin": condition, "foreign_keys": mine, "viewonly": True}
    to = relationship(world.classes[link.target], remote_side=keys_of(target), **common)
    if link.form == "one":
        return to, relationship(world.classes[link.source], remote_side=mine, uselist=False, **common)
    back = relationship(world.classes[link.source], remote_side=mine, **held(link, source), **common)
    return to, back


def held(link: LinkSpec, related: sa.Table) -> dict[str, Any]:
    """How a collection is kept and ordered."""
    classes: dict[str, Any] = {"list": list, "set": set, "dict": attribute_keyed_dict("k0")}
    return {"uselist": True, "order_by": keys_of(related), "collection_class": classes[link.collection]}


def through(world: World, place: int, link: LinkSpec, source: sa.Table, target: sa.Table) -> tuple[Any, Any]:
    left = pointers("a", world.specs[link.source], nullable=False)
    right = pointers("b", world.specs[link.target], nullable=False)
    pairs = sa.Table(f"p{place}", world.metadata, *left, *right)
    first = sa.and_(*[key == one for key, one in zip(keys_of(source), left, strict=True)])
    second = sa.and_(*[key == one for key, one in zip(keys_of(target), right, strict=True)])
    common: dict[str, Any] = {"secondary": pairs, "viewonly": True, "foreign_keys": [*left, *right]}
    to = relationship(
        world.classes[link.target], primaryjoin=first, secondaryjoin=second, **held(link, target), **common
    )
    back = relationship(
        world.classes[link.source], primaryjoin=second, secondaryjoin=first, **held(link, source), **common
    )
    return to, back


def fill(random: Random, world: World) -> None:
    """Make up other rows for every table."""
    keys = [
        list(dict.fromkeys(tuple(KEYS[kind](random) for kind in spec.key) for _ in range(random.randint(0, MOST_ROWS))))
        for spec in world.specs
    ]
    for number in range(len(world.specs)):
        world.rows[world.table(number)] = [make_row(random, world, number, key) for key in keys[number]]
    for place, link in enumerate(world.links):
        if link.form == "table":
            names = world.metadata.tables[f"p{place}"].c.keys()
            ends = [keys[link.source], keys[link.target]] if keys[link.source] and keys[link.target] else None
            world.rows[world.metadata.tables[f"p{place}"]] = [
                dict(zip(names, [*random.choice(ends[0]), *random.choice(ends[1])], strict=True))
                for _ in range(random.randint(0, 8) if ends else 0)
            ]
        else:
            point(random, world, place, link, keys[link.target])


def make_row(random: Random, world: World, number: int, key: tuple[Any, ...]) -> dict[str, Any]:
    """A row that points nowhere."""
    row: dict[str, Any] = dict.fromkeys(world.table(number).c.keys())
    row |= {f"k{place}": value for place, value in enumerate(key)}
    for column in world.specs[number].columns:
        if not column.nullable or random.random() < 0.7:
            row[column.name] = KINDS[column.kind].value(random)
    return row


def point(random: Random, world: World, place: int, link: LinkSpec, keys: list[tuple[Any, ...]]) -> None:
    """Let rows of the source point at rows of the target; at each only once where that is one to one."""
    free = list(keys)
    for row in world.rows[world.table(link.source)]:
        if not free or random.random() < 0.25:
            continue
        chosen = random.choice(free)
        if link.form == "one":
            free.remove(chosen)
        row |= {f"l{place}_{part}": value for part, value in enumerate(chosen)}
