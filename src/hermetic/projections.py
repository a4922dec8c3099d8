"""The types that projections hand out, for annotations; the verbs are in `hermetic` itself."""

from __future__ import annotations

from ._projections.declared import DeclaredQuery
from ._projections.pages import NumberedPage, Page

__all__ = ["DeclaredQuery", "NumberedPage", "Page"]
