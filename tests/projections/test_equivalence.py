"""Made-up models, data, DTOs, statements and doors: the answer is the one that the ORM gives, or the same refusal."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .cases import cases_of, compare, connected, opened, put


def answers(random: Random, url: str) -> tuple[list[Any], list[Any]]:
    """What the ORM gives and what the projection gives, for two statements in a made-up world."""
    engine = connected(url)
    world, cases = cases_of(random, 1, 2)
    with engine.connect() as connection, opened(world, connection) as session:
        put(world, session)
        found = [compare(random, session, world, one) for one in cases]
    engine.dispose()
    return [by_orm for by_orm, _ in found], [by_projection for _, by_projection in found]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.randoms(use_true_random=False))
def test_projection_gives_what_the_orm_gives(random: Random) -> None:
    """For any model, any data, any DTO, any statement and any door it equals `model_validate` of the instances."""
    by_orm, by_projection = answers(random, "sqlite://")

    assert by_orm == by_projection
