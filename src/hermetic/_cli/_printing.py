"""Prints to the user's terminal, whatever it can show."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TextIO

import click

from .._report.encoding import encodable

COULD_NOT_RUN = 2
STOPPED = 130


def say(text: str, *, to_stderr: bool = False) -> None:
    """Write text as it is; signs that the stream cannot take become ASCII."""
    stream = sys.stderr if to_stderr else sys.stdout
    click.echo(encodable(text, getattr(stream, "encoding", None)), file=stream, nl=False, color=True)


def give_up(sentence: str) -> click.exceptions.Exit:
    """Tell why there is no result, and the exit to raise."""
    say(f"hermetic: {sentence}\n", to_stderr=True)
    return click.exceptions.Exit(COULD_NOT_RUN)


def is_terminal(stream: TextIO) -> bool:
    """Whether a person is likely to read the stream as it is written."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def wants_colour(stream: TextIO) -> bool:
    """Whether to colour; see no-color.org for NO_COLOR."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width_of(stream: TextIO) -> int:
    """Columns to write in: the terminal's, or 100 into a pipe, or what COLUMNS says."""
    return shutil.get_terminal_size((100, 24)).columns if is_terminal(stream) else _columns()


def _columns() -> int:
    stated = os.environ.get("COLUMNS", "")
    return int(stated) if stated.isascii() and stated.isdigit() and int(stated) else 100
