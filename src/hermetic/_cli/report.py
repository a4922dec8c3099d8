"""`hermetic report`: what a run or a check wrote, as a page to read, pass on and print."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import CheckFailed
from ._printing import give_up, say


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it here instead of beside FILE, with the ending .html.",
)
def command(file: Path, output: Path | None) -> None:
    """Write a page of HTML from FILE, which `hermetic run --output` or `hermetic check --format json` wrote.

    \b
      hermetic run --output seen.json -- pytest; hermetic report seen.json
      hermetic check --output json=found.json .; hermetic report found.json

    The page is one file that needs nothing from anywhere. It quotes the source as far as that is here and still the same.
    Ends with 2 when FILE is no such file, or jinja2 is missing (pip install 'hermetic[ui]').
    """
    target = output or file.with_suffix(".html")
    try:
        text = _page(file)
        target.write_text(text, encoding="utf-8")
    except CheckFailed as error:
        raise give_up(str(error)) from None
    except OSError as error:
        raise give_up(f"{target} cannot be written ({error.strerror})") from None
    say(f"hermetic: wrote {target}\n", to_stderr=True)


def _page(file: Path) -> str:
    # Imported here, because `hermetic --help` imports every command.
    from ._documents import read

    try:
        from .._report.html import render
    except ImportError as error:
        raise CheckFailed(f"hermetic report needs {error.name}; pip install 'hermetic[ui]'") from None
    return render(read(file))
