"""Lays a finding's story out beside the source: what happened in which line, in the order of the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Protocol

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from .._catalogue import Finding, Step

_GAP = 3
_FEWEST_FOR_TEXT = 10


class Sources(Protocol):
    """Source lines by (file, line), where more of a line is known than its story tells."""

    @property
    def lines(self) -> Mapping[tuple[str, int], str]: ...


@dataclass(frozen=True, slots=True)
class _Columns:
    """How many columns a line gives to its number, to the source and to what happened there."""

    number: int
    source: int
    text: int

    @classmethod
    def fitting(cls, steps: Sequence[Step], sources: Sequence[str], width: int) -> _Columns:
        """As much as each needs; where that is too much, the text takes no more than nine parts of twenty."""
        number = max(5, *(len(str(step.line)) + 2 for step in steps))
        longest_source = max(map(cell_len, sources))
        longest_text = max(cell_len(step.text) for step in steps)
        room = width - number - 2 * _GAP
        text = min(longest_text, max(room * 9 // 20, room - longest_source, _FEWEST_FOR_TEXT))
        return cls(number, max(min(longest_source, room - text), 1), text)


def story(finding: Finding, report: Sources, width: int) -> Iterator[Text]:
    """The lines of a story; steps of another file stand under its name, steps on one line share its source."""
    steps = list(finding.story)
    if not any((step.file, step.line) == (finding.file, finding.line) for step in steps):
        steps.append(Step(finding.file, finding.line, ""))
    sources, cut = _sources(steps, report)
    columns = _Columns.fitting(steps, sources, width)
    before = Step(finding.file, 0, "")
    for step, source in zip(steps, sources, strict=True):
        if step.file != before.file:
            yield Text(" " * (columns.number - 3) + "── " + step.file, "cyan")
        again = (step.file, step.line) == (before.file, before.line)
        marked = (step.file, step.line) == (finding.file, finding.line)
        seen = _window(source, columns.source, _marked(finding, cut.get(step.file, 0)) if marked else (0, 0))
        if source or step.text:
            yield from _lines(step, "" if again else seen, columns, numbered=not again, last=step is steps[-1])
        before = step


def _sources(steps: Sequence[Step], report: Sources) -> tuple[list[str], dict[str, int]]:
    """The source line of each step without the indentation that its file's steps share, and that indentation."""
    found = [report.lines.get((step.file, step.line), step.source).expandtabs(4).rstrip() for step in steps]
    shared: dict[str, int] = {}
    for step, source in zip(steps, found, strict=True):
        if source:
            indent = len(source) - len(source.lstrip())
            shared[step.file] = min(indent, shared.get(step.file, indent))
    return [source[shared.get(step.file, 0) :] for step, source in zip(steps, found, strict=True)], shared


def _marked(finding: Finding, cut: int) -> tuple[int, int]:
    """From where to where the finding reaches in its shown line, 0-based."""
    start = max(finding.column - 1 - cut, 0)
    end = finding.end_column - 1 - cut if finding.end_line == finding.line else start + 1
    return start, max(end, start)


def _window(source: str, width: int, marked: tuple[int, int]) -> str:
    """As much of a line as fits, so chosen that the marked part is in it."""
    if cell_len(source) <= width:
        return source
    start, end = marked
    end = min(end, start + width // 2)
    first = min(start, max(end - width + 2, 0))
    shown = "…" + source[first:] if first else source
    return shown if cell_len(shown) <= width else set_cell_size(shown, max(width - 1, 0)).rstrip() + "…"


def _lines(step: Step, source: str, columns: _Columns, *, numbered: bool, last: bool) -> Iterator[Text]:
    """The lines of one step: its text is broken into its column, and source and number stand on the first."""
    pieces = wrap(" ".join(step.text.split()), max(columns.text, 1)) or [""]
    for index, piece in enumerate(pieces):
        number = str(step.line) if numbered and index == 0 else ""
        line = Text(f"{number:>{columns.number}} │ ", "dim")
        line.append(set_cell_size(source if index == 0 else "", columns.source), "default not dim")
        line.append(" " * _GAP + piece, "bold not dim" if last else "not dim yellow")
        yield line
