"""`python -m hermetic_advisor`: the pages; `python -m hermetic_advisor mcp`: the tools."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL

from .database import prepare
from .errors import BadSettings
from .settings import database_url

PORT = 8102
MCP_PATH = "/mcp"


def main(arguments: Sequence[str] | None = None) -> int:
    """Start what was asked for; 2 when that is impossible, with one sentence why."""
    asked = parser().parse_args(arguments)
    try:
        url = database_url()
        prepare(url)
        with suppress(KeyboardInterrupt):
            if asked.what == "mcp":
                run_tools(url, asked)
            else:
                run_pages(asked)
    except BadSettings as error:
        print(f"hermetic-advisor: {error}", file=sys.stderr)  # noqa: T201  # a command speaks to its user
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command understands."""
    whole = argparse.ArgumentParser(
        prog="hermetic-advisor", description="A customer advisor: pages, and tools for models."
    )
    whole.add_argument(
        "what", nargs="?", choices=["pages", "mcp"], default="pages", help="what to start (default: pages)"
    )
    whole.add_argument("--http", action="store_true", help="serve the tools over HTTP, not over stdin and stdout")
    whole.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    whole.add_argument("--port", type=int, default=PORT, help="the port to listen at (default: %(default)s)")
    return whole


def run_pages(asked: argparse.Namespace) -> None:
    """Serve the pages, until a signal ends it."""
    import streamlit as st

    from .listening import serve

    serve(st.App(Path(__file__).parent / "ui" / "main.py"), "advisor", asked.host, asked.port)


def run_tools(url: URL, asked: argparse.Namespace) -> None:
    """Serve the tools, until the client leaves or a signal ends it."""
    from hermetic import Database

    from .listening import serve
    from .tools.server import make_server

    db = Database(url)
    server = make_server(db)
    try:
        if asked.http:
            app = server.http_app(path=MCP_PATH, host_origin_protection="auto", allowed_hosts=[asked.host])
            serve(app, "the advisor's MCP server", asked.host, asked.port, MCP_PATH)
        else:
            server.run(transport="stdio", show_banner=False)
    finally:
        db.dispose()


if __name__ == "__main__":
    sys.exit(main())
