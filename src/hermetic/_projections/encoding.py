"""DTOs as JSON, by the framework that they are written with."""

from __future__ import annotations

import datetime
import importlib.util
import uuid
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Literal, get_args, get_origin

from ..errors import BadProjection
from .layout import Query
from .plan import One, Part, Plan, Value
from .run import Step
from .trust import reason_to_validate

# Values that Pydantic writes alike, whether it knows their type or finds it out.
WRITTEN_ALIKE = (bool, int, float, str, datetime.date, datetime.datetime, datetime.time, uuid.UUID)

Encoder = Callable[[list[Any]], bytes]  # Any: DTOs of whatever class


@lru_cache(maxsize=1024)
def encoder_for(plan: Plan) -> Encoder:
    """What turns a list of the plan's DTOs into JSON.

    Pydantic writes its models, with their aliases, and whatever holds one; msgspec writes everything else. Raises
    BadProjection for a DTO that neither of them can write.
    """
    kinds = kinds_in(plan)
    if not kinds & {"Pydantic"}:
        return msgspec_encoder(plan)
    if kinds & {"msgspec", "attrs"}:
        raise BadProjection(
            f"{plan.shape.name} holds {' and '.join(sorted(kinds))} DTOs, and nothing writes all of them as JSON.\n"
            f"  Use one framework for the DTO and those inside it."
        )
    return pydantic_encoder(plan)


@lru_cache(maxsize=1024)
def has_twin(plan: Plan) -> bool:
    """Whether dicts of the plan's values are the same JSON as its Pydantic models, which cost more to make."""
    shape = plan.shape
    if shape.kind != "Pydantic" or not shape.is_written_plainly or plan.defaulted or reason_to_validate(plan):
        return False
    return all(part.attribute.name == part.field.name and part_has_twin(part) for part in plan.parts)


def part_has_twin(part: Part) -> bool:
    """The same for one field."""
    if isinstance(part, Value):
        return part.hint.core in WRITTEN_ALIKE or is_written_alike(part.hint.core)
    if isinstance(part, One) and not part.hint.is_optional:
        return False  # a row that is not there has to be refused
    return (isinstance(part, One) or part.hint.container is list) and has_twin(part.plan)


def is_written_alike(core: object) -> bool:
    """Whether an annotation is a Literal of such values."""
    return get_origin(core) is Literal and all(type(value) in WRITTEN_ALIKE for value in get_args(core))


@lru_cache(maxsize=1024)
def twin_of(query: Query) -> Step:
    """What makes the dicts."""
    return Step(query, None, within="JSON")


def write_twins(dicts: list[dict[str, Any]]) -> bytes:
    """Their JSON, by the writer that Pydantic has for values of unknown type. Any: values of the types above."""
    import pydantic_core

    return pydantic_core.to_json(dicts, inf_nan_mode="null")


def kinds_in(plan: Plan) -> set[str]:
    """The frameworks of the DTO and of every one inside it."""
    return {plan.shape.kind}.union(*(kinds_in(part.plan) for part in plan.parts if not isinstance(part, Value)))


def msgspec_encoder(plan: Plan) -> Encoder:
    """msgspec's encoder."""
    if importlib.util.find_spec("msgspec") is None:
        raise BadProjection(
            f"{plan.shape.name} is a {plan.shape.kind}, which msgspec writes as JSON, and it is not installed.\n"
            f"  pip install msgspec, or project to a Pydantic model."
        )
    import msgspec

    return msgspec.json.Encoder().encode


def pydantic_encoder(plan: Plan) -> Encoder:
    """Pydantic's serializer for the list, with aliases as FastAPI writes them."""
    import pydantic

    return partial(pydantic.TypeAdapter(list[plan.shape.dto]).dump_json, by_alias=True)  # type: ignore[name-defined]
