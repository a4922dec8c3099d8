"""`hermetic check`: look for hazards in source files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ..errors import CheckFailed
from ._printing import STOPPED, give_up, is_terminal, say, wants_colour, width_of

if TYPE_CHECKING:
    from .._catalogue import Confidence
    from .._check.checked import Problem, Report
    from .._check.config import Config
    from .._check.run import Progress

Format = Literal["text", "json", "sarif", "github"]
FOUND = 1
FLOOD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line, as click hands it over."""

    paths: tuple[str, ...]
    format: Format
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    min_confidence: Confidence | None
    exclude: tuple[str, ...]
    config: Path | None
    jobs: int | None
    output: Path | None
    tests: bool
    no_progress: bool
    quiet: bool
    verbose: bool


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--format", type=click.Choice(["text", "json", "sarif", "github"]), default="text", show_default=True)
@click.option("--select", multiple=True, metavar="HAZARD,...", help="Look for these only (slugs or codes).")
@click.option("--ignore", multiple=True, metavar="HAZARD,...", help="Leave these out.")
@click.option(
    "--min-confidence",
    type=click.Choice(["proven", "likely", "possible"]),
    help="How sure a finding must be to be told.  [default: likely]",
)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out files that match, as in .gitignore.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Take [tool.hermetic] from this file.")
@click.option("--jobs", type=click.IntRange(min=0), metavar="N", help="Processes; 0 for one per core.  [default: 1]")
@click.option("--output", type=click.Path(path_type=Path), metavar="FILE", help="Write the report here.")
@click.option("--tests", is_flag=True, help="Take tests, migrations and examples as seriously as code.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("--quiet", "-q", is_flag=True, help="Findings only: no summary, no word on files left out.")
@click.option("--verbose", "-v", is_flag=True, help="Tell every file left out, and Markdown blocks that do not parse.")
def command(**given: object) -> None:
    """Look for hazards in the .py and .md files below PATHS (default: the current directory).

    Ends with 0 when there are no findings, 1 when there are, 2 when the check could not be done.
    """
    options = Options(**given)  # type: ignore[arg-type]  # click has checked the types
    from .._check.run import check

    try:
        config = _config(options)
        with _progress(options) as progress:
            report = check(options.paths or (".",), config, progress=progress)
        _write(_rendered(report, options), options.output)
    except CheckFailed as error:
        raise give_up(str(error)) from None
    except KeyboardInterrupt:  # click would end with 1, which says that there are findings
        raise click.exceptions.Exit(STOPPED) from None
    if not options.quiet and options.format != "github":
        _tell(report.problems, everything=options.verbose)
    raise click.exceptions.Exit(FOUND if report.findings else 0)


def _config(options: Options) -> Config:
    """The configuration file's word with the command line's on top."""
    from .._check.config import load, with_options

    start = Path(options.paths[0]) if options.paths else Path.cwd()
    config = load(start, options.config)
    config = with_options(config, select=options.select, ignore=options.ignore, exclude=options.exclude)
    return replace(
        config,
        min_confidence=options.min_confidence or config.min_confidence,
        jobs=config.jobs if options.jobs is None else options.jobs,
        tests=options.tests or config.tests,
        tell_fences=options.verbose,
    )


def _rendered(report: Report, options: Options) -> str:
    """The report in the format that was asked for."""
    if options.format == "text":
        from .._report import text

        shown = options.output is None
        layout = text.Layout(
            width=width_of(sys.stdout) if shown else 100,
            breaks=shown and is_terminal(sys.stdout),
            colour=shown and wants_colour(sys.stdout),
            summary=not options.quiet,
        )
        return text.render(report, layout)
    from .._report import github, json, sarif

    render = {"json": json.render, "sarif": sarif.render, "github": github.render}[options.format]
    return render(report)


def _write(text: str, output: Path | None) -> None:
    """Print a report, or put it into a file as UTF-8."""
    if output is None:
        say(text)
        return
    try:
        output.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise CheckFailed(f"{output} cannot be written ({error.strerror}); give --output another path") from None


def _tell(problems: Sequence[Problem], *, everything: bool) -> None:
    """Print what went wrong beside the findings, on stderr; a flood of it only in part."""
    shown = problems if everything or len(problems) <= FLOOD else problems[: FLOOD // 2]
    for problem in shown:
        say(f"{problem}\n", to_stderr=True)
    if len(shown) < len(problems):
        say(f"and {len(problems) - len(shown)} more; --verbose tells all of them\n", to_stderr=True)


@contextmanager
def _progress(options: Options) -> Iterator[Progress | None]:
    """A bar on the terminal's stderr while a long check runs; nothing elsewhere."""
    if options.no_progress or options.quiet or not is_terminal(sys.stderr):
        yield None
        return
    from ._bar import Bar

    bar = Bar()
    try:
        yield bar.show
    finally:
        bar.stop()
