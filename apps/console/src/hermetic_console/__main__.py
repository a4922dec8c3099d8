"""The command that starts the console: `hermetic-console`, or `python -m hermetic_console`."""

from __future__ import annotations

import asyncio
import socket

import click
import uvicorn
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hermetic.errors import BadDatabase

from .app import create_app
from .prepare import Prepared, prepare
from .settings import BadSettings, Settings, from_environment


class CannotStart(click.ClickException):
    """Why the console cannot start, in a sentence."""

    exit_code = 2


@click.command(name="hermetic-console")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=8100, show_default=True, help="The port to listen at.")
def main(host: str, port: int) -> None:
    """Start the admin console, and serve it until a signal ends it."""
    try:
        settings = from_environment()
        with listening(host, port) as listener:
            port = listener.getsockname()[1]
            prepared = prepared_or_not(settings, port)
            click.echo(f"Console: http://{in_address(host)}:{port}")
            greet(prepared)
            serve(prepared.settings, listener)
    except (BadSettings, BadDatabase) as error:
        raise CannotStart(" ".join(str(error).split())) from None
    except KeyboardInterrupt:
        return


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises CannotStart."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        told = getattr(error, "strerror", None) or error
        raise CannotStart(f"port {port} of {host} cannot be used: {told}") from None


def prepared_or_not(settings: Settings, port: int) -> Prepared:
    """The database, made ready. Raises CannotStart when it does not answer, or cannot be written."""
    try:
        return asyncio.run(prepare(settings, port=port))
    except (SQLAlchemyError, OSError) as error:
        address = make_url(settings.database_url).render_as_string(hide_password=True)
        cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
        lines = str(cause).splitlines() or [type(cause).__name__]
        raise CannotStart(f"the database {address} cannot be used: {lines[0]}") from None


def serve(settings: Settings, listener: socket.socket) -> None:
    """Answer browsers until a signal ends it."""
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies,
        timeout_graceful_shutdown=5,
    )
    uvicorn.Server(config).run(sockets=[listener])


def greet(prepared: Prepared) -> None:
    """Tell how to log in; a password that was made up is told the first time only."""
    settings = prepared.settings
    if settings.is_demo:
        click.echo(f"Demo: log in as {settings.admin_name} with the password that the log-in page shows.")
    elif prepared.made_up:
        click.echo(f"First start: log in as {settings.admin_name} with the password {prepared.made_up}")
        click.echo("It is shown this once.")
    elif prepared.is_new:
        click.echo(f"First start: log in as {settings.admin_name} with CONSOLE_ADMIN_PASSWORD.")


def in_address(host: str) -> str:
    """A host as an address of the web has it."""
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    main()
