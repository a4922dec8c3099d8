"""Made-up models, data, DTOs and statements: the answer is the one that the ORM gives, or the same kind of error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pydantic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticSerializationError
from sqlalchemy import Engine, Select, create_engine, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.pool import StaticPool

from hermetic import fetch, fetch_json
from hermetic.errors import BadProjection

from .worlds import World, dtos, expected, told, worlds

Case = tuple[World, Any, Select[Any], bool | None]


@st.composite
def statements(draw: st.DrawFn, world: World, number: int) -> Select[Any]:
    """A select of one class: aliased, filtered, limited, distinct, grouped or plain, in the order of its key."""
    entity: Any = world.classes[number]
    if draw(st.booleans()):
        entity = aliased(entity)
    keys = [getattr(entity, f"k{place}") for place in range(len(world.specs[number].key))]
    statement: Select[Any] = select(entity).order_by(*keys)
    form = draw(st.sampled_from(["plain", "plain", "limit", "distinct", "join", "filter"]))
    if form == "limit":
        return statement.limit(draw(st.integers(0, 4))).offset(draw(st.integers(0, 2)))
    if form == "distinct" and not any(column.kind == "json" for column in world.specs[number].columns):
        return statement.distinct()
    if form == "filter":
        return statement.where(keys[0].is_not(None))
    relations = world.relations(number)
    if form != "join" or not relations:
        return statement
    name, target, _ = relations[0]
    return statement.join(getattr(entity, name).of_type(aliased(world.classes[target])))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A world, a DTO for one of its classes, a statement, and whether validation is asked for."""
    world = draw(worlds())
    number = draw(st.integers(0, len(world.classes) - 1))
    return world, draw(dtos(world, number)), draw(statements(world, number)), draw(st.sampled_from([None, None, True]))


def outcome(work: Callable[[], list[Any]]) -> Any:
    """What comes out, or that it was refused."""
    try:
        return [told(one) for one in work()]
    except (pydantic.ValidationError, BadProjection):
        return "refused"


def written(work: Callable[[], bytes]) -> bytes | str:
    """The JSON that comes out, or that there is none: bytes that are no UTF-8."""
    try:
        return work()
    except PydanticSerializationError:
        return "unwritable"


def compare(case: Case, engine: Engine) -> tuple[Any, Any]:
    """What the ORM gives and what the projection gives, on the same data."""
    world, dto, statement, validate = case
    if validate and not (isinstance(dto, type) and issubclass(dto, pydantic.BaseModel)):
        validate = None
    with engine.connect() as connection, Session(connection) as session:
        world.metadata.create_all(connection)
        for table, rows in world.rows.items():
            if rows:
                connection.execute(table.insert(), rows)
        by_orm = outcome(lambda: [expected(dto, one) for one in session.scalars(statement).all()])
        session.expunge_all()
        by_projection = outcome(lambda: fetch(session, dto, statement, validate=validate))
        if by_projection != "refused" and isinstance(dto, type) and issubclass(dto, pydantic.BaseModel):
            adapter = pydantic.TypeAdapter(list[dto])  # type: ignore[valid-type]  # made up at run time
            dtos = fetch(session, dto, statement, validate=validate)
            by_orm.append(written(lambda: adapter.dump_json(dtos, by_alias=True)))
            by_projection.append(written(lambda: fetch_json(session, dto, statement, validate=validate)))
        connection.rollback()
    return by_orm, by_projection


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cases())
def test_projection_gives_what_the_orm_gives(case: Case) -> None:
    """For any model, any data, any DTO and any statement the projection equals `model_validate` of the instances."""
    engine = create_engine("sqlite://", poolclass=StaticPool)

    by_orm, by_projection = compare(case, engine)

    engine.dispose()
    assert by_orm == by_projection
