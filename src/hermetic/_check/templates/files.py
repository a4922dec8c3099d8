"""Which files are templates, and which of them a name means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from ..checked import Problem

SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".jinja", ".jinja2", ".j2", ".txt", ".xml"})
_ROOMS = re.compile(r"template|jinja", re.IGNORECASE)
_NAMED = re.compile(r"""["']([\w./ -]+\.(?:html|htm|xhtml|jinja|jinja2|j2|txt|xml))["']""")


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text; `name` is its path as shown to the user."""

    path: Path
    name: str
    text: str
    first_line: int = 1


def can_read() -> bool:
    """Whether jinja2 is there, which reads them: it comes with the extra `templates`."""
    return find_spec("jinja2") is not None


def is_template(path: Path) -> bool:
    """Whether a file is one by its name: it lies somewhere below a folder that is called after templates."""
    return path.suffix in SUFFIXES and any(_ROOMS.search(part) for part in path.parts[:-1])


class Named(Protocol):
    """A file that may name templates."""

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...


TEMPLATE = "template"
"""What one can rest on: the text that a name means in a folder."""


class Shelf:
    """All templates of a project, by the ends of their paths."""

    def __init__(self, found: Iterable[Template]) -> None:
        self._by_name: dict[str, list[Template]] = {}
        for template in found:
            self._by_name.setdefault(template.path.name, []).append(template)

    def __iter__(self) -> Iterator[Template]:
        return (template for together in self._by_name.values() for template in together)

    def find(self, name: str, near: Path) -> Template | None:
        """The template that a loader calls `name`; of several, the one that lies nearest to the file that asks."""
        wanted = name.lstrip("./")
        found = [
            template
            for template in self._by_name.get(wanted.rpartition("/")[2], ())
            if template.path.as_posix().endswith(f"/{wanted}")
        ]
        return max(found, key=lambda template: (_shared(template.path, near), -len(template.path.parts)), default=None)

    def said(self, name: str, near: str) -> object:
        """What a name means to a file."""
        found = self.find(name, Path(near))
        return found and (found.name, found.text)

    def asked(self, name: str, near: Path) -> Iterator[tuple[str, Path]]:
        """All that is asked for where a name is: that itself, what its template names, and so on; each with who asks."""
        seen: set[tuple[str, Path]] = set()
        waiting = [(name, near)]
        while waiting:
            asked = waiting.pop()
            if asked in seen:
                continue
            seen.add(asked)
            yield asked
            found = self.find(*asked)
            if found is not None:
                waiting += [(each, found.path) for each in _names_in(found.text)]

    def is_named_in(self, file: Named) -> bool:
        """Whether a file names any of the templates."""
        return any(self.find(name, file.path) for name in _names_in(file.text))


def unread(templates: Sequence[Template], files: Iterable[Named]) -> list[Problem]:
    """The problem that templates are rendered which nothing is there to read."""
    if not templates or can_read():
        return []
    rendering = list(filter(Shelf(templates).is_named_in, files))
    sentence = (
        "what the templates read that it renders is not seen; pip install 'hermetic[templates]' to have it followed"
    )
    others = f" (so do {len(rendering) - 1} more)" if len(rendering) > 1 else ""
    return [Problem(rendering[0].name, None, f"{sentence}{others}", "template")] if rendering else []


def _names_in(text: str) -> list[str]:
    return list(dict.fromkeys(_NAMED.findall(text)))


def _shared(one: Path, other: Path) -> int:
    """How many folders two paths have in common, from the top."""
    pairs = enumerate(zip(one.parts, other.parts, strict=False))
    return next((index for index, (mine, theirs) in pairs if mine != theirs), 0)
