"""`hermetic lsp`: findings in an editor while one types."""

from __future__ import annotations

import click

from ._printing import give_up


@click.command()
@click.option(
    "--tcp", metavar="HOST:PORT", help="Listen there instead of talking over stdin and stdout; to debug with."
)
def command(tcp: str | None) -> None:
    """Serve an editor by the Language Server Protocol, over stdin and stdout."""
    try:
        from .._lsp.server import server
    except ModuleNotFoundError as error:
        raise give_up(f"{error.name} is not installed; `pip install 'hermetic[lsp]'` brings it") from None
    serving = server()
    try:
        if tcp is None:
            serving.start_io()
        else:
            host, _, port = tcp.rpartition(":")
            serving.start_tcp(host or "127.0.0.1", int(port))
    finally:
        serving.stop()
