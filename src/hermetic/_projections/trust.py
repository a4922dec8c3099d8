"""Whether the DTO's framework has to validate what the database gives, or the column types already promise it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_origin

from ..errors import BadProjection
from .hints import without_none
from .plan import Many, Part, Plan, Value
from .shape import Field

CONSTANTS = (type(None), bool, int, float, str, bytes, frozenset)


def reason_to_validate(plan: Plan, *, asked: bool | None = None) -> str:
    """Why values have to be validated, or the empty string when they are not.

    `asked` is the caller's own wish, which wins. Raises BadProjection when it cannot be met.
    """
    shape = plan.shape
    if asked is False:
        return refuse_unchecked(plan)
    if shape.validator is None:
        if asked:
            raise BadProjection(
                f"{shape.name} cannot be validated: a {shape.kind} checks nothing itself.\n"
                f"  Leave validate out, or project to a Pydantic model or a msgspec Struct."
            )
        return ""
    if asked:
        return "validate=True"
    if shape.must_validate:
        return f"{shape.name}: {shape.must_validate}"
    reasons = [
        *(part_reason(plan, part) for part in plan.parts),
        *(default_reason(plan, one) for one in plan.defaulted),
    ]
    return next(filter(None, reasons), "")


def refuse_unchecked(plan: Plan) -> str:
    """Nothing, or an error when instances cannot be made without their framework."""
    if plan.shape.style == "pydantic" and plan.shape.must_validate:
        raise BadProjection(
            f"{plan.shape.name} cannot be made without validation: {plan.shape.must_validate}.\n  Leave validate out."
        )
    return ""


def part_reason(plan: Plan, part: Part) -> str:
    """Why one filled field needs validation."""
    name = f"{plan.shape.name}.{part.field.name}"
    if not part.field.is_plain:
        return f"{name}: it has a validator or a constraint"
    if not isinstance(part, Value):
        return container_reason(name, part) or nested_reason(part)
    if part.fit != "exact":
        return f"{name}: the column's type does not promise {part.hint}"
    if part.may_be_null and not part.hint.is_optional:
        return f"{name}: the column may be NULL"
    return ""


def container_reason(name: str, part: Part) -> str:
    """Why a collection needs validation: only these containers are what Pydantic makes of them."""
    core, _ = without_none(part.field.annotation)
    usual = get_origin(core) in (list, tuple, set, frozenset, dict, Sequence)
    return "" if usual or not isinstance(part, Many) else f"{name}: {part.hint} is made by its framework"


def nested_reason(part: Part) -> str:
    """Why a nested DTO needs validation."""
    return "" if isinstance(part, Value) else reason_to_validate(part.plan)


def default_reason(plan: Plan, field: Field) -> str:
    """Why a field that keeps its default needs validation: the default is made anew for every instance."""
    if plan.shape.style != "pydantic" or isinstance(field.default, CONSTANTS):
        return ""
    return f"{plan.shape.name}.{field.name}: its default is made for every instance"
