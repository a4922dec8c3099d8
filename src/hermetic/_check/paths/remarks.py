"""Comments that stand behind a line of code, and tell its readers why."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flow import Flow

_REASON = re.compile(
    r"\b(?:so that|because|before|ensures?|avoids?|releases?|otherwise|must|needs?|visible|separate(?:ly)?|own transaction"
    r"|this will|on purpose|deliberate(?:ly)?|intention(?:al|ally)?)\b",
    re.IGNORECASE,
)


def is_explained(flow: Flow, node: ast.AST) -> bool:
    """Whether a comment behind a call gives a reason for it; one that only names the step explains nothing."""
    line = flow.analyzer.lines.at(flow.module.file.name, getattr(node, "end_lineno", None) or 0)
    behind = line.encode()[getattr(node, "end_col_offset", None) or 0 :].decode(errors="replace")
    return behind.lstrip().startswith("#") and _REASON.search(behind) is not None
