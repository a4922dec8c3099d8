"""DTOs as JSON, by the framework that they are written with."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from ..errors import BadProjection
from .plan import Plan, Value

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
