"""Comments that stand behind a line of code, and tell its readers why."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flow import Flow

_EXPLAINED = re.compile(r"\s*#\s*(?!pylint|noqa|type:|hermetic|pragma|fmt|ruff|nosec|mypy|pyright|caught)\S")


def is_explained(flow: Flow, node: ast.AST) -> bool:
    """Whether a comment stands behind a call, and it speaks to readers and not to a tool."""
    line = flow.analyzer.line(flow.module.file.name, getattr(node, "end_lineno", None) or 0)
    return (
        _EXPLAINED.match(line.encode()[getattr(node, "end_col_offset", None) or 0 :].decode(errors="replace"))
        is not None
    )
