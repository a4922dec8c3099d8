"""`hermetic explain`: the page of a hazard or of an error message, and what a pasted traceback is about."""

from __future__ import annotations

import io
import os
import stat
import sys

import click

from ..errors import UnknownHazard
from ._printing import give_up, is_terminal, say, wants_colour, width_of

STDIN = "-"


@click.command()
@click.argument("what", required=False)
def command(what: str | None) -> None:
    """Print the page of a hazard (by slug or code) or of an error message (by slug); without WHAT, list the hazards.

    The text of an error, given as WHAT in quotes or as a traceback on stdin, is explained: what it means, which line of
    yours it is about, and what cures it.
    """
    text = sys.stdin.read() if what == STDIN or (what is None and _is_fed()) else what
    if text is None or not text.strip():
        _list()
        return
    page = None if len(text.split()) > 1 else _page(text.strip())
    if page is not None:
        say(page if not is_terminal(sys.stdout) else _rendered(page, colour=wants_colour(sys.stdout)))
        return
    _explain(text)


def _is_fed() -> bool:
    """Whether somebody has piped something in, or redirected a file."""
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(kind) or stat.S_ISREG(kind)


def _list() -> None:
    # Imported here and below, because `hermetic --help` imports every command: the hazards come with a page only.
    from .._catalogue import catalogue

    width = max((len(slug) for slug in catalogue()), default=0)
    say("".join(f"{each.code}  {slug:<{width}}  {each.title}\n" for slug, each in catalogue().items()))


def _page(name: str) -> str | None:
    """The page of this name; None for what may be the text of an error. Says which name is nearest, and gives up, for none."""
    from .._messages.explaining import explained
    from .._messages.pages import pages
    from .._naming import hazard_named

    message = next((each for each in pages() if each.slug == name), None)
    if message is not None:
        return message.document
    try:
        found = hazard_named(name)
    except UnknownHazard as error:
        if explained(name):
            return None
        raise give_up(str(error)) from None
    return f"# {found.slug} ({found.code}, {found.severity})\n\n{found.page.strip()}\n"


def _explain(text: str) -> None:
    from .._messages.explaining import explained
    from .._report.explanation import render

    found = explained(text)
    if not found:
        raise give_up(
            "this text holds no message that is known here; `hermetic explain` lists the hazards,"
            " and `hermetic check` tells of the code"
        )
    say(render(found))


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
