"""Words of users on pages that read Markdown."""

from __future__ import annotations

import re

MARKS = re.compile(r"([!-/:-@\[-`{-~])")


def plain(text: str) -> str:
    """The text as Markdown that shows it as it is: no link, picture, formula or colour comes of it."""
    return MARKS.sub(r"\\\1", text)
