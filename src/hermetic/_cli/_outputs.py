"""Puts a report where the user wants it, in the formats they want."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ..errors import BadConfig, CheckFailed
from ._printing import is_terminal, say, wants_colour, width_of
from .check import Format, Options

if TYPE_CHECKING:
    from .._report.told import Report


@dataclass(frozen=True, slots=True)
class Output:
    """One writing of a report; without a file, to the terminal or pipe."""

    format: str
    file: Path | None = None


def outputs(options: Options) -> list[Output]:
    """Where a report goes: to each `FORMAT=FILE`, and as `--format` to the plain FILE, else to stdout.

    Raises BadConfig for two plain files.
    """
    named: list[Output] = []
    plain: list[Path] = []
    for given in options.output:
        format, equals, file = given.partition("=")
        if equals and format in get_args(Format):
            named.append(Output(format, Path(file)))
        else:
            plain.append(Path(given))
    if len(plain) > 1:
        formats = ", ".join(get_args(Format))
        raise BadConfig(f"--output names {len(plain)} files for one format; write FORMAT=FILE, with one of {formats}")
    return [*named, Output(options.format, plain[0] if plain else None)]


def write(report: Report, wanted: list[Output], *, quiet: bool) -> None:
    """Write the report as often as wanted, files as UTF-8; raises CheckFailed where a file cannot be written."""
    for output in wanted:
        text = _rendered(report, output, quiet=quiet)
        if output.file is None:
            say(text)
            continue
        try:
            output.file.write_bytes(text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            why = f"{output.file} cannot be written ({error.strerror}); give --output another path"
            raise CheckFailed(why) from None


def _rendered(report: Report, output: Output, *, quiet: bool) -> str:
    """The report in one format; each is a module that is imported when it is used."""
    format = import_module(f"hermetic._report.{output.format}")
    if output.format != "text":
        text: str = format.render(report)
        return text
    shown = output.file is None
    layout = format.Layout(
        width=width_of(sys.stdout) if shown else 100,
        breaks=shown and is_terminal(sys.stdout),
        colour=shown and wants_colour(sys.stdout),
        summary=not quiet,
    )
    laid_out: str = format.render(report, layout)
    return laid_out
