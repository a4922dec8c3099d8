"""A shop in a database of its own, and work for exporters to tell of."""

from __future__ import annotations

from tests.watch.conftest import shop

__all__ = ["shop"]
