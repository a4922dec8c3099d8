"""The pages of messages, as they lie beside this file: Markdown below a few lines of TOML that tell how a message is known.

`matches` are regular expressions for a line of the message, whose named groups the sentence in `cure` may use; `codes` are
SQLAlchemy's own; `check` and `watch` name the hazards that Hermetic tells of the code that gives the message.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_OPENING = "+++\n"


@dataclass(frozen=True, slots=True)
class Page:
    """What is known of one message: its text with placeholders, how to know it again, the cure in a sentence, the page."""

    slug: str
    title: str
    matches: tuple[re.Pattern[str], ...]
    codes: tuple[str, ...]
    cure: str
    check: tuple[str, ...]
    watch: tuple[str, ...]
    text: str

    @property
    def hazards(self) -> tuple[str, ...]:
        """The hazards behind the message, those that a check finds first."""
        return tuple(dict.fromkeys((*self.check, *self.watch)))

    @property
    def meaning(self) -> str:
        """The first paragraph below the title."""
        return self.text.split("\n\n")[1]

    @property
    def told(self) -> str:
        """What Hermetic's two ways of looking say of the code on the page, in one sentence."""
        return f"`hermetic check` {_finds(self.check)}; `hermetic run` {_finds(self.watch)}."

    @property
    def document(self) -> str:
        """The whole page, with that sentence before its last part."""
        before, heading, after = self.text.partition("## With Hermetic\n\n")
        return f"{before}{heading}{self.told}\n\n{after}"


def _finds(slugs: Sequence[str]) -> str:
    return "finds " + " and ".join(f"`{slug}`" for slug in slugs) if slugs else "says nothing of it"


@cache
def pages() -> tuple[Page, ...]:
    """Every page, by slug."""
    found = sorted(files("hermetic._messages").joinpath("pages").iterdir(), key=lambda file: file.name)
    return tuple(
        _page(file.name.removesuffix(".md"), file.read_text("utf-8")) for file in found if file.name.endswith(".md")
    )


def _page(slug: str, source: str) -> Page:
    front, text = source.removeprefix(_OPENING).split(_OPENING, 1)
    told: dict[str, Any] = tomllib.loads(front)  # Any: TOML; a page that lacks a key is a KeyError
    return Page(
        slug=slug,
        title=text.partition("\n")[0].removeprefix("# "),
        matches=tuple(re.compile(pattern) for pattern in told["matches"]),
        codes=tuple(told["codes"]),
        cure=told["cure"],
        check=tuple(told["check"]),
        watch=tuple(told["watch"]),
        text=text,
    )
