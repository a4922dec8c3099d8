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


class Shelf:
    """All templates of a project, by the ends of their paths."""

    def __init__(self, found: Iterable[Template]) -> None:
        self._by_name: dict[str, list[Template]] = {}
        for template in found:
            self._by_name.setdefault(template.path.name, []).append(template)

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def find(self, name: str, near: Path) -> Template | None:
        """The template that a loader calls `name`; of several, the one that lies nearest to the file that asks."""
        wanted = name.lstrip("./")
        found = [
            template
            for template in self._by_name.get(wanted.rpartition("/")[2], ())
            if template.path.as_posix().endswith(f"/{wanted}")
        ]
        return max(found, key=lambda template: (_shared(template.path, near), -len(template.path.parts)), default=None)

    def named_in(self, text: str, near: Path) -> Sequence[Template]:
        """The templates that a text names, those that these name among them; each once, in the order of their names."""
        found: dict[str, Template] = {}
        waiting = list(self._named(text, near))
        while waiting:
            template = waiting.pop()
            if template.name not in found:
                found[template.name] = template
                waiting += self._named(template.text, template.path)
        return [found[name] for name in sorted(found)]

    def _named(self, text: str, near: Path) -> Iterator[Template]:
        found = (self.find(name, near) for name in dict.fromkeys(_NAMED.findall(text)))
        return (template for template in found if template is not None)


def unread(templates: Sequence[Template], files: Iterable[Named]) -> list[Problem]:
    """The problem that templates are rendered which nothing is there to read."""
    if not templates or can_read():
        return []
    shelf = Shelf(templates)
    rendering = [file for file in files if shelf.named_in(file.text, file.path)]
    sentence = (
        "what the templates read that it renders is not seen; pip install 'hermetic[templates]' to have it followed"
    )
    others = f" (so do {len(rendering) - 1} more)" if len(rendering) > 1 else ""
    return [Problem(rendering[0].name, None, f"{sentence}{others}", "template")] if rendering else []


def _shared(one: Path, other: Path) -> int:
    """How many folders two paths have in common, from the top."""
    pairs = enumerate(zip(one.parts, other.parts, strict=False))
    return next((index for index, (mine, theirs) in pairs if mine != theirs), 0)
