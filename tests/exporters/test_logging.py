"""Findings and long transactions in the program's log, with their facts as fields."""

from __future__ import annotations

import logging
from types import ModuleType

import pytest

from hermetic.exporters.logging import Logging

from .work import commit, load_lazily, told_to


def test_a_finding_has_fields(shop: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Any handler that writes `extra` tells hazard, place, count and fix apart."""
    with caplog.at_level(logging.INFO, "shop"), told_to(Logging("shop", open_s=3600, idle_s=3600)):
        load_lazily(shop)
    (record,) = caplog.records
    fields = {
        name.removeprefix("hermetic_"): value for name, value in vars(record).items() if name.startswith("hermetic_")
    }

    assert ("WARNING", "n-plus-one: order.customer runs a SELECT for each Order") == (record.levelname, record.message)
    assert ("n-plus-one", "HM501", "load_lazily", 1) == tuple(
        fields[name] for name in ("hazard", "code", "function", "count")
    )
    assert fields["file"].endswith("work.py")


@pytest.mark.parametrize(("open_s", "told"), [(0.0, 2), (3600.0, 0)])
def test_long_transactions_are_told(
    shop: ModuleType, caplog: pytest.LogCaptureFixture, open_s: float, told: int
) -> None:
    """Those that were open or idle for longer than one wants, with what they did."""
    with caplog.at_level(logging.INFO, "shop"), told_to(Logging(logging.getLogger("shop"), open_s=open_s, idle_s=3600)):
        load_lazily(shop)
        commit(shop)
    fields = [vars(record) for record in caplog.records if "hermetic_outcome" in vars(record)]

    assert told == len(fields)
    assert [("closed", 4, 3), ("committed", 1, 0)][:told] == [
        tuple(each[f"hermetic_{name}"] for name in ("outcome", "statements", "lazy_loads")) for each in fields
    ]
