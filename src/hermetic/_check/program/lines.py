"""The lines of a project's files and templates, as a report quotes them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..templates.files import Template
    from .modules import Project

LINE = "line"
"""What one can rest on: the text of a line."""


class Lines:
    """Split file by file when asked for; the blocks of a document complete each other."""

    def __init__(self, project: Project, templates: Iterable[Template] = ()) -> None:
        self._trace = project.trace
        self._project = project
        self._lines: dict[str, list[str]] = {}
        self._sources: dict[str, list[str]] = {}
        for module in project.modules.values():
            self._sources.setdefault(module.file.name, []).append(module.file.text)
        for template in templates:
            self._sources.setdefault(template.name, []).append(template.text)

    def at(self, file: str, number: int) -> str:
        """The text of the line that has a number (see `rulers`); empty where a file has no such line."""
        self._trace.inside.add((LINE, file, number))
        number = self._project.line(file, number)
        if file not in self._lines:
            blocks = [text.split("\n") for text in self._sources.get(file, ())]
            self._lines[file] = [max(lines, key=len) for lines in zip_longest(*blocks, fillvalue="")]
        lines = self._lines[file]
        return lines[number - 1] if 0 < number <= len(lines) else ""
