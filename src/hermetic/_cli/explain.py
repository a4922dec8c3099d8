"""`hermetic explain`: a hazard's page."""

from __future__ import annotations

import io
import sys

import click

from ..errors import UnknownHazard
from ._printing import give_up, is_terminal, say, wants_colour, width_of


@click.command()
@click.argument("hazard", required=False)
def command(hazard: str | None) -> None:
    """Print the page of a HAZARD, named by slug or code; without one, list them all."""
    # Imported here, because `hermetic --help` imports every command: the hazards come with a page only.
    from .._catalogue import catalogue
    from .._naming import hazard_named

    if hazard is None:
        width = max((len(slug) for slug in catalogue()), default=0)
        say("".join(f"{each.code}  {slug:<{width}}  {each.title}\n" for slug, each in catalogue().items()))
        return
    try:
        found = hazard_named(hazard)
    except UnknownHazard as error:
        raise give_up(str(error)) from None
    heading = f"{found.slug} ({found.code}, {found.severity})"
    if not is_terminal(sys.stdout):
        say(f"# {heading}\n\n{found.page.strip()}\n")
        return
    say(_rendered(f"# {heading}\n\n{found.page.strip()}\n", colour=wants_colour(sys.stdout)))


def _rendered(page: str, *, colour: bool) -> str:
    """A page laid out for a terminal."""
    from rich.console import Console  # rich is slow to import, and a pipe gets plain Markdown without it
    from rich.markdown import Markdown

    out = io.StringIO()
    width = min(width_of(sys.stdout), 100)
    Console(file=out, width=width, force_terminal=colour, no_color=not colour, legacy_windows=False).print(
        Markdown(page)
    )
    return out.getvalue()
