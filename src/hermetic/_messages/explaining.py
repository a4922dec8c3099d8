"""Explains an error text or a traceback: which message it is, which of its lines is the user's own, and what cures it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .._catalogue import catalogue
from .pages import Page, pages

_FRAME = re.compile(r'^\s*(?:\|\s*)*(?:E\s+)?File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_PYTEST = re.compile(r"^(?P<file>[\w./\\-]+\.py):(?P<line>\d+): (?:in )?(?P<function>\S*)")
_CODE = re.compile(r"sqlalche\.me/e/\d+/(?P<code>\w+)")
_SOMEBODY_ELSES = re.compile(r"[/\\](site|dist)-packages[/\\]|[/\\]lib[/\\]python|^(lib/)?sqlalchemy/|(?<!\.py)$")
"""Files of a library, of Python itself, compiled ones, and none at all."""
_MARGIN = re.compile(r"^(?:\s*\|)*\s*(?:E\s{2,})?")


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the user's own code in a traceback, with its source where that is given."""

    file: str
    line: int
    function: str = ""
    source: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}{f' in {self.function}' if self.function else ''}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of an error: the message as it was given, its page, the cure with its names, the user's own line.

    `hazards` are the mistakes behind it, by slug. Without a page only SQLAlchemy's code has told them.
    """

    message: str
    page: Page | None
    cure: str
    frame: Frame | None
    hazards: tuple[str, ...]


def explained(text: str) -> list[Explanation]:
    """What is known of the errors in a text, the one that was raised last first; nothing where none is known."""
    lines = text.splitlines()
    found: dict[str, Explanation] = {}
    for number in reversed(range(len(lines))):
        line = _MARGIN.sub("", lines[number])
        for each in _of_line(line, lines[:number], lines[number + 1 :]):
            key = each.page.slug if each.page is not None else each.message
            found.setdefault(key, each)
    return list(found.values()) or list(_of_code(lines))


def _of_line(line: str, before: list[str], after: list[str]) -> Iterator[Explanation]:
    for page in pages():
        match = next((match for pattern in page.matches if (match := pattern.search(line))), None)
        if match is not None:
            names = {name: word for name, word in match.groupdict().items() if word}
            yield Explanation(line.strip(), page, _cure(page, names), _own(before, after), page.hazards)


def _of_code(lines: list[str]) -> Iterator[Explanation]:
    """The errors that only SQLAlchemy's code tells."""
    for number in reversed(range(len(lines))):
        for match in _CODE.finditer(lines[number]):
            hazards = tuple(slug for slug, hazard in catalogue().items() if match["code"] in hazard.sqlalchemy_codes)
            page = next((page for page in pages() if match["code"] in page.codes), None)
            if page is not None or hazards:
                cure = _cure(page, {}) if page is not None else ""
                frame = _own(lines[:number], lines[number + 1 :])
                yield Explanation(_MARGIN.sub("", lines[number]).strip(), page, cure, frame, hazards)
                return


def _cure(page: Page, names: dict[str, str]) -> str:
    owner, attribute = names.get("owner", "the instance"), names.get("attribute", "the attribute")
    return page.cure.replace("{owner}", owner).replace("{owner_name}", owner.lower()).replace("{attribute}", attribute)


def _own(before: list[str], after: list[str]) -> Frame | None:
    """The innermost line of the user's own code: above the message, or as pytest has it, below."""
    above = [frame for number, line in enumerate(before) if (frame := _frame(line, before[number + 1 :]))]
    below = [frame for number, line in enumerate(after) if (frame := _frame(line, after[number + 1 :]))]
    return next((frame for frame in (*reversed(above), *below[:1])), None)


def _frame(line: str, following: list[str]) -> Frame | None:
    match = _FRAME.match(line) or _PYTEST.match(line)
    if match is None or _SOMEBODY_ELSES.search(match["file"]):
        return None
    source = _MARGIN.sub("", following[0]).strip() if following and _FRAME.match(line) else ""
    return Frame(
        match["file"], int(match["line"]), match["function"] or "", "" if source.startswith("File ") else source
    )
