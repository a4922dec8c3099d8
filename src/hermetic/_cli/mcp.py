"""`hermetic mcp`: tools for agents."""

from __future__ import annotations

import os
from pathlib import Path

import click

from ._printing import give_up


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--allow-import", is_flag=True, help="Offer the tool `plan`, which imports the project's own code.")
@click.option("--python", type=click.Path(path_type=Path), metavar="FILE", help="The interpreter for that.")
def command(folders: tuple[Path, ...], allow_import: bool, python: Path | None) -> None:
    """Serve agents by the Model Context Protocol over stdin and stdout; FOLDERS (default: the current one) is all they can read."""
    try:
        from .._mcp.server import server
    except ModuleNotFoundError as error:
        raise give_up(f"{error.name} is not installed; `pip install 'hermetic[mcp]'` brings it") from None
    folders = tuple(folder.resolve() for folder in folders or (Path.cwd(),))
    os.chdir(folders[0])
    server(folders, python, allow_import=allow_import).run("stdio", show_banner=False)
