"""Serves the API over HTTP, in one process or several."""

from __future__ import annotations

import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

BACKLOG = 2048
APP = "hermetic_tasks.app:from_environment"


class Taken(Exception):
    """The address cannot be listened at."""


def serve(host: str, port: int, workers: int) -> None:
    """Serve until the process is told to end. Raises Taken."""
    listener = listening(host, port)
    shown = f"[{host}]" if ":" in host else host
    print(f"Hermetic tasks: http://{shown}:{listener.getsockname()[1]}/", flush=True)  # noqa: T201  # to the terminal
    config = uvicorn.Config(APP, factory=True, workers=workers, log_level="warning", access_log=False)
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A socket to which clients can connect from now on; they wait until they are served. Raises Taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Taken(f"{host}:{port} cannot be listened at: {error.strerror}.") from None
    listener.set_inheritable(True)
    return listener
