"""`hermetic check`: look for hazards in source files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import click

from ..errors import CheckFailed
from ._printing import STOPPED, give_up

if TYPE_CHECKING:
    from .._catalogue import Confidence

Format = Literal["text", "json", "sarif", "github", "gitlab", "junit", "markdown"]


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
    cache_dir: Path | None
    no_cache: bool
    output: tuple[str, ...]
    baseline: Path | None
    no_baseline: bool
    write_baseline: bool
    prune: bool
    diff: str | None
    seen: tuple[Path, ...]
    fix: bool
    unsafe: bool
    show_fixes: bool
    tests: bool
    stats: bool
    watch: bool
    no_progress: bool
    quiet: bool
    verbose: bool


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--format", type=click.Choice(get_args(Format)), default="text", show_default=True)
@click.option("--select", multiple=True, metavar="HAZARD,...", help="Look for these only (slugs or codes).")
@click.option("--ignore", multiple=True, metavar="HAZARD,...", help="Leave these out.")
@click.option(
    "--min-confidence",
    type=click.Choice(["proven", "likely", "possible"]),
    help="How sure a finding must be to be told.  [default: likely]",
)
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave out files that match, as in .gitignore.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Take [tool.hermetic] from this file.")
@click.option(
    "--jobs", type=click.IntRange(min=0), metavar="N", help="Processes.  [default: 0, one per core where that pays]"
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    envvar="HERMETIC_CACHE_DIR",
    help="Remember there what was found.  [default: .hermetic_cache beside the configuration]",
)
@click.option("--no-cache", is_flag=True, help="Remember nothing, and find everything anew.")
@click.option(
    "--output",
    multiple=True,
    metavar="[FORMAT=]FILE",
    help="Write the report here; with a FORMAT, as often as wanted, beside what is printed.",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Tell only what this file does not hold."
)
@click.option("--no-baseline", is_flag=True, help="Tell everything, whatever the configuration names as baseline.")
@click.option("--write-baseline", is_flag=True, help="Put all findings into the baseline, and end with 0.")
@click.option("--prune", is_flag=True, help="Take out of the baseline what is no longer found.")
@click.option("--diff", metavar="REVISION", help="Tell only findings that changes since this git revision touch.")
@click.option(
    "--seen",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What `hermetic run --output FILE` saw: it confirms findings, and those that only it saw are told too.",
)
@click.option("--fix", is_flag=True, help="Carry out the fixes that keep what the code means; tell what is left.")
@click.option("--unsafe", is_flag=True, help="With --fix or --show-fixes: also those that may change what it means.")
@click.option("--show-fixes", is_flag=True, help="Print as a diff what --fix would do, and change nothing.")
@click.option("--tests", is_flag=True, help="Take tests, migrations and examples as seriously as code.")
@click.option(
    "--stats", is_flag=True, help="Tell in numbers what was found, understood and allowed, and the time it took."
)
@click.option("--watch", is_flag=True, help="Check again when files change, until Ctrl-C.")
@click.option("--no-progress", is_flag=True, help="No progress bar.")
@click.option("--quiet", "-q", is_flag=True, help="Findings only: no summary, no word on files left out.")
@click.option("--verbose", "-v", is_flag=True, help="Tell every file left out, and Markdown blocks that do not parse.")
def command(**given: object) -> None:
    """Look for hazards in the .py and .md files below PATHS (default: the current directory).

    Ends with 0 when there are no findings to tell, 1 when there are, 2 when the check could not be done. What a baseline
    holds, and what --diff leaves out, is not told.
    """
    options = Options(**given)  # type: ignore[arg-type]  # click has checked the types
    # Imported here, because `hermetic --help` imports every command: the engine comes with a check only.
    from ._checking import checked

    try:
        code = checked(options)
    except CheckFailed as error:
        raise give_up(str(error)) from None
    except KeyboardInterrupt:  # click would end with 1, which says that there are findings
        raise click.exceptions.Exit(STOPPED) from None
    raise click.exceptions.Exit(code)
