"""Work with a shop that every exporter has something to tell of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from sqlalchemy import select, text

import hermetic
from hermetic._watch import Exporter, Settings, Watch

PATIENT = Settings(mode="count", under_test=False, long_transaction_s=60.0, blocked_ms=60_000.0)
"""A slow machine is no hazard."""


@contextmanager
def told_to(exporter: Exporter) -> Iterator[Watch]:
    """A program that is watched for an exporter, which is not dropped."""
    with hermetic.watch(settings=PATIENT, exporters=[exporter]) as watch:
        yield watch

        assert ({}, {}) == (watch.failures, watch.off)


def load_lazily(shop: ModuleType) -> list[str]:
    """n-plus-one: the customers of three orders, each with a query of its own; nothing is committed."""
    with shop.SessionLocal() as session:
        return [order.customer.name for order in session.scalars(select(shop.Order))]


def commit(shop: ModuleType) -> None:
    """One statement, committed."""
    with shop.SessionLocal.begin() as session:
        session.execute(text("UPDATE products SET stock = 1"))
