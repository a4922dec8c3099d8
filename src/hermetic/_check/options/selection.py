"""Understands how users name files: by patterns in the manner of `.gitignore`."""

from __future__ import annotations

from pathspec import GitIgnoreSpec


def matches(pattern: str, file: str) -> bool:
    """Whether a pattern in the manner of `.gitignore` matches a relative path."""
    return GitIgnoreSpec.from_lines([pattern]).match_file(file)
