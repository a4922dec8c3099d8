"""Puts what a run has to tell where the user wants it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from .._report import running, running_json
from .._report.text import Layout
from ..errors import BadConfig, CheckFailed
from ._printing import is_terminal, say, wants_colour, width_of
from ._ran import Run
from .run import Options

_LINES = ".jsonl"


def try_to_write(files: Iterable[Path]) -> None:
    """Raises BadConfig for a file that cannot be written, before a program runs for hours."""
    for file in files:
        try:
            file.open("ab").close()
        except OSError as error:
            raise BadConfig(f"{file} cannot be written ({error.strerror}); give --output another path") from None


def write(run: Run, options: Options) -> None:
    """Write the findings to the files, then tell them; raises CheckFailed where a file cannot be written any more."""
    for file in options.output:
        text = running_json.render_lines(run) if file.suffix == _LINES else running_json.render(run)
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CheckFailed(f"{file} cannot be written ({error.strerror})") from None
    if options.format == "text":
        layout = Layout(
            width=width_of(sys.stderr), breaks=is_terminal(sys.stderr), colour=wants_colour(sys.stderr),
            summary=not options.quiet,
        )  # fmt: skip
        say(running.render(run, layout), to_stderr=True)
    elif options.format == "json":
        say(running_json.render(run))
    else:
        say(running_json.render_lines(run))
