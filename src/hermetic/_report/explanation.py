"""Writes an explained error down: what it means, the line, the cure, and where to read on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Page(Protocol):
    """The page of a message."""

    @property
    def slug(self) -> str: ...
    @property
    def meaning(self) -> str: ...


class Frame(Protocol):
    """A line of the user's own."""

    @property
    def source(self) -> str: ...


class Explanation(Protocol):
    """What is known of an error."""

    @property
    def message(self) -> str: ...
    @property
    def page(self) -> Page | None: ...
    @property
    def cure(self) -> str: ...
    @property
    def frame(self) -> Frame | None: ...
    @property
    def hazards(self) -> Sequence[str]: ...


def render(explanations: Sequence[Explanation]) -> str:
    """All that is known, the error that was raised last first, as Markdown that reads well as it is."""
    return "\n".join(map(_one, explanations))


def _one(explanation: Explanation) -> str:
    page, frame = explanation.page, explanation.frame
    parts = [explanation.message]
    if frame is not None:
        parts.append(f"in your line: {frame}" + (f"\n    {frame.source}" if frame.source else ""))
    if page is not None:
        parts += [page.meaning, f"cure: {explanation.cure}"]
    read_on = [*([page.slug] if page is not None else []), *explanation.hazards]
    parts.append("\n".join(f"hermetic explain {name}" for name in read_on))
    return "\n\n".join(parts) + "\n"
