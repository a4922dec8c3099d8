"""Made-up statements that select a class of a made-up world."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, union_all
from sqlalchemy.orm import aliased

from .worlds import KEYS, KINDS, World

OPERATORS = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)
COMPARED = ("integer", "text", "uuid", "date", "datetime", "boolean", "numeric", "float", "time")
ONE_CLASS = ("plain", "plain", "compared", "filtered", "aliased", "subquery", "related")


def keys_of(world: World, number: int, entity: Any) -> list[Any]:
    return [getattr(entity, one.name) for one in world.specs[number].keys]


def plain(random: Random, world: World, number: int) -> tuple[Any, Any]:
    entity = world.classes[number]
    return entity, select(entity)


def compared(random: Random, world: World, number: int) -> tuple[Any, Any]:
    """Columns compared with values: the statements that are known again."""
    entity, statement = plain(random, world, number)
    return entity, statement.where(*conditions(random, world, number, entity))


def conditions(random: Random, world: World, number: int, entity: Any) -> Iterator[ColumnElement[bool]]:
    columns = [one for one in world.specs[number].stored if one.kind in COMPARED]
    for column in random.sample(columns, random.randint(1, min(2, len(columns)))):
        how = random.choice(OPERATORS if column.kind not in ("boolean", "uuid") else OPERATORS[:2])
        make = KEYS[column.kind] if column.name.startswith("k") else KINDS[column.kind].value
        present = [row[column.name] for row in world.rows[world.table(number)] if row[column.name] is not None]
        value = random.choice(present) if present and random.random() < 0.7 else make(random)
        yield how(getattr(entity, column.name), value)


def filtered(random: Random, world: World, number: int) -> tuple[Any, Any]:
    entity, statement = plain(random, world, number)
    keys = keys_of(world, number, entity)
    return entity, statement.where(keys[0].is_not(None) | exists().where(keys[0] == keys[0]))


def aliased_one(random: Random, world: World, number: int) -> tuple[Any, Any]:
    entity = aliased(world.classes[number])
    return entity, select(entity).where(*conditions(random, world, number, entity))


def subquery(random: Random, world: World, number: int) -> tuple[Any, Any]:
    """A class read from a subquery or a CTE."""
    one = world.classes[number]
    inner = select(one).where(*conditions(random, world, number, one))
    entity = aliased(one, inner.cte() if random.random() < 0.5 else inner.subquery())
    return entity, select(entity)


def related(random: Random, world: World, number: int) -> tuple[Any, Any]:
    """Rows for which a related row is there."""
    entity, statement = plain(random, world, number)
    relations = list(world.relations(number))
    if not relations:
        return entity, statement
    relation = random.choice(relations)
    attribute = getattr(entity, relation.name)
    return entity, statement.where(attribute.has() if relation.collection is None else attribute.any())


def limited(random: Random, world: World, number: int) -> tuple[Any, Any]:
    entity, statement = random.choice([plain, aliased_one])(random, world, number)
    return entity, statement.limit(random.randint(0, 4)).offset(random.randint(0, 2))


def distinct(random: Random, world: World, number: int) -> tuple[Any, Any]:
    entity, statement = joined(random, world, number)
    return entity, statement.distinct()


def joined(random: Random, world: World, number: int) -> tuple[Any, Any]:
    """A join, by which a row may come more than once."""
    entity, statement = random.choice([plain, aliased_one])(random, world, number)
    relations = list(world.relations(number))
    if not relations:
        return entity, statement
    relation = random.choice(relations)
    target = aliased(world.classes[relation.target])
    return entity, statement.join(getattr(entity, relation.name).of_type(target))


def grouped(random: Random, world: World, number: int) -> tuple[Any, Any]:
    """A number beside the class."""
    entity = random.choice([world.classes[number], aliased(world.classes[number])])
    relations = list(world.relations(number))
    if not relations:
        return entity, select(entity, func.length("four").label("counted"))
    relation = random.choice(relations)
    target = aliased(world.classes[relation.target])
    statement = select(entity, func.count(target.k0).label("counted"))
    statement = statement.outerjoin(getattr(entity, relation.name).of_type(target))
    return entity, statement.group_by(*keys_of(world, number, entity))


def from_statement(random: Random, world: World, number: int) -> tuple[Any, Any]:
    """A statement of the tables, read as the class."""
    one, table = world.classes[number], world.table(number)
    return None, select(one).from_statement(select(table).order_by(*table.primary_key.columns))


def union(random: Random, world: World, number: int) -> tuple[Any, Any]:
    one = world.classes[number]
    halves = [select(world.table(number)).where(*conditions(random, world, number, one)) for _ in range(2)]
    return None, select(one).from_statement(union_all(*halves))


STATEMENTS: dict[str, Callable[[Random, World, int], tuple[Any, Any]]] = {
    "plain": plain,
    "compared": compared,
    "filtered": filtered,
    "aliased": aliased_one,
    "subquery": subquery,
    "related": related,
    "limited": limited,
    "distinct": distinct,
    "joined": joined,
    "grouped": grouped,
    "from": from_statement,
    "union": union,
}


def sort_keys(random: Random, world: World, number: int) -> Iterator[tuple[str, bool, bool]]:
    """Attributes to sort a page by: descending or not, NULL first or not."""
    columns = [one for one in world.specs[number].stored if KINDS[one.kind].sorts]
    for column in random.sample(columns, random.randint(0, min(2, len(columns)))):
        yield column.name, random.random() < 0.5, random.random() < 0.5
