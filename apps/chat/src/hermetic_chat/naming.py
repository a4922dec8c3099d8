"""How names and titles are written down: one line, without what cannot be seen."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 40


def tidy(text: str) -> str:
    """In one line and one form of Unicode, without control and formatting characters."""
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if sign.isspace() or sign.isprintable())
    return " ".join("".join(seen).split())


def readable(text: str) -> str:
    """With its lines and tabs, without control characters, which some databases refuse."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign in "\n\t" or sign.isprintable() or unicodedata.category(sign) == "Cf")


def key_of(username: str) -> str:
    """What two ways to write one name have in common. Raises ValueError for a name of nothing, or of too much."""
    name = tidy(username)
    if not 0 < len(name) <= LONGEST_NAME:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters")
    return name.casefold()
