"""What is known of an error, written as notes that stand below it: its type and its text stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

from .._catalogue import Finding, Step

NAME = "hermetic: "


def note_of(finding: Finding) -> str:
    """A finding as a note: what happened, the user's lines that led to it, and what to do."""
    return written(finding.message, finding.story, finding.fix or "", finding.slug)


def written(sentence: str, story: Iterable[Step], fix: str, slug: str = "") -> str:
    """A note of several lines; `hermetic explain` with the slug tells more, where there is one."""
    lines = [NAME + sentence]
    lines += [f"  {step.file}:{step.line}: {step.source}  ({step.text})" for step in story]
    if fix:
        lines.append(f"  fix: {fix}")
    if slug:
        lines.append(f"  hermetic explain {slug}")
    return "\n".join(lines)


def add(error: BaseException, note: str) -> None:
    """Put a note below an error, once."""
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
