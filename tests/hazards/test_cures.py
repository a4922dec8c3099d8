"""What a finding advises depends on what led to it."""

from __future__ import annotations

import pytest

from hermetic._check.engine import analyze

from .cases import WORLD, source

CODE = """
from shop import AsyncSessionLocal, Order


async def total(order_id: int) -> float:
    async with AsyncSessionLocal() as session:
        order = await session.get_one(Order, order_id)
        await session.{ends}()
        return order.total
"""


@pytest.mark.parametrize(
    ("ends", "advises"),
    [
        ("commit", "await session.refresh(…) first, or make the sessionmaker with expire_on_commit=False"),
        ("rollback", "read what you need before the rollback, or await session.refresh(…) after it"),
    ],
)
def test_a_rollback_expires_whatever_the_setting(ends: str, advises: str) -> None:
    """`expire_on_commit=False` is advised after a commit alone; it does not keep a rollback from expiring."""
    found = analyze([source("case.py", CODE.format(ends=ends)), source("shop.py", WORLD.read_text("utf-8"))]).findings

    assert [advises] == [each.fix for each in found if each.slug == "implicit-io"]
