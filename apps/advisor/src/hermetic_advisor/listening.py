"""A web server that says where it listens, in one line, once it does."""

from __future__ import annotations

import os
import socket

import uvicorn
from starlette.types import ASGIApp

from .errors import BadSettings

GRACE_S = 2
"""How long open connections may keep a server that was told to end."""


class Server(uvicorn.Server):
    """Says a line when it is ready for the first request."""

    def __init__(self, config: uvicorn.Config, line: str) -> None:
        super().__init__(config)
        self.line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self.line, flush=True)  # noqa: T201  # the one line that the program says


def serve(app: ASGIApp, name: str, host: str, port: int, path: str = "") -> None:
    """Serve until a signal ends it. Raises BadSettings when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise BadSettings(
            f"{host}:{port} cannot be listened at: {os.strerror(error.errno) if error.errno else error}."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    line = f"{name} listens at http://{shown}:{listener.getsockname()[1]}{path}"
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S, ws="websockets-sansio"
    )
    Server(config, line).run(sockets=[listener])
