"""Serves the chat until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import replace

import click
import uvicorn

from .app import make_app
from .settings import Settings

ENDS_WITHIN_S = 5
EVERYWHERE = {"0.0.0.0", "::"}


class UnusableAddress(Exception):
    """The address is taken, or none of this machine's; the text is one sentence for whoever started the program."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Listen, say where, and serve. Raises UnusableAddress."""
    hosts = ("*",) if host in EVERYWHERE else (host, *settings.hosts)
    config = uvicorn.Config(
        make_app(replace(settings, hosts=hosts)),
        log_level="warning",
        timeout_graceful_shutdown=ENDS_WITHIN_S,
        server_header=False,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            raise UnusableAddress(f"nobody can listen at {host}:{port}: {error.strerror}") from None
        click.echo(f"MCP Chat listens at http://{host}:{listener.getsockname()[1]}")
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            uvicorn.Server(config).run(sockets=[listener])
