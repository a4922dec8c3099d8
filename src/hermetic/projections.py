"""What annotations say of projections: the types that they hand out, and what a field is read from."""

from __future__ import annotations

from ._projections.declared import DeclaredQuery
from ._projections.hints import Count, Depth, Expression, KeyedBy
from ._projections.pages import NumberedPage, Page

__all__ = ["Count", "DeclaredQuery", "Depth", "Expression", "KeyedBy", "NumberedPage", "Page"]
