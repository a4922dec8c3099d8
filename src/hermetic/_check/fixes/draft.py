"""A module's text as it stands in its file, on which edits are made and which is put back without losing anything else."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ..._catalogue import Edit
from ..source.reading import encoding_of

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


class Untouched(Exception):
    """A file that is left as it is; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The bytes of a file and the text to put in their place, with the line endings of the file."""

    path: Path
    before: bytes
    encoding: str
    text: str

    @property
    def normal(self) -> str:
        """The text as it is parsed: without a byte order mark, each line ended by a newline character."""
        return re.sub(r"\r\n?", "\n", self.text)

    def edited(self, edits: Iterable[Edit]) -> Draft:
        """The draft with edits made that do not overlap; the same edit is made once."""
        lines = [(found[1], found[2]) for found in _LINE.finditer(self.text)]
        starts = [0]
        for content, ending in lines:
            starts.append(starts[-1] + len(content) + len(ending))
        text, usual = self.text, next((ending for _, ending in lines if ending), "\n")
        for edit in sorted(set(edits), key=place, reverse=True):
            first, last = (
                starts[line - 1] + column - 1
                for line, column in ((edit.line, edit.column), (edit.end_line, edit.end_column))
            )
            ending = lines[edit.line - 1][1] or usual
            text = text[:first] + edit.replacement.replace("\n", ending) + text[last:]
        return replace(self, text=text)

    def save(self) -> None:
        """Put the text into the file in one step, with the file's mode; raises Untouched where that cannot be done."""
        data = self.text.encode(self.encoding)
        folder = self.path.resolve().parent
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{self.path.name}.", delete=False) as written:
                written.write(data)
            self._exchange(Path(written.name))
        except OSError as error:
            raise Untouched(f"{self.path}: not changed, it cannot be written ({error.strerror})") from None

    def _exchange(self, written: Path) -> None:
        target = self.path.resolve()
        try:
            if target.read_bytes() != self.before:
                raise Untouched(f"{self.path}: not changed, it was edited while its fixes were tried; run again")
            shutil.copymode(target, written)
            os.replace(written, target)
        finally:
            written.unlink(missing_ok=True)


def opened(name: str, text: str) -> Draft:
    """The file of this name, for editing; raises Untouched where it may not be written, or no longer holds `text`."""
    path = Path(name)
    try:
        data = path.read_bytes()
        is_writable = bool(path.stat().st_mode & 0o222) and os.access(path, os.W_OK)
    except OSError as error:
        raise Untouched(f"{name}: not changed, it cannot be read ({error.strerror})") from None
    if not is_writable:
        raise Untouched(f"{name}: not changed, it is read-only; change its mode to have it fixed")
    encoding = encoding_of(data)
    draft = Draft(path, data, encoding, data.decode(encoding))
    if draft.normal != text:
        raise Untouched(f"{name}: not changed, it was edited while it was checked; run again")
    return draft


def place(edit: Edit) -> tuple[int, int, int, int]:
    return edit.line, edit.column, edit.end_line, edit.end_column


def overlap(one: Edit, other: Edit) -> bool:
    """Whether two edits change the same characters, or put different text at one place."""
    if one == other or one.file != other.file:
        return False
    first, second = sorted((one, other), key=place)
    end = (first.end_line, first.end_column)
    start = (second.line, second.column)
    return start < end or (first.line, first.column) == start
