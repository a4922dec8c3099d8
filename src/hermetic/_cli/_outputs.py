"""Puts a report where the user wants it, in the format they want."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from ..errors import CheckFailed
from ._printing import is_terminal, say, wants_colour, width_of

if TYPE_CHECKING:
    from .._report.told import Report
    from .check import Options


def write(report: Report, options: Options) -> None:
    """Print the report, or put it into a file as UTF-8; raises CheckFailed where the file cannot be written."""
    text = _rendered(report, options)
    if options.output is None:
        say(text)
        return
    try:
        options.output.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise CheckFailed(
            f"{options.output} cannot be written ({error.strerror}); give --output another path"
        ) from None


def _rendered(report: Report, options: Options) -> str:
    """The report in the format that was asked for; each format is a module that is imported when it is used."""
    format = import_module(f"hermetic._report.{options.format}")
    if options.format != "text":
        text: str = format.render(report)
        return text
    shown = options.output is None
    layout = format.Layout(
        width=width_of(sys.stdout) if shown else 100,
        breaks=shown and is_terminal(sys.stdout),
        colour=shown and wants_colour(sys.stdout),
        summary=not options.quiet,
    )
    laid_out: str = format.render(report, layout)
    return laid_out
