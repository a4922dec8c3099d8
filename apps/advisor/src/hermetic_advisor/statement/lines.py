"""The lines of a statement as cells, whatever a file may hold."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST_FILE = 10 * 1024 * 1024
LONGEST_LINE = 10_000
"""Characters; a bank's line has a few hundred."""
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that cannot be taken, why, and how it begins."""

    line: int
    problem: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """The cells of a line."""

    number: int
    cells: tuple[str, ...]
    text: str


def decode(data: bytes) -> str:
    """The text of a file. Raises ValueError where it is none."""
    if len(data) > LARGEST_FILE:
        raise ValueError(f"the file has {len(data) / 1024 / 1024:.1f} MB; {LARGEST_FILE // 1024 // 1024} are allowed")
    if b"\0" in data:
        raise ValueError("this is no text file: it has zero bytes in it; save it as CSV")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def read_lines(text: str) -> Iterator[Line | Problem]:
    """The lines that are not empty, in order; the first is the head.

    Each line stands for itself: a quote that is not closed spoils one line, and does not swallow the rest of the file.
    """
    delimiter = None
    for number, raw in enumerate(io.StringIO(text), start=1):
        line = raw.rstrip("\r\n")
        if not line.strip():
            continue
        if len(line) > LONGEST_LINE:
            yield Problem(number, f"it has {len(line):,} characters; {LONGEST_LINE:,} are allowed", excerpt(line))
            continue
        delimiter = delimiter or max(DELIMITERS, key=line.count)
        try:
            (cells,) = csv.reader([line], delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            yield Problem(number, "a quotation mark is opened and not closed, or closed too early", excerpt(line))
        else:
            yield Line(number, tuple(cell.strip() for cell in cells), line)


def excerpt(line: str) -> str:
    """How a line begins, as it can be shown."""
    shown = "".join(sign if sign.isprintable() else "·" for sign in line[:80])
    return shown + ("…" if len(line) > 80 else "")
