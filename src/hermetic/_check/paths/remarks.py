"""What a line tells its readers beside what it does: a comment behind it or above it, the name of a state."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flow import Flow

_REASON = re.compile(
    r"\b(?:so (?:it|others|that|the)|because|before|ensures?|avoids?|releases?|otherwise|must|needs?|visible"
    r"|separate(?:ly)?|own transaction|this will|on purpose|deliberate(?:ly)?|intention(?:al|ally)?)\b",
    re.IGNORECASE,
)

_MATTER = re.compile(r"\b(?:commit(?:s|ted|ting)?|transactions?|row locks?)\b", re.IGNORECASE)
"""What lines above a call have to be about, since these may tell of all that follows."""

_GOES_ON = re.compile(
    r"\b(?:in[ _-]?progress|pending|processing|queued|running|start(?:ed|ing)|working)\b", re.IGNORECASE
)


def is_explained(flow: Flow, node: ast.AST) -> bool:
    """Whether a comment behind a call gives a reason for it, or the lines of comment right above it.

    One that only names the step explains nothing.
    """
    line = _line(flow, getattr(node, "end_lineno", None) or 0)
    behind = line.encode()[getattr(node, "end_col_offset", None) or 0 :].decode(errors="replace")
    if behind.lstrip().startswith("#") and _REASON.search(behind):
        return True
    above = " ".join(_lines_above(flow, getattr(node, "lineno", 0)))
    return _MATTER.search(above) is not None and _REASON.search(above) is not None


def says_what_goes_on(flow: Flow, attribute: str, node: ast.AST) -> bool:
    """Whether an attribute is a state, and is set to one in which something goes on: `job.status = Status.RUNNING`."""
    return attribute in {"phase", "state", "status"} and (
        _GOES_ON.search(_line(flow, getattr(node, "lineno", 0)).partition("=")[2]) is not None
    )


def _lines_above(flow: Flow, number: int) -> list[str]:
    """The comment that ends in the line before this one, line by line."""
    found: list[str] = []
    while (line := _line(flow, number - 1 - len(found)).strip()).startswith("#"):
        found.insert(0, line.lstrip("# "))
    return found


def _line(flow: Flow, number: int) -> str:
    return flow.analyzer.lines.at(flow.module.file.name, number)
