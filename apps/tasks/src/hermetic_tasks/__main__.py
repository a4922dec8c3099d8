"""The command: serve the API, or its tools over MCP."""

from __future__ import annotations

import argparse
import os
import secrets
import sys

from sqlalchemy.exc import DBAPIError

from hermetic.errors import BadDatabase

from .database import SECRET_VARIABLE, open_database
from .schema import migrate
from .seed import seed

PORT = 8103
MCP_PORT = 8113
UNUSABLE = 2


class Unusable(Exception):
    """The program cannot start; the message is a sentence for the user."""


def parsed(arguments: list[str] | None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="hermetic-tasks", description="A tasks API on Hermetic. DATABASE_URL names the database."
    )
    parser.add_argument(
        "what", nargs="?", choices=["serve", "mcp"], default="serve", help="the API, or its tools over MCP"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, help=f"the port to listen at: {PORT}, or {MCP_PORT} for mcp")
    parser.add_argument("--workers", type=int, default=1, help="how many processes serve the API")
    parser.add_argument("--http", action="store_true", help="mcp over HTTP, instead of standard input and output")
    return parser.parse_args(arguments)


def prepare() -> None:
    """Bring the database up to date. Raises Unusable where there is none that can be worked with."""
    try:
        db = open_database()
    except BadDatabase as error:
        raise Unusable(str(error).splitlines()[0]) from None
    try:
        migrate(db)
        seed(db)
    except DBAPIError as error:
        told = str(error.orig).splitlines()[0]
        raise Unusable(f"The database {db.engine.url.render_as_string()} cannot be used: {told}") from None
    finally:
        db.dispose()


def main(arguments: list[str] | None = None) -> int:
    """Prepare the database and serve; the exit code, 2 when that cannot be."""
    options = parsed(arguments)
    os.environ.setdefault(SECRET_VARIABLE, secrets.token_urlsafe())
    try:
        prepare()
        return start(options)
    except Unusable as error:
        print(f"hermetic-tasks: {error}", file=sys.stderr)  # noqa: T201  # to the terminal
        return UNUSABLE
    except KeyboardInterrupt:
        return 0


def start(options: argparse.Namespace) -> int:
    """Serve what was asked for until the process is told to end."""
    if options.what == "mcp":
        from .tools import serve_tools

        serve_tools(options.host, options.port or MCP_PORT, over_http=options.http)
        return 0
    from .serving import Taken, serve

    try:
        serve(options.host, PORT if options.port is None else options.port, options.workers)
    except Taken as error:
        raise Unusable(str(error)) from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
