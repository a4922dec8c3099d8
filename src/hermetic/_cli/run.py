"""`hermetic run`: watch an unchanged program, and the processes it starts, for hazards while they happen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from ..errors import CheckFailed, NotStarted
from ._printing import give_up, say

if TYPE_CHECKING:
    from .._catalogue import Severity
    from .._watch.settings import Mode

Format = Literal["text", "json", "jsonl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, as click hands it over."""

    command: tuple[str, ...]
    mode: Mode
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    format: Format
    output: tuple[Path, ...]
    fail_on: Severity | None
    sample: float
    quiet: bool
    ui: bool
    live: bool


@click.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND...")
@click.option(
    "--mode",
    type=click.Choice(["off", "count", "log", "raise"]),
    default="count",
    show_default=True,
    help="What a process does with a finding besides sending it here: nothing, log it, or raise it at the scope's edge.",
)
@click.option("--select", multiple=True, metavar="HAZARD,...", help="Watch for these only (slugs or codes).")
@click.option("--ignore", multiple=True, metavar="HAZARD,...", help="Leave these out.")
@click.option(
    "--format",
    type=click.Choice(get_args(Format)),
    default="text",
    show_default=True,
    help="text goes to stderr, because stdout is the program's; json, at the end, and jsonl, line by line, to stdout.",
)
@click.option(
    "--output",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the findings here, as JSON for `hermetic check --seen FILE`, or as JSON Lines into a .jsonl.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info"]),
    help="End with 1 when such a finding, or a worse one, was seen and the program ended with 0.",
)
@click.option(
    "--sample",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the sessions that is watched.",
)
@click.option(
    "--ui", is_flag=True, help="Serve a page for your browser that shows what goes on (pip install 'hermetic[ui]')."
)
@click.option("--live", is_flag=True, help="Show the same in the last lines of the terminal.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing while the program runs, and no summary: findings only.")
def command(**given: object) -> None:
    """Run COMMAND as it is, and watch every Python process below it that uses SQLAlchemy.

    \b
      hermetic run -- python app.py
      hermetic run -- uvicorn app:app --reload
      hermetic run --ui -- uvicorn app:app
      hermetic run --fail-on warning --output seen.json -- pytest

    Nothing has to be installed or changed in the program's own environment; it needs Python 3.11 and SQLAlchemy 2.0 or
    newer. Findings are told as they are seen first, and with their stories at the end.

    Ends with the exit code of COMMAND, 128 + N where signal N ended it; 1 as --fail-on says; 2 when an option is wrong,
    126 when COMMAND cannot be run, 127 when there is none. SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 go to COMMAND.
    """
    options = Options(**given)  # type: ignore[arg-type]  # click has checked the types
    # Imported here, because `hermetic --help` imports every command: the hazards come with a run only.
    from ._running import ran

    try:
        code = ran(options)
    except CheckFailed as error:
        raise give_up(str(error)) from None
    except NotStarted as error:
        say(f"hermetic: {error}\n", to_stderr=True)
        raise click.exceptions.Exit(error.exit_code) from None
    raise click.exceptions.Exit(code)
