"""Which columns each query of a plan selects, in which order, and where each field finds its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_
from sqlalchemy.orm import RelationshipProperty, aliased

from .plan import NOTHING, Many, One, Plan, Value
from .samples import produced_type

Entity = Any  # a mapped class or an alias of one; SQLAlchemy has no name for both


@dataclass(frozen=True, slots=True)
class Cell:
    """A value at its places in the row: one for a column, several for a composite."""

    part: Value
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """A related row in the same row; it is absent when all of `presence`, its primary key, are NULL."""

    part: One
    node: Node
    presence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Keyed:
    """Related rows from a query of their own, the `number`-th below this one, found by the values at `places`."""

    part: One | Many
    number: int
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A DTO within a row."""

    plan: Plan
    slots: tuple[Cell | Joined | Keyed, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """What of a statement the layout depends on, apart from the class that it selects.

    `joins` tells whether a related row may be joined to it, `joins_below` whether to the queries below; `whole`
    selects the class's every column, for DISTINCT, which otherwise would fold rows that differ; `extra` are attributes
    to select besides.
    """

    joins: bool
    whole: bool
    extra: tuple[str, ...]
    joins_below: bool = True


@dataclass(slots=True, eq=False)
class Query:
    """One SELECT: its columns in order, its joins, the DTO in each row and the queries that hang on it.

    `joined` are the mappers of the joined classes; `presence` is a place that is NULL only where an outer join left
    the class out; `once` are the places that tell a row from another, where the same may come twice for the same row
    above; `links` are the places of the key by which the rows go to the rows above; `key` is the place of a dict's key.
    """

    entity: Entity
    joins_below: bool
    columns: list[Any] = field(default_factory=list)  # Any: expressions of whatever type
    joins: list[Any] = field(default_factory=list)  # Any: relationship attributes of whatever class
    joined: set[Any] = field(default_factory=set)  # Any: mappers of whatever class
    below: list[Below] = field(default_factory=list)
    links: tuple[int, ...] = ()
    key: int | None = None
    once: tuple[int, ...] = ()
    presence: int | None = None
    node: Node = field(init=False)
    known: dict[tuple[int, str], int] = field(default_factory=dict)
    beside: dict[str, int] = field(default_factory=dict)

    def place(self, entity: Entity, key: str) -> int:
        """The place of an attribute in the row; it is selected once, however often it is named."""
        name = (id(entity), key)
        if name not in self.known:
            self.known[name] = len(self.columns)
            attribute = getattr(entity, key)
            # An attribute's expression is what SQLAlchemy would make of it again for every statement.
            self.columns.append(getattr(attribute, "expression", attribute))
        return self.known[name]


@dataclass(frozen=True, slots=True)
class Below:
    """A query for the rows related to those of another.

    `owner` is an alias of the class above when the related rows have to be found by a join, and None when their
    own columns, `remote`, hold the key.
    """

    relationship: RelationshipProperty[Any]  # Any: of whatever class
    query: Query
    owner: Entity | None
    is_many: bool


def lay_out(
    plan: Plan,
    entity: Entity,
    form: Form,
    beside: Mapping[str, Any] = NOTHING,
) -> Query:
    """Lay out the query for a plan, of the entity that a statement selects.

    `beside` are the expressions that the statement has by their labels. Any: of whatever type.
    """
    query = Query(entity, form.joins_below, columns=list(beside.values()))
    query.beside = {name: place for place, name in enumerate(beside)}
    query.node = node(query, plan, entity, form.joins)
    if form.whole:
        for prop in plan.mapper.column_attrs:
            query.place(entity, prop.key)
    for key in form.extra:
        query.place(entity, key)
    query.presence = presence(query, plan, entity)
    return query


def presence(query: Query, plan: Plan, entity: Entity) -> int:
    """The place of a column that is NULL only where the whole row is absent: one that is selected, or the key.

    A column whose type promises nothing may hold the null of JSON, which some drivers hand out as NULL.
    """
    for slot in query.node.slots:
        if isinstance(slot, Cell) and is_never_null(slot.part):
            return slot.places[0]
    return identity(query, plan, entity)[0]


def is_never_null(part: Value) -> bool:
    """Whether the driver's value is None only where there is no row."""
    attribute = part.attribute
    return attribute.is_column and not part.may_be_null and produced_type(attribute.types[0]) is not None


def node(query: Query, plan: Plan, entity: Entity, joins: bool) -> Node:
    """Place every field of a DTO in the rows of the query."""
    slots: list[Cell | Joined | Keyed] = []
    for part in plan.parts:
        if isinstance(part, Value) and part.attribute.is_beside:
            slots.append(Cell(part, (query.beside[part.attribute.name],)))
        elif isinstance(part, Value) and part.attribute.expression is not None:
            query.columns.append(part.attribute.expression(entity))
            slots.append(Cell(part, (len(query.columns) - 1,)))
        elif isinstance(part, Value):
            keys = part.attribute.columns or (part.attribute.key,)
            slots.append(Cell(part, tuple(query.place(entity, key) for key in keys)))
        elif isinstance(part, One) and joins and points_at_one(part.relationship):
            slots.append(joined(query, part, entity))
        else:
            slots.append(keyed(query, part, plan, entity))
    return Node(plan, tuple(slots))


def points_at_one(relationship: RelationshipProperty[Any]) -> bool:
    """Whether a join cannot multiply rows: the columns pointed at are a primary key or hold it."""
    keys = set(relationship.mapper.primary_key)
    return relationship.direction.name == "MANYTOONE" and keys <= set(relationship.remote_side)


def joined(query: Query, part: One, entity: Entity) -> Joined:
    """Bring the related row into the same row, by an outer join to an alias of its class."""
    other = aliased(part.relationship.mapper.class_)
    query.joined.add(part.relationship.mapper)
    query.joins.append(getattr(entity, part.attribute.key).of_type(other))
    inner = node(query, part.plan, other, True)
    return Joined(part, inner, identity(query, part.plan, other))


def identity(query: Query, plan: Plan, entity: Entity) -> tuple[int, ...]:
    """The places of the entity's primary key."""
    return places(query, plan.mapper, entity, plan.mapper.primary_key)


def places(query: Query, mapper: Any, entity: Entity, columns: Sequence[Any]) -> tuple[int, ...]:
    """The places of some of the entity's columns. Any: a mapper and columns of whatever class."""
    return tuple(query.place(entity, mapper.get_property_by_column(column).key) for column in columns)


def keyed(query: Query, part: One | Many, plan: Plan, entity: Entity) -> Keyed:
    """Give the related rows a query of their own, keyed by columns of these."""
    relationship = part.relationship
    below = Query(relationship.mapper.class_, query.joins_below)
    below.node = node(below, part.plan, below.entity, query.joins_below)
    pairs = plain_pairs(relationship)
    owner = None if pairs else aliased(plan.mapper.class_)
    if pairs:
        below.links = places(below, relationship.mapper, below.entity, [remote for _, remote in pairs])
        mine = places(query, plan.mapper, entity, [local for local, _ in pairs])
    else:
        below.links = places(below, plan.mapper, owner, plan.mapper.primary_key)
        mine = identity(query, plan, entity)
        if may_repeat(relationship):
            below.once = identity(below, part.plan, below.entity)
    if isinstance(part, Many) and part.key is not None:
        below.key = below.place(below.entity, part.key.key)
    query.below.append(Below(relationship, below, owner, isinstance(part, Many)))
    return Keyed(part, len(query.below) - 1, mine)


def may_repeat(relationship: RelationshipProperty[Any]) -> bool:
    """Whether a table of pairs may hold the same pair twice: the ORM shows it once."""
    pairs = relationship.secondary
    if pairs is None:
        return False
    key = set(pairs.primary_key)
    return not key or not key <= {*relationship.remote_side, *relationship.local_columns}


def plain_pairs(relationship: RelationshipProperty[Any]) -> list[tuple[Any, Any]]:
    """The columns here and there whose equality is all that the relationship asks, or nothing when it asks more."""
    pairs: list[tuple[Any, Any]] = [(local, remote) for local, remote in relationship.local_remote_pairs or ()]
    if relationship.secondary is not None or not pairs:
        return []
    if any(type(local.type) is not type(remote.type) for local, remote in pairs):
        return []
    if not (
        mapped(relationship.parent, [local for local, _ in pairs])
        and mapped(relationship.mapper, [r for _, r in pairs])
    ):
        return []
    return pairs if asks_only(relationship, pairs) else []


def mapped(mapper: Any, columns: Sequence[Any]) -> bool:
    """Whether every column is an attribute of its own of the mapped class. Any: of whatever class."""
    return set(columns) <= set(mapper.columns)


def asks_only(relationship: RelationshipProperty[Any], pairs: Sequence[tuple[Any, Any]]) -> bool:
    """Whether the relationship's condition is the equality of these columns and nothing else."""
    return bool(relationship.primaryjoin.compare(and_(*[local == remote for local, remote in pairs])))
