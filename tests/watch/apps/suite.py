"""Tests for `pytest suite.py`."""

from __future__ import annotations

import shop


def test_everybody_who_ordered_has_a_name() -> None:
    """The shop is stocked."""
    assert shop.ORDERS == len(shop.names())
