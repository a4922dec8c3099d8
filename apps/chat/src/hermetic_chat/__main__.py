"""`python -m hermetic_chat` serves the chat; `python -m hermetic_chat mcp` is its own MCP server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import click

from .database import UnusableDatabase, connect, prepare
from .session_log import log_all_sessions
from .settings import Settings, from_environment
from .tools.configured import BadServers


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8101, show_default=True, help="The port to listen at.")
@click.option(
    "--servers", type=click.Path(dir_okay=False, path_type=Path), help="The file of MCP servers; else CHAT_SERVERS."
)
@click.option("--log-sessions", is_flag=True, help="Log whatever goes wrong with a database session, as it happens.")
@click.pass_context
def main(context: click.Context, host: str, port: int, servers: Path | None, log_sessions: bool) -> None:
    """A chat in the browser that calls MCP tools."""
    if context.invoked_subcommand is None:
        if log_sessions:
            log_all_sessions()
        settings = _settled(servers)
        from .serving import UnusableAddress, serve

        try:
            serve(settings, host, port)
        except UnusableAddress as error:
            _refuse(error)


@main.command()
@click.option("--transport", type=click.Choice(["stdio", "http"]), default="stdio", show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="With http: the address to listen at.")
@click.option("--port", default=8111, show_default=True, help="With http: the port to listen at.")
@click.option("--user", help="Whose history is searched, when the chat does not say.")
def mcp(transport: str, host: str, port: int, user: str | None) -> None:
    """The MCP server for searching one's own history, for this chat or any other MCP host."""
    settings = _settled(None)
    from .history_server import history_server
    from .identity import Identity

    server = history_server(connect(settings.url), Identity(settings.secret), user)
    if transport == "stdio":
        server.run("stdio", show_banner=False, log_level="warning")
    else:
        server.run("http", host=host, port=port, show_banner=False, log_level="warning")


def _settled(servers: Path | None) -> Settings:
    """The settings, and a database that is ready; else one sentence and exit code 2."""
    try:
        settings = from_environment(servers=servers)
        prepare(settings.url)
    except (UnusableDatabase, BadServers) as error:
        _refuse(error)
    return settings


def _refuse(error: Exception) -> NoReturn:
    """End with one sentence."""
    click.echo(f"hermetic-chat: {error}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
