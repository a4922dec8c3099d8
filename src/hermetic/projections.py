"""What annotations say of projections: the types that they hand out, the key of a dict."""

from __future__ import annotations

from ._projections.declared import DeclaredQuery
from ._projections.hints import KeyedBy
from ._projections.pages import NumberedPage, Page

__all__ = ["DeclaredQuery", "KeyedBy", "NumberedPage", "Page"]
